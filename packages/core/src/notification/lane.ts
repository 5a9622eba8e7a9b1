import { isGuardError, messageOf } from '../contracts/errors.ts';
import type { Clock, Logger, Random } from '../contracts/call.ts';
import type { Delivery, EpochMs, Ms, Notice } from '../model/index.ts';
import type { OutboxRecord, TargetState } from './outbox-record.ts';
import { isClosing } from './routes.ts';

/** A notice on its way, shared by the lanes of all its notifiers. */
export interface Job {
  readonly notice: Notice;
  readonly shard: number;
  readonly targets: Map<string, TargetState>;
  /** Notifiers that get it only if they know the thread. */
  readonly joining: ReadonlySet<string>;
  /** Notices that said exactly the same and share its fate. */
  readonly same: Notice[];
  /** The notifier by which a person was told. */
  toldBy?: string;
  /** Notices of which it was passed on that a person was told. */
  readonly toldOf: Set<string>;
  /** The notifier to fall back to, until that is stored. */
  next?: string;
}

export function recordOf(job: Job): OutboxRecord {
  return { notice: job.notice, targets: Object.fromEntries(job.targets) };
}

export type LaneResult =
  | { readonly result: 'sent'; readonly delivery: Delivery }
  | { readonly result: 'failed'; readonly error: string }
  | { readonly result: 'skipped' };

export interface LanePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly retryForMs: Ms;
  suppressed(notice: Notice): boolean;
  /** What the notifier said to the last notice of the thread. */
  previous(job: Job, notifier: string): Promise<Delivery | undefined>;
  /** One delivery, within its deadline. */
  deliver(job: Job, notifier: string, previous: Delivery | undefined, signal: AbortSignal): Promise<Delivery>;
  onFailure(notice: Notice, notifier: string, error: string): void;
  /** Stores the outcome and does what follows; tried again until it succeeds or the lane is stopped. */
  settle(job: Job, notifier: string, result: LaneResult): Promise<void>;
  onEmpty(lane: Lane): void;
}

const backoffBaseMs: Ms = 1_000;
const backoffCapMs: Ms = 60_000;
/** How often a suppressed notice is looked at again when nobody says that the hold is over. */
const suppressedAgainMs: Ms = 30_000;

/**
 * The notices of one thread for one notifier, in order: the next one waits until the one before was accepted or given
 * up. Ends by itself when it is empty. Time is the clock's; pauses are cut short by `wake`.
 */
export class Lane {
  readonly id: string;
  readonly notifier: string;
  readonly shard: number;
  readonly #ports: LanePorts;
  readonly #jobs: Job[] = [];
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #previous: { readonly delivery: Delivery | undefined } | undefined;
  #endPause: (() => void) | undefined;
  #heldBack = false;

  constructor(id: string, notifier: string, shard: number, ports: LanePorts) {
    this.id = id;
    this.notifier = notifier;
    this.shard = shard;
    this.#ports = ports;
  }

