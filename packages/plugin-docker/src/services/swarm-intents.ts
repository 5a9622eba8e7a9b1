import { failed } from '@praetorian-guard/core/kit';
import type {
  Action,
  AgentId,
  Clock,
  Decision,
  Intent,
  JsonObject,
  Reason,
  ReasonCode,
  Receipt,
} from '@praetorian-guard/core/plugin';
import { isGuards, isRolledBack, progressOf, rolloutOf } from './rollout.ts';
import type { Member, ServiceRoster, ServiceView } from './service-roster.ts';
import type { ServiceWatcher } from './service-watcher.ts';
import { mayGo } from './scale-in.ts';
import { isUp, isWanted, replicasOf } from './slots.ts';
import { bearsKey } from './spec-changes.ts';
import { ageOf, conditionOf, forceOf, isGlobal, isJob, isSameTask, printOf, type TaskFacts } from './swarm-facts.ts';
import type { TaskBook } from './task-book.ts';

/** State of a service before an action. */
export interface ServiceBefore {
  readonly service: string;
  readonly version: number;
  /** Of the whole spec. */
  readonly print: string;
  readonly force: number;
  /** The newest task there was. */
  readonly since: string;
  /** The current task of each agent. */
  readonly tasks: { readonly [agentId: AgentId]: string };
  /** Of the agent itself, where it is on this engine's node. */
  readonly container?: string;
}

export interface IntentsParts {
  readonly clock: Clock;
  readonly roster: ServiceRoster;
  readonly watcher: ServiceWatcher;
  readonly book: TaskBook;
}

type InstanceAction = Extract<Action, { instanceId: string }>;
type ScaleAction = Extract<Action, { kind: 'scale' }>;

const replicasMax = 1_000;

/** Admits actions and proves afterwards whether they happened. Changes nothing. */
export class SwarmIntents {
  readonly #parts: IntentsParts;

  constructor(parts: IntentsParts) {
    this.#parts = parts;
  }

  async prepare(action: Action, key: string): Promise<Decision<Intent>> {
    switch (action.kind) {
      case 'scale':
        return this.#prepareScale(action, key);
      case 'restart':
      case 'recreate':
      case 'respawn':
      case 'retire':
        return this.#prepareInstance(action, key);
      default:
        return refuse(`Swarm cannot ${action.kind} a task.`, 'Choose another strategy.');
    }
  }

  /** Whether the effect holds now. */
  async reconcile({ key, action, before: image }: Intent): Promise<Receipt> {
    const before = beforeOf(image);
    const recorded = this.#parts.book.receipt(key);
    if (recorded) return recorded;
    const seen = await this.#parts.watcher.look(before.service);
    if (!seen) return this.#superseded(key, 'The service is gone.');
    if (action.kind === 'scale') return this.#reconcileScale(key, action.replicas, seen);
    if (action.kind === 'recreate') return this.#reconcileTask(key, action.agentId, before);
    if (action.kind === 'retire') return this.#reconcileBack(key, action.agentId, { before, seen });
    if (action.kind === 'restart' || action.kind === 'respawn')
      return this.#reconcileRoll(key, action.agentId, { before, seen });
    return this.#notDone(key, `Swarm cannot ${action.kind} a task.`);
  }

  /** Why the action no longer fits what is there, or `undefined`. */
  staleness({ action, before: image }: Intent, seen: ServiceView): string | undefined {
    const before = beforeOf(image);
    if (action.kind !== 'recreate' && printOf(seen.service.Spec) !== before.print)
      return 'The service was changed by somebody else.';
    if (action.kind === 'scale' || action.kind === 'retire') return undefined;
    if (rolloutOf(seen.service) === 'in-progress') return 'An update of the service has begun.';
    const { agentId } = action;
    const task = seen.members.find((member) => member.agentId === agentId)?.view.current.ID;
    return task === before.tasks[agentId] ? undefined : `The task of ${agentId} is ${task ?? 'gone'} now.`;
  }

