import type {
  AgentSlot,
  AgentView,
  Detector,
  Evaluation,
  FleetView,
  SignalBatch,
  Suspicion,
} from '../contracts/index.ts';
import { formatDuration, type Ms } from '../model/index.ts';
import { capacityFor, grownFloat64, grownUint8 } from '../runtime/slot-columns.ts';

const selfDegraded = 1;
const raisedFlag = 2;

/**
 * Suspects an agent whose heartbeat is overdue, and says so again each time another timeout passes, so that it is asked
 * again. Armed by the first heartbeat (`auto`) or from the registration on (`required`). A heartbeat that comes in time
 * costs one write; the deadline is looked at only when it comes round.
 */
export class HeartbeatDetector implements Detector {
  readonly consumes = ['heartbeat'] as const;
  readonly #fleet: FleetView;
  #lastMs = new Float64Array(0);
  /** When the host was last asked to come back; NaN = not armed. */
  #wakeMs = new Float64Array(0);
  #flags = new Uint8Array(0);

  constructor({ fleet }: { readonly fleet: FleetView }) {
    this.#fleet = fleet;
  }

  observe({ heartbeats, signals }: SignalBatch): void {
    for (let row = 0; row < heartbeats.length; row += 1) {
      const slot = heartbeats.slots[row] as number;
      if (slot >= this.#lastMs.length) this.#grow(slot);
      this.#lastMs[slot] = heartbeats.atMs[row] as number;
    }
    for (const { slot, signal } of signals) {
      if (signal.kind !== 'heartbeat') continue;
      if (slot >= this.#lastMs.length) this.#grow(slot);
      this.#lastMs[slot] = signal.receivedMs;
      // An agent that says nothing of its status says the same as before.
      if (signal.status !== undefined) this.#setFlag(slot, selfDegraded, signal.status === 'degraded');
    }
  }

  evaluate(due: readonly AgentSlot[], nowMs: Ms): readonly Evaluation[] {
    const evaluations: Evaluation[] = [];
    for (const slot of due) {
      const evaluation = this.#judge(slot, nowMs);
      if (evaluation) evaluations.push(evaluation);
    }
    return evaluations;
  }

  reset(slot: AgentSlot): void {
    if (slot >= this.#lastMs.length) return;
    this.#lastMs[slot] = Number.NaN;
    this.#wakeMs[slot] = Number.NaN;
    this.#flags[slot] = 0;
  }

  /** `undefined` when nothing changed and the deadline lies ahead: then no object is made. */
  #judge(slot: AgentSlot, nowMs: Ms): Evaluation | undefined {
    const view = this.#fleet.agent(slot);
    if (!view) return undefined;
    if (slot >= this.#lastMs.length) this.#grow(slot);
    const { timeoutMs, silentForMs } = view.policy.heartbeat;
    const fromMs = this.#armedFrom(slot, view);
    const overdue = nowMs - fromMs >= timeoutMs;
    const flags = this.#flags[slot] as number;
    const suspects = overdue || (flags & selfDegraded) !== 0;
    const quiet = !suspects && (flags & raisedFlag) === 0;
    if (quiet && (Number.isNaN(fromMs) || this.#comesBack(slot, nowMs, fromMs + timeoutMs))) return undefined;
    this.#setFlag(slot, raisedFlag, suspects);
    const suspicions = (flags & selfDegraded) === 0 ? [] : [saysDegraded];
    if (Number.isNaN(fromMs)) return { slot, suspicions };
    const silentMs = nowMs - fromMs;
    if (overdue) suspicions.push(silence(silentMs, this.#lastMs[slot] as number, view));
    const timeouts = Math.max(1, Math.floor(silentMs / timeoutMs) + (overdue ? 1 : 0));
    const tooLongAt = silentMs < silentForMs ? fromMs + silentForMs : Infinity;
    const wakeAtMs = Math.min(fromMs + timeouts * timeoutMs, overdue ? tooLongAt : Infinity);
    this.#wakeMs[slot] = wakeAtMs;
    return { slot, suspicions, wakeAtMs };
  }

  /** Whether the host was asked to come back, and early enough. */
  #comesBack(slot: AgentSlot, nowMs: Ms, deadlineMs: Ms): boolean {
    const wakeMs = this.#wakeMs[slot] as number;
    return nowMs < wakeMs && wakeMs <= deadlineMs;
  }

  /** Since when silence is counted; NaN while it is not. */
  #armedFrom(slot: AgentSlot, { policy, sinceMs }: AgentView): Ms {
    const { expect } = policy.heartbeat;
    if (expect === 'off') return Number.NaN;
    const lastMs = this.#lastMs[slot] as number;
    return Number.isNaN(lastMs) && expect === 'required' ? sinceMs : lastMs;
  }

  #setFlag(slot: AgentSlot, flag: number, on: boolean): void {
    const flags = this.#flags[slot] as number;
    this.#flags[slot] = on ? flags | flag : flags & ~flag;
  }

  #grow(slot: AgentSlot): void {
    const capacity = capacityFor(slot, this.#lastMs.length);
    this.#lastMs = grownFloat64(this.#lastMs, capacity, Number.NaN);
    this.#wakeMs = grownFloat64(this.#wakeMs, capacity, Number.NaN);
    this.#flags = grownUint8(this.#flags, capacity);
  }
}

const saysDegraded: Suspicion = {
  kind: 'unhealthy',
  evidence: 'telemetry',
  implies: 'degraded',
  strength: 0.5,
  text: 'its heartbeat says that it is degraded',
  signature: 'self-degraded',
};

function silence(silentMs: Ms, lastMs: Ms, { policy }: AgentView): Suspicion {
  const { timeoutMs, silentForMs } = policy.heartbeat;
  const tooLong = silentMs >= silentForMs;
  const never = Number.isNaN(lastMs) ? 'no heartbeat since it was registered, ' : 'no heartbeat for ';
  return {
    kind: 'heartbeat-timeout',
    evidence: 'heartbeat',
    // Asking decides: no answer makes it failed, in the health monitor and by the finding of the probe.
    implies: 'degraded',
    strength: tooLong ? 0.9 : 0.6,
    text: `${never}${formatDuration(silentMs)} (timeout ${formatDuration(timeoutMs)})`,
    signature: 'heartbeat-timeout',
    confirm: true,
    data: { silentMs: Math.round(silentMs), timeouts: Math.floor(silentMs / timeoutMs), silentForTooLong: tooLong },
  };
}
