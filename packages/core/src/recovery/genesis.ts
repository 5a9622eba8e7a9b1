import type { Capability, Ms, Plan, Step, StepSpec } from '../model/index.ts';
import { capabilityFor, respawnMode } from '../model/index.ts';

/** Time for what only looks or only changes a table. */
const quickMs: Ms = 5_000;
/** Time for a replica to take over, and for an answer that was lost to be asked for again. */
const promoteMs: Ms = 15_000;

/**
 * The protocol that turns a plan into steps. Every attempt first routes work away and secures evidence (R21), then
 * acts, then waits until the agent is ready; the watch after it proves the recovery. Work is routed away first: that
 * destroys nothing, and an orchestrator may take its time to say what it knows of an agent that has just ended.
 *
 * - restart: the same instance again.
 * - recreate: a fresh instance in its place, with the last good state. Where the orchestrator keeps what it replaces, the
 *   new instance is retired again if a later step fails, and the old one is back.
 * - respawn: a new instance with state and config override; registered before the old one is deregistered and
 *   retired. If a later step fails, the new instance is retired again and the old registration stands. Respawned in
 *   place, the same holds where the orchestrator keeps what it replaces.
 * - contain: out of the routes, evidence, out of reach, nothing that ends or replaces anything; return: back again.
 * - failover: contained as above, and then the replica takes over. Who was primary comes back as a fresh instance: the one
 *   that was isolated may still take itself for the primary.
 */
export function stepsFor(plan: Plan, can: readonly Capability[], drainMs: Ms): readonly Step[] {
  const steps = new Steps(plan.timeoutMs);
  if (plan.contain?.for === 'return') return comingBack(plan, steps);
  steps.add('route-out', { type: 'control', command: 'route-out' }, { timeoutMs: quickMs, onFailure: 'continue' });
  steps.add('evidence', { type: 'evidence', on: 'old' }, { timeoutMs: quickMs, onFailure: 'continue' });
  return plan.contain ? outOfReach(plan, can, steps) : healing(plan, { can, drainMs, steps });
}

/** The steps of an attempt as they are added. */
class Steps {
  readonly all: Step[] = [];
  readonly #timeoutMs: Ms;

  constructor(timeoutMs: Ms) {
    this.#timeoutMs = timeoutMs;
  }

  add(
    name: string,
    spec: StepSpec,
    rest: { readonly timeoutMs?: Ms; readonly onFailure?: Step['onFailure']; readonly undo?: StepSpec } = {},
  ): void {
    const { timeoutMs = this.#timeoutMs, onFailure = 'fail', undo } = rest;
    const id = `${this.all.length + 1}-${name}`;
    this.all.push({ id, spec, timeoutMs, onFailure, ...(undo ? { undo } : {}) });
  }
}

/** Back from isolation: the same instance, or a fresh one in its place. */
function comingBack({ rung }: Plan, steps: Steps): readonly Step[] {
  const back = rung === 'recreate' ? 'recreate' : 'reinstate';
  steps.add(back, { type: 'action', action: back, on: 'old' });
  if (back === 'recreate') steps.add('await-ready', { type: 'agent-call', call: { kind: 'await-ready' }, on: 'new' });
  return steps.all;
}

function outOfReach({ promotion }: Plan, can: readonly Capability[], steps: Steps): readonly Step[] {
  if (capabilityFor(can, 'isolate'))
    steps.add('isolate', { type: 'action', action: 'isolate', on: 'old' }, { onFailure: 'continue' });
  if (promotion) steps.add('promote', { type: 'promote' }, { timeoutMs: promoteMs });
  return steps.all;
}

interface Healing {
  readonly can: readonly Capability[];
  readonly drainMs: Ms;
  readonly steps: Steps;
}

function healing(plan: Plan, { can, drainMs, steps }: Healing): readonly Step[] {
  if (drainMs > 0) {
    steps.add(
      'drain',
      { type: 'agent-call', call: { kind: 'drain', forMs: drainMs }, on: 'old' },
      { timeoutMs: drainMs + 1_000, onFailure: 'continue' },
    );
  }
  if (plan.rung === 'restart') steps.add('restart', { type: 'action', action: 'restart', on: 'old' });
  const retires = capabilityFor(can, 'retire') !== undefined;
  const beside = retires && plan.rung === 'respawn' && respawnMode(can, plan.mode) === 'beside';
  if (plan.rung === 'recreate' || plan.rung === 'respawn') {
    const isBack = retires && (beside || capabilityFor(can, plan.rung)?.keepsOld === true);
    const undo: StepSpec = { type: 'action', action: 'retire', on: 'new' };
    steps.add(plan.rung, { type: 'action', action: plan.rung, on: 'old' }, isBack ? { undo } : {});
  }
  if (plan.restoreState) steps.add('restore', { type: 'action', action: 'restoreState', on: 'new' });
  steps.add('await-ready', { type: 'agent-call', call: { kind: 'await-ready' }, on: 'new' });
  if (plan.rung === 'respawn') {
    steps.add('register', { type: 'control', command: 'register-new' }, { timeoutMs: quickMs });
    steps.add(
      'deregister',
      { type: 'control', command: 'deregister-old' },
      { timeoutMs: quickMs, onFailure: 'continue' },
    );
  }
  if (beside) steps.add('retire', { type: 'action', action: 'retire', on: 'old' }, { onFailure: 'continue' });
  return steps.all;
}