  async #prepareInstance(action: InstanceAction, key: string): Promise<Decision<Intent>> {
    const { agentId, instanceId, kind } = action;
    const known = this.#parts.roster.member(agentId);
    if (!known) return refuse(`No selected service has a task for agent ${agentId}.`, 'Label the service.');
    const seen = await this.#parts.watcher.look(known.service.ID);
    const member = this.#parts.roster.member(agentId);
    if (!seen || !member) return refuse(`Agent ${agentId} is gone.`, undefined, 'plan-stale');
    // What does not come up is tried again and again, each time as another task.
    if (member.instanceId !== instanceId && kind !== 'retire')
      return refuse(`The instance of ${agentId} is ${member.instanceId}.`, undefined, 'plan-stale');
    const problem = this.#problemOf(action, member, seen);
    if (problem) return problem;
    const container = kind === 'recreate' ? member.view.current.Status.ContainerStatus?.ContainerID : undefined;
    // One task is its own; the spec belongs to all of them.
    const affects = kind === 'recreate' ? [agentId] : seen.members.map((one) => one.agentId);
    return admit({ key, action, affects, before: imageOf(seen, container) });
  }

  #problemOf(action: InstanceAction, member: Member, { service }: ServiceView): Decision<never> | undefined {
    if (isJob(service.Spec))
      return refuse(`${service.Spec.Name} is a job: all its tasks would run again.`, 'Run it again yourself.');
    if (action.kind === 'respawn' && action.mode !== 'in-place')
      return refuse('Swarm has no room beside a task.', 'Respawn in place.');
    if (action.kind === 'retire') return whyNotBack(service);
    const rollout = refusedForRollout(service);
    if (rollout) return rollout;
    const nodeId = member.view.name;
    if (isGlobal(service.Spec) && this.#parts.watcher.node(nodeId)?.isDown === true)
      return refuse(`Node ${nodeId} is down, so there is no place for its task.`, 'Bring the node back, or remove it.');
    return action.kind === 'recreate' ? this.#whyNotAlone(member) : undefined;
  }

  /** Swarm replaces a single task only when its container ends, and only where it is told to keep the service up. */
  #whyNotAlone({ view: { current, state }, service }: Member): Decision<never> | undefined {
    const policy = current.Spec.RestartPolicy;
    const name = service.Spec.Name;
    const remedy = 'Set `restartScope: workload`, so that the whole service may be rolled.';
    if (conditionOf(current.Spec) !== 'any' || (policy?.MaxAttempts ?? 0) > 0)
      return refuse(
        `Swarm would not replace a single task of ${name} for certain: its restart policy is limited.`,
        remedy,
      );
    if (current.NodeID !== this.#parts.watcher.nodeId)
      return refuse(`The task runs on node ${current.NodeID ?? 'none'}, which this engine cannot reach.`, remedy);
    if (state !== 'running' || (current.Status.ContainerStatus?.ContainerID ?? '') === '')
      return refuse('The task does not run, so Swarm is about to replace it or cannot.', remedy);
    return undefined;
  }

  async #prepareScale(action: ScaleAction, key: string): Promise<Decision<Intent>> {
    const { group, replicas } = action;
    const known = this.#parts.roster.services().filter((one) => one.group === group);
    const [first] = known;
    if (!first) return refuse(`There is no service of group ${group}.`, 'Label the service.');
    if (known.length > 1) return refuse(`Group ${group} is made of several services.`, 'Scale each by itself.');
    if (!Number.isInteger(replicas) || replicas < 0 || replicas > replicasMax)
      return refuse(`${replicas} is not a number of replicas from 0 to ${replicasMax}.`);
    const seen = await this.#parts.watcher.look(first.service.ID);
    if (!seen) return refuse(`The service of group ${group} is gone.`, undefined, 'plan-stale');
    if (isGlobal(seen.service.Spec) || isJob(seen.service.Spec))
      return refuse(`${seen.service.Spec.Name} has no number of replicas.`, 'Scale replicated services only.');
    const rollout = refusedForRollout(seen.service);
    if (rollout) return rollout;
    // Replicas to come are nobody yet: only those that go are touched.
    const slots = new Set(
      mayGo(
        seen.members.map(({ view }) => view),
        replicas,
      ).map(({ name }) => name),
    );
    const affects = seen.members.filter(({ view }) => slots.has(view.name)).map(({ agentId }) => agentId);
    return admit({ key, action, affects, before: imageOf(seen) });
  }

  #reconcileRoll(
    key: string,
    agentId: AgentId,
    { before, seen }: { before: ServiceBefore; seen: ServiceView },
  ): Receipt {
    const { service, members, tasks } = seen;
    const slot = members.find((member) => member.agentId === agentId)?.view.tasks ?? [];
    if (!bearsKey(service, key)) {
      if (forceOf(service.Spec.TaskTemplate) <= before.force) return this.#notDone(key, 'The service was not rolled.');
      return this.#superseded(key, 'The service was changed by somebody else.');
    }
    const progress = progressOf({ service, tasks, slot, since: before.since });
    if (progress.is === 'failed') return this.#notDone(key, progress.why);
    // Where the agent's own task is up the rest of a long rollout need not be waited for.
    if (progress.is === 'done' || progress.is === 'up') return this.#done(key, agentId);
    return { key, at: this.#parts.clock.now(), result: 'unknown', text: 'The rollout is under way.' };
  }

  #reconcileBack(
    key: string,
    agentId: AgentId,
    { before, seen: { service } }: { before: ServiceBefore; seen: ServiceView },
  ): Receipt {
    if (printOf(service.Spec) === before.print) return this.#notDone(key, 'The service was not rolled back.');
    if (!isRolledBack(service)) return this.#superseded(key, 'The service was changed by somebody else.');
    if (rolloutOf(service) === undefined) return this.#done(key, agentId);
    return { key, at: this.#parts.clock.now(), result: 'unknown', text: 'The rollback is under way.' };
  }

  #reconcileTask(key: string, agentId: AgentId, before: ServiceBefore): Receipt {
    const member = this.#parts.roster.member(agentId);
    const old = before.tasks[agentId];
    if (!member) return this.#superseded(key, `Agent ${agentId} is gone.`);
    const { current, tasks } = member.view;
    if (current.ID !== old && isUp(current)) return this.#done(key, agentId);
    const stillUp = tasks.some((task) => task.ID === old && isUp(task));
    if (stillUp) return this.#notDone(key, `Task ${old} still runs.`);
    return { key, at: this.#parts.clock.now(), result: 'unknown', text: 'Swarm has not replaced the task yet.' };
  }

  #reconcileScale(key: string, replicas: number, { service, members, tasks }: ServiceView): Receipt {
    const wanted = replicasOf(service);
    if (wanted !== replicas) return this.#notDone(key, `The service has ${wanted} replicas, not ${replicas}.`);
    const up = members.filter(({ view }) => view.state === 'running').length;
    const isThrough = members.length === replicas && up === replicas && tasks.filter(isWanted).length === replicas;
    if (isThrough) return this.#done(key, undefined);
    return { key, at: this.#parts.clock.now(), result: 'unknown', text: `${up} of ${replicas} replicas run.` };
  }

  #done(key: string, agentId: AgentId | undefined): Receipt {
    const instance = agentId === undefined ? undefined : this.#parts.roster.instance(agentId);
    const at = this.#parts.clock.now();
    return { key, at, result: 'succeeded', reconciled: true, ...(instance ? { instance } : {}) };
  }

  #notDone(key: string, text: string): Receipt {
    return failed(key, this.#parts.clock.now(), { code: 'GUARD_ORCHESTRATOR_FAILED', text, retryable: true });
  }

  #superseded(key: string, text: string): Receipt {
    return { key, at: this.#parts.clock.now(), result: 'superseded', text };
  }
}

