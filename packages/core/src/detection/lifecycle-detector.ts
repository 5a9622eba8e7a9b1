import type { AgentSlot, Detector, Evaluation, SignalBatch, Suspicion } from '../contracts/index.ts';
import type { LifecycleSignal } from '../model/index.ts';

interface State {
  end: Suspicion | undefined;
  unhealthy: Suspicion | undefined;
  changed: boolean;
}

/**
 * Judges what the orchestrator saw. An exit or an out-of-memory kill is proven by that alone. An exit with code 0 is the
 * agent's own wish and `stopped` and `paused` are an operator's: neither is a failure.
 */
export class LifecycleDetector implements Detector {
  readonly consumes = ['lifecycle'] as const;
  /** Only agents that something is held against, or was a moment ago. */
  readonly #states = new Map<AgentSlot, State>();

  observe({ signals }: SignalBatch): void {
    for (const { slot, signal } of signals) {
      if (signal.kind !== 'lifecycle') continue;
      const state = this.#states.get(slot) ?? { end: undefined, unhealthy: undefined, changed: false };
      apply(state, signal);
      this.#states.set(slot, state);
    }
  }

  evaluate(due: readonly AgentSlot[]): readonly Evaluation[] {
    const evaluations: Evaluation[] = [];
    for (const slot of due) {
      const state = this.#states.get(slot);
      if (!state?.changed) continue;
      state.changed = false;
      const suspicions = [state.end, state.unhealthy].filter((suspicion) => suspicion !== undefined);
      if (suspicions.length === 0) this.#states.delete(slot);
      evaluations.push({ slot, suspicions });
    }
    return evaluations;
  }

  reset(slot: AgentSlot): void {
    this.#states.delete(slot);
  }
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
      return;
    case 'healthy':
      state.unhealthy = undefined;
      return;
    case 'started':
    case 'restarted':
    case 'stopped':
    case 'paused':
    case 'removed':
      state.end = undefined;
      state.unhealthy = undefined;
      return;
  }
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
