import type { Clock, Logger } from '../../contracts/index.ts';
import { messageOf } from '../../contracts/index.ts';
import type { Fleet } from '../../fleet/index.ts';
import type { AgentId, Checkpoint, Ms } from '../../model/index.ts';
import type { Checkpoints } from '../../recovery/index.ts';
import type { Ownership } from '../ownership.ts';
import type { Settle } from '../settle.ts';

/** How often there is a round; the first one this long after the start, when everybody had time to register again. */
const roundMs: Ms = 3_600_000;
/** Checkpoints deleted in one round; where there are more, the next one comes sooner. */
const roundMax = 200;
const soonMs: Ms = 60_000;

export interface DepartedRoundOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly fleet: Fleet;
  readonly checkpoints: Pick<Checkpoints, 'forget'>;
  readonly ownership: Ownership;
  readonly settle: Pick<Settle, 'unlisted'>;
  /** How long the checkpoints of an agent whose group is not known any more may be restored, should it come back. */
  readonly maxAgeMs: (agentId: AgentId) => Ms;
}

/**
 * Deletes the checkpoints of agents that left for good, once they are too old to be restored: in a fleet whose ids change
 * they would fill the disk.
 */
export class DepartedRound {
  readonly #o: DepartedRoundOptions;
  #nextMs: Ms;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(options: DepartedRoundOptions) {
    this.#o = options;
    this.#nextMs = options.clock.monotonic() + roundMs;
  }

  tick(nowMs: Ms): void {
    // While an inventory was never listed, nobody knows who is in the fleet.
    if (nowMs < this.#nextMs || this.#running || this.#o.settle.unlisted > 0) return;
    this.#nextMs = nowMs + roundMs;
    this.#running = this.#run(nowMs).finally(() => (this.#running = undefined));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(nowMs: Ms): Promise<void> {
    const { checkpoints, ownership, log } = this.#o;
    let deleted = 0;
    try {
      for (let shard = 0; shard < ownership.shards; shard += 1) {
        const fence = ownership.fenceOfShard(shard);
        if (fence === undefined) continue;
        const isDue = (checkpoint: Checkpoint): boolean => !this.#stopped && this.#isDue(checkpoint);
        deleted += await checkpoints.forget(shard, { isDue, fence, most: roundMax - deleted });
      }
    } catch (thrown) {
      log.warn({ err: messageOf(thrown) }, 'checkpoints of agents that left could not be deleted; it is tried again');
    }
    if (deleted > 0) log.info({ checkpoints: deleted }, 'checkpoints of agents that left were deleted');
    if (deleted === roundMax) this.#nextMs = nowMs + soonMs;
  }

  #isDue({ agentId, at }: Checkpoint): boolean {
    const { fleet, clock, maxAgeMs } = this.#o;
    return fleet.slotOf(agentId) === undefined && clock.now() - at > maxAgeMs(agentId);
  }
}
