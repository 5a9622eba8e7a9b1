import type { Capability, Ms, Plan, Step, StepSpec } from '../model/index.ts';
import { capabilityFor } from '../model/index.ts';

/** Time for what only looks or only changes a table. */
const quickMs: Ms = 5_000;

/**
 * The protocol that turns a plan into steps. Every attempt first secures evidence (R21) and routes work away, then
 * acts, then waits until the agent is ready; the watch after it proves the recovery.
 *
 * - restart: the same instance again.
 * - recreate: a fresh instance in its place, with the last good state.
 * - respawn: a new instance with state and config override; registered before the old one is deregistered and
 *   retired. If a later step fails, the new instance is retired again and the old registration stands.
 * - contain: evidence, out of the routes and out of reach, nothing that ends or replaces anything; return: back again.
 */
export function stepsFor(plan: Plan, can: readonly Capability[], drainMs: Ms): readonly Step[] {
  const steps: Step[] = [];
  const add = (
    name: string,
    spec: StepSpec,
    rest: { timeoutMs?: Ms; onFailure?: Step['onFailure']; undo?: StepSpec } = {},
  ): void => {
    const { timeoutMs = plan.timeoutMs, onFailure = 'fail', undo } = rest;
    steps.push({ id: `${steps.length + 1}-${name}`, spec, timeoutMs, onFailure, ...(undo ? { undo } : {}) });
  };
  if (plan.contain?.for === 'return') {
    add('reinstate', { type: 'action', action: 'reinstate', on: 'old' });
    return steps;
  }
  add('evidence', { type: 'evidence', on: 'old' }, { timeoutMs: quickMs, onFailure: 'continue' });
  add('route-out', { type: 'control', command: 'route-out' }, { timeoutMs: quickMs, onFailure: 'continue' });
  if (plan.contain) {
    if (capabilityFor(can, 'isolate'))
      add('isolate', { type: 'action', action: 'isolate', on: 'old' }, { onFailure: 'continue' });
    return steps;
  }
  if (drainMs > 0) {
    add(
      'drain',
      { type: 'agent-call', call: { kind: 'drain', forMs: drainMs }, on: 'old' },
      { timeoutMs: drainMs + 1_000, onFailure: 'continue' },
    );
  }
  if (plan.rung === 'restart') add('restart', { type: 'action', action: 'restart', on: 'old' });
  if (plan.rung === 'recreate') add('recreate', { type: 'action', action: 'recreate', on: 'old' });
  const beside = plan.rung === 'respawn' && plan.mode !== 'in-place' && Boolean(capabilityFor(can, 'retire'));
  if (plan.rung === 'respawn') {
    const undo: StepSpec = { type: 'action', action: 'retire', on: 'new' };
    add('respawn', { type: 'action', action: 'respawn', on: 'old' }, beside ? { undo } : {});
  }
  if (plan.restoreState) add('restore', { type: 'action', action: 'restoreState', on: 'new' });
  add('await-ready', { type: 'agent-call', call: { kind: 'await-ready' }, on: 'new' });
  if (plan.rung === 'respawn') {
    add('register', { type: 'control', command: 'register-new' }, { timeoutMs: quickMs });
    add('deregister', { type: 'control', command: 'deregister-old' }, { timeoutMs: quickMs, onFailure: 'continue' });
  }
  if (beside) add('retire', { type: 'action', action: 'retire', on: 'old' }, { onFailure: 'continue' });
  return steps;
}
