import type { Call, Clock, Grant } from '../contracts/index.ts';
import { isGuardError, messageOf } from '../contracts/index.ts';
import type { Action, EpochMs, Intent, Ms, Receipt } from '../model/index.ts';

/** One execution that really acted. */
export interface Executed {
  readonly key: string;
  readonly action: Action;
  readonly fence: number;
  readonly at: EpochMs;
}

/** What an orchestrator has to say about an intent before it acts, and how it acts. */
export interface Acting {
  /** How long the action takes. */
  readonly takesMs: Ms;
  /** Why the intent no longer fits. Asked again at the moment of acting. */
  staleness(): string | undefined;
  /** Changes the world at once; throws when it cannot. */
  act(): Omit<Extract<Receipt, { result: 'succeeded' }>, 'key' | 'at' | 'result'>;
}

/** Executes as the contract wants it: each key once, in time, with a receipt for everything; replies can be lost. */
export class FakeExecutions {
  readonly executed: Executed[] = [];
  readonly #clock: Clock;
  #guard: Pick<Clock, 'now'>;
  readonly #settled = new Map<string, Receipt>();
  readonly #running = new Map<string, Promise<Receipt>>();
  readonly #failures: Error[] = [];
  #lost = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#guard = clock;
  }

  /** Deadlines are moments of the guard's clock, which does not follow a wall clock that is set. */
  goBy(guard: Pick<Clock, 'now'>): void {
    this.#guard = guard;
  }

  failNext(error: Error): void {
    this.#failures.push(error);
  }

  loseReply(): void {
    this.#lost += 1;
  }

  isRunning(key: string): boolean {
    return this.#running.has(key);
  }

  async run(intent: Intent, grant: Grant, call: Call, acting: Acting): Promise<Receipt> {
    const { key } = grant;
    const done = this.#settled.get(key);
    if (done) return done;
    const begun = this.#running.get(key);
    const refusal = begun ? undefined : this.#refusal(grant, call, acting);
    if (refusal) return refusal;
    const work = begun ?? this.#begin(intent, grant, acting);
    const receipt = await this.#orGiveUp(work, grant, call);
    if (this.#lost === 0 || receipt.result !== 'succeeded') return receipt;
    this.#lost -= 1;
    return this.#receipt(key, { result: 'unknown', text: 'The reply was lost.' });
  }

  #refusal(grant: Grant, call: Call, acting: Acting): Receipt | undefined {
    const { key, deadline, dryRun } = grant;
    if (dryRun) return this.#receipt(key, { result: 'cancelled', text: 'Dry run: nothing was done.' });
    if (call.signal.aborted) return this.#receipt(key, { result: 'cancelled', text: 'Aborted before it began.' });
    if (deadline <= this.#guard.now()) {
      const text = 'The deadline had passed before it began.';
      return this.#receipt(key, { result: 'failed', retryable: true, code: 'GUARD_DEADLINE', text });
    }
    const failure = this.#failures.shift();
    if (failure) return this.#failed(key, failure);
    const stale = acting.staleness();
    return stale === undefined ? undefined : this.#receipt(key, { result: 'superseded', text: stale });
  }

  /** Once begun it goes on to its end, as a daemon does that was told by a call: nobody can take it back. */
  #begin(intent: Intent, { key, fence }: Grant, acting: Acting): Promise<Receipt> {
    this.executed.push({ key, action: intent.action, fence, at: this.#clock.now() });
    const work = new Promise<Receipt>((resolve) => {
      this.#clock.after(acting.takesMs, () => {
        const receipt = this.#finish(key, acting);
        this.#running.delete(key);
        this.#settled.set(key, receipt);
        resolve(receipt);
      });
    });
    this.#running.set(key, work);
    return work;
  }

  #finish(key: string, acting: Acting): Receipt {
    const stale = acting.staleness();
    if (stale !== undefined) return this.#receipt(key, { result: 'superseded', text: stale });
    try {
      return this.#receipt(key, { result: 'succeeded', ...acting.act() });
    } catch (error) {
      return this.#failed(key, error);
    }
  }

  async #orGiveUp(work: Promise<Receipt>, { key, deadline }: Grant, call: Call): Promise<Receipt> {
    let giveUp = (): void => undefined;
    const unknown = new Promise<Receipt>((resolve) => {
      giveUp = () => resolve(this.#receipt(key, { result: 'unknown', text: 'Not finished in time.' }));
    });
    const timer = this.#clock.after(deadline - this.#guard.now(), giveUp);
    call.signal.addEventListener('abort', giveUp);
    try {
      return await Promise.race([work, unknown]);
    } finally {
      timer.dispose();
      call.signal.removeEventListener('abort', giveUp);
    }
  }

  #failed(key: string, error: unknown): Receipt {
    const known = isGuardError(error);
    return this.#receipt(key, {
      result: 'failed',
      retryable: known ? error.retryable : true,
      code: known ? error.code : 'GUARD_ORCHESTRATOR_FAILED',
      text: messageOf(error),
    });
  }

  #receipt(key: string, what: ReceiptBody): Receipt {
    return { key, at: this.#clock.now(), ...what };
  }
}

type ReceiptBody = Receipt extends infer R ? (R extends Receipt ? Omit<R, 'key' | 'at'> : never) : never;