/** An update of others is left to them; one of the guard's own that has come to a halt may be followed by the next. */
function refusedForRollout(service: ServiceView['service']): Decision<never> | undefined {
  const rollout = rolloutOf(service);
  if (rollout === undefined || (rollout === 'paused' && isGuards(service))) return undefined;
  const how = rollout === 'paused' ? 'was paused' : 'is in progress';
  const remedy = rollout === 'paused' ? 'Resume the update, or roll it back.' : 'Wait until it is through.';
  return refuse(`An update of service ${service.Spec.Name} ${how}.`, remedy, 'rollout-in-progress');
}

/** Only what the guard itself has changed last is taken back, and only where that is another spec. */
function whyNotBack(service: ServiceView['service']): Decision<never> | undefined {
  const { PreviousSpec: before, Spec } = service;
  const name = Spec.Name;
  if (!isGuards(service) || before === undefined)
    return refuse(`The last change of service ${name} was not the guard's.`, 'Roll it back yourself, if that helps.');
  return isSameTask(before.TaskTemplate, Spec.TaskTemplate)
    ? refuse(`The tasks of service ${name} were made anew as they were before; there is nothing to go back to.`)
    : undefined;
}

function imageOf({ service, members, tasks }: ServiceView, container?: string): JsonObject {
  return {
    service: service.ID,
    version: service.Version.Index,
    print: printOf(service.Spec),
    force: forceOf(service.Spec.TaskTemplate),
    since: newestOf(tasks),
    tasks: Object.fromEntries(members.map(({ agentId, view }) => [agentId, view.current.ID])),
    ...(container === undefined ? {} : { container }),
  };
}

export function beforeOf(image: JsonObject): ServiceBefore {
  return image as unknown as ServiceBefore;
}

function newestOf(tasks: readonly TaskFacts[]): string {
  return tasks.map(ageOf).sort().at(-1) ?? '';
}

function admit(intent: Intent): Decision<Intent> {
  return { act: true, value: intent, reason: { code: 'proceed', text: 'Swarm admits the action.' } };
}

function refuse(text: string, remedy?: string, code: ReasonCode = 'orchestrator-refused'): Decision<never> {
  const reason: Reason = { code, text, ...(remedy === undefined ? {} : { remedy }) };
  return { act: false, reason };
}
