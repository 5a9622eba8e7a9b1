import type { Agent } from '@praetorian-guard/core/plugin';
import { own } from '../containers/naming.ts';
import { errorOf, isOver, isUp } from './slots.ts';
import { bearsKey } from './spec-changes.ts';
import { ageOf, forceOf, type ServiceFacts, type TaskFacts } from './swarm-facts.ts';

const moving = new Set(['updating', 'rollback_started']);
const halted = new Set(['paused', 'rollback_paused']);

/** Whether Swarm is replacing tasks of the service or was told to wait at it, by whomever it was set going. */
export function rolloutOf({ UpdateStatus: status }: ServiceFacts): Agent['rollout'] {
  const state = status?.State ?? '';
  if (moving.has(state)) return 'in-progress';
  return halted.has(state) ? 'paused' : undefined;
}

/** The last update of the service was an action of the guard, whether this guard still knows of it or not. */
export function isGuards(service: ServiceFacts): boolean {
  const key = service.Spec.Labels?.[own.key];
  return key !== undefined && bearsKey(service, key) && !isRolledBack(service);
}

/** By whomever, and be it that Swarm is not through with it yet. */
export function isRolledBack({ UpdateStatus }: ServiceFacts): boolean {
  return UpdateStatus?.State?.startsWith('rollback') === true;
}

/** The rollout that others have set going, and that is left to them. */
export function foreignRollout(service: ServiceFacts): Agent['rollout'] {
  return isGuards(service) ? undefined : rolloutOf(service);
}

export type Progress =
  | { readonly is: 'done'; readonly task: TaskFacts }
  /** The agent's own new task is up, and those of others are still to come. */
  | { readonly is: 'up'; readonly task: TaskFacts }
  /** The agent's own new task is there and not up yet. */
  | { readonly is: 'coming'; readonly why: string }
  /** It is not the agent's turn yet. */
  | { readonly is: 'queued' }
  | { readonly is: 'failed'; readonly why: string };

interface Rolled {
  readonly service: ServiceFacts;
  readonly tasks: readonly TaskFacts[];
  /** Tasks of the slot of the agent. */
  readonly slot: readonly TaskFacts[];
  /** Age of the newest task before. */
  readonly since: string;
}

/** How far an update is that bears the guard's key, as seen from the slot of one agent. */
export function progressOf({ service, tasks, slot, since }: Rolled): Progress {
  const force = forceOf(service.Spec.TaskTemplate);
  const isFresh = (task: TaskFacts): boolean => ageOf(task) > since && forceOf(task.Spec) === force;
  const fresh = slot.filter(isFresh);
  const { State: state, Message: message = '' } = service.UpdateStatus ?? {};
  const broken = fresh.findLast(isBroken);
  const up = fresh.findLast(isUp);
  if (state === 'paused') {
    // Swarm began with another slot, perhaps.
    const culprit = broken ?? tasks.filter(isFresh).findLast(isBroken);
    return { is: 'failed', why: culprit ? reasonOf(culprit) : message };
  }
  if (up) return { is: state === 'completed' ? 'done' : 'up', task: up };
  const last = fresh.at(-1);
  if (state === 'completed' && (broken || !last))
    return { is: 'failed', why: broken ? reasonOf(broken) : 'the update is through and gave it no new task' };
  return last ? { is: 'coming', why: last.Status.Err ?? reasonOf(broken ?? last) } : { is: 'queued' };
}

function isBroken(task: TaskFacts): boolean {
  return isOver(task) && errorOf(task) !== undefined;
}

function reasonOf(task: TaskFacts): string {
  return `task ${task.ID.slice(0, 12)}: ${errorOf(task) ?? task.Status.State}`;
}
