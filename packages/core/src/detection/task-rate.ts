import type { AgentSlot } from '../contracts/index.ts';
import type { AgentMetrics, Ratio } from '../model/index.ts';

/** Fewer tasks than this say nothing of a rate: one failure of one task is not 100 %. */
const tasksMin = 20;

/** Share of failed tasks between two readings of the counters. */
export class TaskRate {
  readonly #last = new Map<AgentSlot, { readonly completed: number; readonly failed: number }>();

  /** The share since the reading before; `undefined` while too few tasks were done, or the counters are not reported. */
  observe(slot: AgentSlot, { tasks_completed: completed, tasks_failed: failed }: AgentMetrics): Ratio | undefined {
    if (completed === undefined || failed === undefined) return undefined;
    const last = this.#last.get(slot);
    // Counters that fell began anew with the process.
    if (!last || completed < last.completed || failed < last.failed) {
      this.#last.set(slot, { completed, failed });
      return undefined;
    }
    const done = completed - last.completed + (failed - last.failed);
    if (done < tasksMin) return undefined;
    this.#last.set(slot, { completed, failed });
    return (failed - last.failed) / done;
  }

  reset(slot: AgentSlot): void {
    this.#last.delete(slot);
  }
}
