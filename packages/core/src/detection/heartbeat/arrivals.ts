import type { AgentSlot } from '../../contracts/index.ts';
import type { Ms } from '../../model/index.ts';
import { capacityFor, grownFloat64, grownUint32 } from '../../runtime/slot-columns.ts';

/** As many samples as the memory is worth; see docs/adr/0008. */
const samples = 1_000;
/** Forgetting at this rate leaves an estimate as exact as one over the last `samples`: 2 / (n + 1). */
const leastWeight = 2 / (samples + 1);
/** Below this many samples nothing is said of an agent. */
export const leastSamples = 10;

/**
 * Mean and variance of the times between two heartbeats of each agent, the old ones forgotten exponentially (West 1979,
 * Finch 2009): exact over the first samples, then as good as a window of 1000, in 20 bytes an agent.
 */
export class Arrivals {
  /** Mean and variance side by side: one cache line for both. */
  #moments = new Float64Array(0);
  #counts = new Uint32Array(0);

  add(slot: AgentSlot, intervalMs: Ms): void {
    if (slot >= this.#counts.length) this.#grow(slot);
    const count = (this.#counts[slot] as number) + 1;
    const weight = Math.max(1 / count, leastWeight);
    const at = 2 * slot;
    const off = intervalMs - (this.#moments[at] as number);
    this.#moments[at] = (this.#moments[at] as number) + weight * off;
    this.#moments[at + 1] = (1 - weight) * ((this.#moments[at + 1] as number) + weight * off * off);
    this.#counts[slot] = Math.min(count, samples);
  }

  count(slot: AgentSlot): number {
    return this.#counts[slot] ?? 0;
  }

  meanMs(slot: AgentSlot): Ms {
    return this.#moments[2 * slot] ?? 0;
  }

  /** Standard deviation. */
  spreadMs(slot: AgentSlot): Ms {
    return Math.sqrt(this.#moments[2 * slot + 1] ?? 0);
  }

  reset(slot: AgentSlot): void {
    if (slot >= this.#counts.length) return;
    this.#counts[slot] = 0;
    this.#moments.fill(0, 2 * slot, 2 * slot + 2);
  }

  #grow(slot: AgentSlot): void {
    const capacity = capacityFor(slot, this.#counts.length);
    this.#moments = grownFloat64(this.#moments, 2 * capacity, 0);
    this.#counts = grownUint32(this.#counts, capacity);
  }
}
