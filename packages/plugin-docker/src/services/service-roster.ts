import {
  type AgentId,
  canonicalJson,
  type Clock,
  type DiscoveredAgent,
  type GroupId,
  type Instance,
  type InventoryEvent,
  type Logger,
  type Ms,
} from '@praetorian-guard/core/plugin';
import { idsAllowed, namedDependencies } from '../containers/naming.ts';
import { rolloutOf, foreignRollout } from './rollout.ts';
import {
  agentIdOf,
  discovered,
  groupOf,
  instanceIdOf,
  misnomerOf,
  type Named,
  type Neighbours,
  type Surroundings,
} from './service-naming.ts';
import { errorOf, isOver, isSameSpec, judge, type SlotMemory, type SlotView, slotsOf } from './slots.ts';
import { labelsOf, type ServiceFacts, type TaskFacts } from './swarm-facts.ts';
import type { TaskBook } from './task-book.ts';

/** A service as it was looked at last. */
export interface ServiceView {
  readonly service: ServiceFacts;
  readonly tasks: readonly TaskFacts[];
  readonly group: GroupId;
  readonly members: readonly Member[];
}

/** A slot of a service that is an agent. */
export interface Member extends Named {
  readonly service: ServiceFacts;
  readonly view: SlotView;
  readonly instanceId: string;
}

export interface RosterParts {
  readonly clock: Clock;
  readonly book: TaskBook;
  readonly graceMs: Ms;
  readonly around: Surroundings;
  readonly log: Logger;
  publish(event: InventoryEvent): void;
  /** Whether the task ran out of memory, where that can be seen. */
  ranOutOfMemory(task: TaskFacts): Promise<boolean>;
}

/** Which slots are agents now, as they were looked at last; tells the inventory what of it changed. */
export class ServiceRoster implements Neighbours {
  readonly #parts: RosterParts;
  readonly #services = new Map<string, ServiceView>();
  readonly #members = new Map<AgentId, Member>();
  readonly #groups = new Map<GroupId, Set<AgentId>>();
  /** Agents that name somebody they depend on. */
  readonly #dependants = new Set<AgentId>();
  /** Somebody came or went, and who depends was not told yet. */
  #hasChanged = false;
  /** What was told last of each agent. */
  readonly #told = new Map<AgentId, string>();
  /** Ends that were told, by the task; with what can be said of them. */
  readonly #ends = new Map<AgentId, { readonly taskId: string; readonly event: InventoryEvent }>();
  /** Services of which it was told that their tasks cannot be agents. */
  readonly #misnamed = new Set<string>();
  /** Agents the guard is at work on. */
  readonly #inHand = new Set<AgentId>();

  constructor(parts: RosterParts) {
    this.#parts = parts;
  }

