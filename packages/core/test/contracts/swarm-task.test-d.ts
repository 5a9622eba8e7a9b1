/**
 * How the contracts carry a Swarm task: the agent is `service.slot`, a task is an instance, the manager replaces tasks by
 * itself, and only the whole service can be forced to restart.
 */
import { expectTypeOf } from 'vitest';
import type {
  Action,
  ActionKind,
  AgentId,
  Capability,
  DiscoveredAgent,
  Intent,
  InventoryEvent,
  JsonObject,
  Receipt,
} from '@praetorian-guard/core/plugin';

interface Task {
  readonly id: string;
  readonly service: string;
  readonly slot: number;
  readonly container?: string;
}

/** The slot outlives the task, so budgets and history stay when the manager reschedules it. */
function agentIdOf(task: Task): AgentId {
  return `${task.service}.${task.slot}`;
}

function discovered(task: Task, generation: number): DiscoveredAgent {
  const ref: JsonObject = { task: task.id, ...(task.container === undefined ? {} : { container: task.container }) };
  return {
    id: agentIdOf(task),
    group: task.service,
    labels: { 'praetorian.mode': 'auto' },
    instance: { id: task.id, generation, ref },
  };
}

export function changes(tasks: readonly Task[]): readonly InventoryEvent[] {
  return [...tasks.map((task) => ({ type: 'present', agent: discovered(task, 1) }) as const), { type: 'synced' }];
}

export const supports = [
  { action: 'restart', destructive: true, scope: 'workload', idempotent: true },
  // The manager makes the new task only after the old one is gone.
  { action: 'respawn', destructive: true, scope: 'workload', idempotent: true, respawn: ['in-place'] },
  { action: 'scale', destructive: false, scope: 'workload', idempotent: true },
] as const satisfies readonly Capability[];

/** The version the service had tells later whether the forced update happened. */
export function forcedUpdate(
  action: Extract<Action, { kind: 'restart' }>,
  key: string,
  tasks: readonly Task[],
): Intent {
  return { key, action, affects: tasks.map(agentIdOf), before: { forceUpdate: 3, versionIndex: 118 } };
}

/** A task that the manager replaced meanwhile: done by another's hand, and no failure. */
export function overtaken(intent: Intent, at: number): Receipt {
  return { key: intent.key, at, result: 'superseded', text: 'the manager has rescheduled the task' };
}

expectTypeOf<(typeof supports)[number]['action']>().toExtend<ActionKind>();
// Scaling is of a group, not of an instance.
expectTypeOf<Extract<Action, { kind: 'scale' }>>().not.toHaveProperty('instanceId');
// @ts-expect-error -- a restart names the instance it was meant for
({ kind: 'restart', agentId: 'web.1', graceMs: 0 }) satisfies Action;
const intent = { key: 'k', action: { kind: 'scale', group: 'web', replicas: 3 }, affects: [] } as const;
({ ...intent, before: { replicas: 2 } }) satisfies Intent;
// @ts-expect-error -- the image before an action is plain JSON: no dates, no functions
({ ...intent, before: { at: new Date(0) } }) satisfies Intent;
const respawn = { action: 'respawn', destructive: true, scope: 'workload', idempotent: true } as const;
// @ts-expect-error -- a respawn knows two modes
({ ...respawn, respawn: ['rolling'] }) satisfies Capability;
