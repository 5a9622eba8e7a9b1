import type { AgentSlot, Suspicion } from '../contracts/index.ts';
import type { Finding, FindingKind, FlappingPolicy, Ms } from '../model/index.ts';
import { formatDuration } from '../model/index.ts';

/** What says nothing of whether the agent works: not taking work for a while, unusual figures, forecasts, and flapping itself. */
const beside: ReadonlySet<FindingKind> = new Set<FindingKind>(['not-ready', 'anomaly', 'exhaustion', 'flapping']);
/** Changes remembered per agent; more than any policy asks for. */
const changesMax = 64;

interface State {
  bad: boolean;
  changes: readonly Ms[];
  flapping: boolean;
  /** Names the failure between which and health it flaps. */
  signature: string;
}

/**
 * Flap detection by the changes between good and bad in a sliding window, with a high threshold to begin and a low one
 * to end, as Nagios has it (there a weighted share of the last 21 checks; here plain counts, because health changes by
 * events and not by checks). A new instance begins anew: what the guard's own healing changes is no flapping.
 */
export class FlapMonitor {
  readonly #states = new Map<AgentSlot, State>();
  readonly #flapping = new Set<AgentSlot>();

  /** Agents that flap: looked at again as time passes. */
  get flapping(): ReadonlySet<AgentSlot> {
    return this.#flapping;
  }

  /**
   * What is to be said of the agent now; `undefined`: nothing has changed.
   * @param findings that stand against it.
   */
  look(
    slot: AgentSlot,
    findings: readonly Finding[],
    { policy, nowMs }: { readonly policy: FlappingPolicy; readonly nowMs: Ms },
  ): readonly Suspicion[] | undefined {
    const against = findings.filter(({ kind }) => !beside.has(kind));
    const bad = against.length > 0;
    const known = this.#states.get(slot);
    if (!known && !bad) return undefined;
    const state = known ?? { bad: false, changes: [], flapping: false, signature: '' };
    this.#states.set(slot, state);
    if (bad) state.signature = [...new Set(against.map(({ signature }) => signature))].sort().join('+');
    if (bad !== state.bad) state.changes = [...state.changes, nowMs].slice(-changesMax);
    state.bad = bad;
    state.changes = state.changes.filter((atMs) => atMs > nowMs - policy.windowMs);
    const count = state.changes.length;
    const before = state.flapping;
    state.flapping = before ? count > policy.low : count >= policy.high;
    if (state.flapping) this.#flapping.add(slot);
    else this.#flapping.delete(slot);
    if (!state.flapping && !bad && count === 0) this.#states.delete(slot);
    if (!before && !state.flapping) return undefined;
    return state.flapping ? [suspicionOf(state, policy)] : [];
  }

  /** A new instance, or the agent left. */
  reset(slot: AgentSlot): void {
    this.#states.delete(slot);
    this.#flapping.delete(slot);
  }
}

function suspicionOf({ changes, signature }: State, { windowMs, low }: FlappingPolicy): Suspicion {
  const changed = `it went back and forth between good and bad ${changes.length} times in ${formatDuration(windowMs)}`;
  return {
    kind: 'flapping',
    evidence: 'telemetry',
    implies: 'degraded',
    strength: 0.5,
    text: `${changed} (stable from ${low} down)`,
    signature,
    data: { changes: changes.length },
  };
}
