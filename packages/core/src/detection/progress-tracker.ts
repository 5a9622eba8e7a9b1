import type { AgentSlot } from '../contracts/index.ts';
import type { EpochMs, Ms } from '../model/index.ts';

type Source = 'lastProgressAt' | 'tasks';

interface State {
  /** Last value of each source; compared for advance only, never with the guard's clock. */
  readonly last: { [S in Source]?: EpochMs | number };
  advancedMs: Ms | undefined;
}

/** When an agent's work was last seen to advance: a later time of progress, or more tasks completed. */
export class ProgressTracker {
  readonly #states = new Map<AgentSlot, State>();

  observe(slot: AgentSlot, source: Source, value: number | undefined, nowMs: Ms): void {
    if (value === undefined) return;
    const state = this.#states.get(slot) ?? { last: {}, advancedMs: undefined };
    const last = state.last[source];
    // The first value proves nothing: it may be of long ago. A lower one is a counter that began anew.
    if (last !== undefined && value > last) state.advancedMs = nowMs;
    state.last[source] = value;
    this.#states.set(slot, state);
  }

  /** Monotonic time of the last advance; `undefined` when none was seen. */
  advancedMs(slot: AgentSlot): Ms | undefined {
    return this.#states.get(slot)?.advancedMs;
  }

  reset(slot: AgentSlot): void {
    this.#states.delete(slot);
  }
}
