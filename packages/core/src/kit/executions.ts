import type { Call, Clock, Grant } from '../contracts/index.ts';
import type { Ms, Receipt } from '../model/index.ts';
import type { Locks } from './locks.ts';
import { failed, failedBy } from './receipts.ts';
import { unlessAborted } from './unless-aborted.ts';

/** One action to be carried out. */
export interface Execution {
  /** Actions of one name run one after another; usually the agent's id. */
  readonly lock: string;
  /** Why it must not even begin. */
  readonly refusal?: Receipt;
  /** The receipt of an earlier execution of the key, if it was kept. */
  recorded?(): Promise<Receipt | undefined>;
  /** Does it. `leftMs`: time until the deadline. */
  perform(leftMs: Ms): Promise<Receipt>;
}

/**
 * Executes as the contract of `Orchestrator` wants it: each key once, nothing after its deadline, in a dry run or when it
 * was called off, and a receipt for everything. What has begun goes on to its end although nobody waits for it any more;
 * its receipt is `unknown` then, and it is to be reconciled.
 */
export class Executions {
  readonly #clock: Clock;
  readonly #locks: Locks;
  readonly #running = new Map<string, Promise<Receipt>>();
  #closed = false;

  constructor(clock: Clock, locks: Locks) {
    this.#clock = clock;
    this.#locks = locks;
  }

  /** Whether an execution of the key is under way. */
  isRunning(key: string): boolean {
    return this.#running.has(key);
  }

  /** What has not begun is called off from now on; what has goes on to its end. */
  close(): void {
    this.#closed = true;
  }

  async run(grant: Grant, call: Call, execution: Execution): Promise<Receipt> {
    const { key, deadline } = grant;
    const leftMs = deadline - this.#clock.now();
    const known = this.#running.get(key) ?? (await execution.recorded?.());
    const refusal = known ? undefined : (this.#refusal(grant, call) ?? execution.refusal);
    if (refusal) return refusal;
    // A second look: another call with the key may have begun while what was kept was read.
    const work = known ?? this.#running.get(key) ?? this.#begin(grant, call, execution);
    const giveUp = AbortSignal.any([call.signal, this.#clock.timeout(Math.max(0, leftMs))]);
    const text = 'Not finished in time; it goes on and is to be reconciled.';
    return unlessAborted<Receipt>(work, giveUp, () => ({ key, at: this.#clock.now(), result: 'unknown', text }));
  }

  #refusal({ key, dryRun, deadline }: Grant, call: Call): Receipt | undefined {
    const at = this.#clock.now();
    if (this.#closed) return { key, at, result: 'cancelled', text: 'The orchestrator stops.' };
    if (dryRun) return { key, at, result: 'cancelled', text: 'Dry run: nothing was done.' };
    if (call.signal.aborted) return { key, at, result: 'cancelled', text: 'Aborted before it began.' };
    if (deadline > at) return undefined;
    const text = 'The deadline had passed before it began.';
    return failed(key, at, { code: 'GUARD_DEADLINE', text, retryable: true });
  }

  #begin(grant: Grant, call: Call, execution: Execution): Promise<Receipt> {
    const { key, deadline } = grant;
    // It may have waited long for others: what forbids to begin is asked again when its turn has come.
    const inTurn = async (): Promise<Receipt> =>
      this.#refusal(grant, call) ?? (await execution.perform(deadline - this.#clock.now()));
    const work = this.#locks
      .run(execution.lock, inTurn)
      .catch((error: unknown) => failedBy(key, this.#clock.now(), error))
      .finally(() => this.#running.delete(key));
    this.#running.set(key, work);
    return work;
  }
}
