import type { AgentSlot, Detector, Evaluation, FleetView, SignalBatch, Suspicion } from '../contracts/index.ts';
import type { LifecycleSignal, Ms } from '../model/index.ts';
import { formatDuration } from '../model/index.ts';

/** Restarts by others within this are a suspicion from `restartsMin` on, and none any more when one is left. */
const restartsWithinMs: Ms = 600_000;
const restartsMin = 3;
const restartsKept = 16;

interface State {
  /** It outlives the instances of the agent. */
  readonly agentId: string;
  end: Suspicion | undefined;
  unhealthy: Suspicion | undefined;
  /** The verdict behind it: when it lasts, unless a check has passed by then. */
  lastsAtMs: Ms;
  /** When others restarted it, oldest first. */
  restarts: readonly Ms[];
  restarting: boolean;
  changed: boolean;
}

/**
 * Judges what the orchestrator saw. An exit or an out-of-memory kill is proven by that alone. An exit with code 0 is the
 * agent's own wish and `stopped` and `paused` are an operator's: neither is a failure. A verdict of unhealthy lasts when it
 * has stood for as long as its orchestrator said. An agent that others, such as a restart policy, restart again and again runs
 * each time one looks, and is not well all the same.
 */
export class LifecycleDetector implements Detector {
  readonly consumes = ['lifecycle'] as const;
  /** Only agents that something is held against, or was a moment ago. */
  readonly #states = new Map<AgentSlot, State>();
  readonly #fleet: FleetView;

  constructor({ fleet }: { readonly fleet: FleetView }) {
    this.#fleet = fleet;
  }

  observe({ signals }: SignalBatch): void {
    for (const { slot, signal } of signals) {
      if (signal.kind !== 'lifecycle') continue;
      const state = this.#states.get(slot) ?? nothingHeld(signal.agentId);
      apply(state, signal);
      this.#states.set(slot, state);
    }
  }

  evaluate(due: readonly AgentSlot[], nowMs: Ms): readonly Evaluation[] {
    const evaluations: Evaluation[] = [];
    for (const slot of due) {
      const state = this.#states.get(slot);
      if (!state) continue;
      const restarting = restartingOf(state, nowMs);
      const wakeAtMs = wakeOf(state, nowMs);
      if (!state.changed && wakeAtMs === Infinity && state.lastsAtMs === Infinity) continue;
      state.changed = false;
      const ill = unhealthyOf(state, nowMs);
      const suspicions = [state.end, ill, restarting].filter((suspicion) => suspicion !== undefined);
      if (suspicions.length === 0 && wakeAtMs === Infinity) this.#states.delete(slot);
      evaluations.push({ slot, suspicions, ...(wakeAtMs === Infinity ? {} : { wakeAtMs }) });
    }
    return evaluations;
  }

  /** What was recovered starts with a clean sheet: restarts of before would fail every watch, whatever is done. */
  watched(slot: AgentSlot, on: boolean): void {
    const state = this.#states.get(slot);
    if (!on || !state) return;
    state.restarts = [];
    state.restarting = false;
    state.changed = true;
  }

  /** What is known of an instance goes with it; how often others restarted the agent does not. */
  reset(slot: AgentSlot): void {
    const state = this.#states.get(slot);
    const stays = state !== undefined && this.#fleet.agent(slot)?.agent.id === state.agentId;
    if (stays && state.restarts.length > 0) {
      this.#states.set(slot, { ...nothingHeld(state.agentId), restarts: state.restarts, restarting: state.restarting });
    } else this.#states.delete(slot);
  }
}

function nothingHeld(agentId: string): State {
  return {
    agentId,
    end: undefined,
    unhealthy: undefined,
    lastsAtMs: Infinity,
    restarts: [],
    restarting: false,
    changed: true,
  };
}

function wakeOf({ restarts: [oldest = Infinity], lastsAtMs }: State, nowMs: Ms): Ms {
  return Math.min(oldest + restartsWithinMs, lastsAtMs > nowMs ? lastsAtMs : Infinity);
}

function unhealthyOf({ unhealthy: suspicion, lastsAtMs }: State, nowMs: Ms): Suspicion | undefined {
  return suspicion && nowMs >= lastsAtMs ? { ...suspicion, lasting: true } : suspicion;
}

function restartingOf(state: State, nowMs: Ms): Suspicion | undefined {
  state.restarts = state.restarts.filter((atMs) => nowMs - atMs < restartsWithinMs);
  const { length } = state.restarts;
  state.restarting = length >= (state.restarting ? 2 : restartsMin);
  if (!state.restarting) return undefined;
  return {
    kind: 'restarting',
    evidence: 'orchestrator',
    implies: 'degraded',
    strength: 0.7,
    text: `others restarted it ${length} times in ${formatDuration(restartsWithinMs)}`,
    signature: 'restarting',
    confirm: true,
    data: { restarts: length },
  };
}

function apply(state: State, signal: LifecycleSignal): void {
  state.changed = true;
  switch (signal.event) {
    case 'oom-killed':
      state.end = outOfMemory(signal);
      return;
    case 'died':
      // Orchestrators tell of an out-of-memory kill and of the exit that follows: the first says more.
      if (state.end?.kind !== 'oom-killed') state.end = exited(signal);
      return;
    case 'unhealthy':
      state.unhealthy = unhealthy(signal);
      state.lastsAtMs = signal.receivedMs + (signal.lastsInMs ?? Infinity);
      return;
    case 'healthy':
      noIllness(state);
      return;
    case 'restarted':
      state.restarts = [...state.restarts, signal.receivedMs].slice(-restartsKept);
      state.end = undefined;
      noIllness(state);
      return;
    case 'started':
    case 'stopped':
    case 'paused':
    case 'removed':
      state.end = undefined;
      noIllness(state);
      return;
  }
}

function noIllness(state: State): void {
  state.unhealthy = undefined;
  state.lastsAtMs = Infinity;
}

function outOfMemory({ detail }: LifecycleSignal): Suspicion {
  return {
    kind: 'oom-killed',
    evidence: 'orchestrator',
    implies: 'failed',
    strength: 1,
    text: `the instance was killed because it ran out of memory${detail === undefined ? '' : ` (${detail})`}`,
    signature: 'oom-killed',
    proven: true,
  };
}

function exited({ exitCode, exitSignal, detail }: LifecycleSignal): Suspicion | undefined {
  if (exitCode === 0 && exitSignal === undefined) return undefined;
  const how = [
    ...(exitCode === undefined ? [] : [`code ${exitCode}`]),
    ...(exitSignal === undefined ? [] : [`signal ${exitSignal}`]),
  ].join(', ');
  return {
    kind: 'exited',
    evidence: 'orchestrator',
    implies: 'failed',
    strength: 1,
    text: `the instance ended${how === '' ? '' : ` with ${how}`}${detail === undefined ? '' : `: ${detail}`}`,
    signature: exitSignal === undefined ? 'exited' : `exited:${exitSignal.replace(/[^A-Za-z]/g, '').toLowerCase()}`,
    proven: true,
    data: { ...(exitCode === undefined ? {} : { exitCode }), ...(exitSignal === undefined ? {} : { exitSignal }) },
  };
}

function unhealthy({ detail }: LifecycleSignal): Suspicion {
  return {
    kind: 'unhealthy',
    evidence: 'orchestrator',
    implies: 'failed',
    strength: 0.8,
    text: `the orchestrator finds it unhealthy${detail === undefined ? '' : `: ${detail}`}`,
    signature: 'unhealthy',
    confirm: true,
  };
}