  services(): readonly ServiceView[] {
    return [...this.#services.values()];
  }

  all(): readonly Member[] {
    return [...this.#members.values()];
  }

  member(agentId: AgentId): Member | undefined {
    return this.#members.get(agentId);
  }

  isAgent(id: AgentId): boolean {
    return this.#members.has(id);
  }

  members(group: GroupId): readonly AgentId[] {
    return [...(this.#groups.get(group) ?? [])].sort();
  }

  /** What happens to the agent from now on is the guard's doing, until the returned function is called. */
  takeInHand(agentId: AgentId): () => void {
    this.#inHand.add(agentId);
    return () => void this.#inHand.delete(agentId);
  }

  /** Takes in a service as it is now. */
  async take(
    service: ServiceFacts,
    tasks: readonly TaskFacts[],
    paused: ReadonlySet<string>,
  ): Promise<ServiceView | undefined> {
    const { clock, around, graceMs } = this.#parts;
    const group = groupOf(service, around.idPrefix);
    this.#tellMisnomer(service);
    if (group === undefined) {
      this.#leave(service.ID);
      return undefined;
    }
    const members: Member[] = [];
    const isDown = (nodeId: string): boolean => around.node(nodeId)?.isDown === true;
    for (const slot of slotsOf(service, tasks, isDown)) {
      const agentId = agentIdOf(service, slot.name, around);
      if (agentId === undefined) continue;
      const memory = this.#memoryOf(agentId, slot.tasks);
      const view = judge(slot, { service, now: clock.now(), graceMs, paused, isDown, ...(memory ? { memory } : {}) });
      const generation = this.#parts.book.generation(agentId, view.current.ID);
      members.push({ agentId, group, generation, service, view, instanceId: instanceIdOf(agentId, view.current) });
    }
    const before = this.#services.get(service.ID);
    const seen: ServiceView = { service, tasks, group, members };
    this.#services.set(service.ID, seen);
    const present = new Set(members.map(({ agentId }) => agentId));
    for (const { agentId } of before?.members ?? []) if (!present.has(agentId)) this.#remove(agentId);
    for (const member of members) await this.#enter(member);
    this.#tellDependants();
    return seen;
  }

  /** The service is gone, or nobody's any more. */
  drop(serviceId: string): void {
    this.#misnamed.delete(serviceId);
    this.#leave(serviceId);
  }

  #leave(serviceId: string): void {
    const known = this.#services.get(serviceId);
    this.#services.delete(serviceId);
    for (const { agentId } of known?.members ?? []) this.#remove(agentId);
    this.#tellDependants();
  }

  /** Who is there, as events; of an instance that has ended it is told how. */
  listing(): InventoryEvent[] {
    const events: InventoryEvent[] = [];
    for (const [agentId, member] of [...this.#members].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const agent = this.#agentOf(member);
      this.#told.set(agentId, canonicalJson(agent));
      events.push({ type: 'present', agent });
      const end = this.#ends.get(agentId);
      if (end) events.push(end.event);
    }
    return events;
  }

  #tellMisnomer(service: ServiceFacts): void {
    const misnomer = misnomerOf(service, this.#parts.around.idPrefix);
    if (!misnomer) this.#misnamed.delete(service.ID);
    if (!misnomer || this.#misnamed.has(service.ID)) return;
    this.#misnamed.add(service.ID);
    const told = { service: service.Spec.Name, ...misnomer, allowed: idsAllowed };
    this.#parts.log.warn(told, 'a service is not guarded: this is no valid id');
  }

  /** The instance of an agent as it is told. */
  instance(agentId: AgentId): Instance | undefined {
    const member = this.#members.get(agentId);
    return member && this.#agentOf(member).instance;
  }

  #memoryOf(agentId: AgentId, tasks: readonly TaskFacts[]): SlotMemory | undefined {
    const known = this.#members.get(agentId)?.view;
    if (known) {
      return { task: known.current, ...(known.downSince === undefined ? {} : { downSince: known.downSince }) };
    }
    // An earlier guard knew which it was.
    const lastId = this.#parts.book.lastTask(agentId);
    const task = tasks.find(({ ID }) => ID === lastId);
    if (!task) return undefined;
    const at = Date.parse(task.Status.Timestamp);
    return {
      task,
      ...(isOver(task) && Number.isFinite(at) ? { downSince: Math.min(at, this.#parts.clock.now()) } : {}),
    };
  }

  async #enter(member: Member): Promise<void> {
    const { agentId, group, service } = member;
    const before = this.#members.get(agentId);
    this.#members.set(agentId, member);
    if (namedDependencies(labelsOf(service)).length > 0) this.#dependants.add(agentId);
    else this.#dependants.delete(agentId);
    if (before && before.group !== group) this.#leaveGroup(before);
    if (before?.group !== group) this.#hasChanged = true;
    this.#groups.set(group, (this.#groups.get(group) ?? new Set()).add(agentId));
    this.#tell(member);
    await this.#tellLife(member, before);
  }

  #remove(agentId: AgentId): void {
    const member = this.#members.get(agentId);
    if (!member) return;
    this.#members.delete(agentId);
    this.#dependants.delete(agentId);
    this.#ends.delete(agentId);
    this.#leaveGroup(member);
    this.#hasChanged = true;
    if (this.#told.delete(agentId)) this.#parts.publish({ type: 'removed', agentId });
  }

  #leaveGroup({ group, agentId }: Member): void {
    this.#groups.get(group)?.delete(agentId);
    if (this.#groups.get(group)?.size === 0) this.#groups.delete(group);
  }

  /** Publishes the agent if it is not as it was told last. */
  #tell(member: Member): void {
    const agent = this.#agentOf(member);
    const text = canonicalJson(agent);
    if (this.#told.get(member.agentId) === text) return;
    this.#told.set(member.agentId, text);
    this.#parts.publish({ type: 'present', agent });
  }

  /** Who depends on a group or an agent is told anew when its members change, once for all that came and went. */
  #tellDependants(): void {
    if (!this.#hasChanged) return;
    this.#hasChanged = false;
    for (const agentId of this.#dependants) {
      const member = this.#members.get(agentId);
      if (member && this.#told.has(agentId)) this.#tell(member);
    }
  }

  async #tellLife(member: Member, before: Member | undefined): Promise<void> {
    const { agentId, instanceId, view } = member;
    const of = { type: 'lifecycle', agentId, instanceId } as const;
    if (view.current.Status.State === 'running') {
      this.#ends.delete(agentId);
      const told = before && (await this.#beginning(member, before));
      if (told) this.#parts.publish({ ...of, ...told });
      return;
    }
    // What happens to it while the guard is at work on it means nothing.
    if (view.ending === undefined || this.#inHand.has(agentId)) return;
    if (this.#ends.get(agentId)?.taskId === view.current.ID) return;
    const event: InventoryEvent = { ...of, ...(await this.#end(view)) };
    this.#ends.set(agentId, { taskId: view.current.ID, event });
    this.#parts.publish(event);
  }

  /** That it runs, if that is news: Swarm put it in the place of one that had failed, or somebody wanted it anew. */
  async #beginning({ agentId, instanceId, view }: Member, before: Member): Promise<Change | undefined> {
    if (before.instanceId === instanceId && before.view.current.Status.State === 'running') {
      if (view.state === before.view.state) return undefined;
      return { event: view.state === 'paused' ? 'paused' : 'started' };
    }
    const older = view.tasks[view.tasks.indexOf(view.current) - 1] ?? before.view.current;
    // What Swarm or a person has shut down did not fail: its node was drained, or how it is reached has changed.
    const isShutDown = older.Status.State === 'shutdown';
    const isWanted = isShutDown || older.ID === view.current.ID || !isSameSpec(older, view.current);
    if (isWanted || this.#inHand.has(agentId)) return { event: 'started' };
    const outOfMemory = await this.#parts.ranOutOfMemory(before.view.current);
    return { event: 'restarted', ...detailOf([errorOf(older), outOfMemory ? 'it had run out of memory' : undefined]) };
  }

  async #end({ current, state, obstacle, downSince }: SlotView): Promise<Change> {
    if (state === 'stopped') return { event: 'stopped', detail: 'it is done: exit code 0' };
    const code = current.Status.ContainerStatus?.ExitCode ?? 0;
    const inVain = obstacle === undefined ? undefined : `Swarm replaces it in vain: ${obstacle}`;
    return {
      event: (await this.#parts.ranOutOfMemory(current)) ? 'oom-killed' : 'died',
      // Code 0 alone would say that all is well.
      ...(isOver(current) && code > 0 ? { exitCode: code } : {}),
      ...detailOf([errorOf(current), inVain]),
      ...(downSince === undefined ? {} : { at: downSince }),
    };
  }

  #agentOf({ service, view, ...named }: Member): DiscoveredAgent {
    const { agentId, group, generation } = named;
    // Of a service that the guard itself rolls the gate has to see nothing: it waits for its own step.
    const rollout = foreignRollout(service);
    const around = {
      ...this.#parts.around,
      node: (id: string) => this.#parts.around.node(id),
      isAgent: (id: AgentId) => this.isAgent(id),
      members: (of: GroupId) => this.members(of),
    };
    return discovered({ agentId, group, generation, service, view, rollout }, around);
  }
}

/** Something of the service is on its way, so that it is worth to look again soon. */
export function isUnsettled({ service, members }: ServiceView): boolean {
  const comes = members.some(({ view }) => view.state === 'starting' || view.tasks.at(-1)?.ID !== view.current.ID);
  return comes || rolloutOf(service) === 'in-progress';
}

function detailOf(parts: readonly (string | undefined)[]): { readonly detail?: string } {
  const known = parts.filter((part) => part !== undefined);
  return known.length === 0 ? {} : { detail: known.join('; ') };
}

type Change = Omit<Extract<InventoryEvent, { type: 'lifecycle' }>, 'type' | 'agentId' | 'instanceId'>;