  push(job: Job): void {
    this.#jobs.push(job);
    // It may end what is held back; a backoff, though, is not cut short by more to send.
    if (this.#heldBack) this.wake();
    this.#running ??= this.#run();
  }

  /** What was not settled when the lane ended. */
  get left(): readonly Job[] {
    return this.#jobs;
  }

  /** Looks at what waits at once, instead of after its pause. */
  wake(): void {
    this.#endPause?.();
  }

  /** Breaks off; what was not settled stays in the outbox. Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.wake();
    await this.#running;
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async #run(): Promise<void> {
    for (let job = this.#jobs[0]; job && !this.#stopped; job = this.#jobs[0]) {
      const result = await this.#outcome(job);
      if (!result || !(await this.#settled(job, result))) break;
      this.#jobs.shift();
    }
    this.#running = undefined;
    this.#ports.onEmpty(this);
  }

  /** What became of a notice; `undefined` when the lane was stopped before that was known. */
  async #outcome(job: Job): Promise<LaneResult | undefined> {
    if (job.targets.get(this.notifier) !== 'pending') return { result: 'skipped' };
    const known = await this.#known(job);
    if (!known) return undefined;
    if (job.joining.has(this.notifier) && !known.delivery) return { result: 'skipped' };
    let since = job.notice.at;
    while (!isClosing(job.notice.kind) && this.#ports.suppressed(job.notice)) {
      // The incident ended meanwhile: of what was held back only the end is still news.
      if (
        this.#jobs.some((later) => later.notice.incidentId === job.notice.incidentId && isClosing(later.notice.kind))
      ) {
        return { result: 'skipped' };
      }
      this.#heldBack = true;
      await this.#pause(suppressedAgainMs);
      this.#heldBack = false;
      if (this.#stopped) return undefined;
      since = this.#ports.clock.now();
    }
    return this.#delivered(job, { previous: known.delivery, since });
  }

  /** `since`: from when on it could be sent, so that a guard which is started anew does not begin anew to try. */
  async #delivered(
    job: Job,
    { previous, since }: { readonly previous: Delivery | undefined; readonly since: EpochMs },
  ): Promise<LaneResult | undefined> {
    const { clock, retryForMs } = this.#ports;
    // A wall clock that was set back does not lengthen it.
    const waitedMs = Math.max(0, clock.now() - since);
    const untilMs = clock.monotonic() + Math.max(0, retryForMs - waitedMs);
    for (let attempt = 1; !this.#stopped; attempt += 1) {
      try {
        const delivery = await this.#ports.deliver(job, this.notifier, previous, this.#stop.signal);
        this.#previous = { delivery };
        return { result: 'sent', delivery };
      } catch (thrown) {
        if (this.#stopped) return undefined;
        const error = messageOf(thrown);
        this.#ports.onFailure(job.notice, this.notifier, error);
        const leftMs = untilMs - clock.monotonic();
        if (leftMs <= 0 || (isGuardError(thrown) && !thrown.retryable)) return { result: 'failed', error };
        await this.#pause(Math.min(leftMs, this.#backoffMs(attempt, thrown)));
      }
    }
    return undefined;
  }

  /** Full jitter (R10), but never earlier than the channel asked for (`details.retryAfterMs`). */
  #backoffMs(attempt: number, thrown: unknown): Ms {
    const capMs = Math.min(backoffCapMs, backoffBaseMs * 2 ** Math.min(attempt - 1, 16));
    const asked = isGuardError(thrown) ? thrown.details['retryAfterMs'] : undefined;
    return Math.max(this.#ports.random.next() * capMs, typeof asked === 'number' ? asked : 0);
  }

  async #known(job: Job): Promise<{ readonly delivery: Delivery | undefined } | undefined> {
    if (this.#previous) return this.#previous;
    return this.#untilDone(job, 'a thread could not be read', async () => {
      this.#previous = { delivery: await this.#ports.previous(job, this.notifier) };
      return this.#previous;
    });
  }

  async #settled(job: Job, result: LaneResult): Promise<boolean> {
    const done = await this.#untilDone(job, 'the outcome of a notice could not be stored', async () => {
      await this.#ports.settle(job, this.notifier, result);
      return true;
    });
    return done ?? false;
  }

  /** The store is away for a while, not for ever: tried once in any case, and then until it is back or the lane is stopped. */
  async #untilDone<T>(job: Job, trouble: string, work: () => Promise<T>): Promise<T | undefined> {
    let attempt = 0;
    do {
      attempt += 1;
      try {
        return await work();
      } catch (thrown) {
        // Another guard owns the shard now, and the outbox with it.
        if (isGuardError(thrown, 'GUARD_STATE_FENCED') || isGuardError(thrown, 'GUARD_STATE_CLOSED'))
          this.#stop.abort();
        this.#ports.log.warn({ noticeId: job.notice.id, notifier: this.notifier, why: messageOf(thrown) }, trouble);
        if (!this.#stopped) await this.#pause(this.#backoffMs(attempt, thrown));
      }
    } while (!this.#stopped);
    return undefined;
  }

  #pause(forMs: Ms): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#ports.clock.after(forMs, () => this.#endPause?.());
      this.#endPause = () => {
        this.#endPause = undefined;
        timer.dispose();
        resolve();
      };
    });
  }
}
