import {
  type AgentId,
  canonicalJson,
  type EpochMs,
  type GroupId,
  type InventoryEvent,
  type Ms,
} from '@praetorian-guard/core/plugin';
import type { ContainerFacts } from '../engine/engine.ts';
import type { Book } from './book.ts';
import { type Endings, endingOf } from './endings.ts';
import { discovered, instanceIdOf, type Member, type Neighbours, type Reach } from './member.ts';
import { nameOf, own } from './naming.ts';

export interface RosterParts {
  readonly book: Book;
  readonly endings: Endings;
  readonly idPrefix: string;
  readonly reach: Reach['reach'];
  readonly host: string;
  readonly publish: (event: InventoryEvent) => void;
  readonly now: () => EpochMs;
}

/** The guard at work on a container: by how many actions, and in which time. */
interface Hands {
  readonly at: number;
  readonly from: EpochMs;
  readonly until: EpochMs;
}

/** Clocks of guard and engine are compared by the events, which take a little to arrive. */
const handsMarginMs: Ms = 25;

/** Which containers are agents now, as they were inspected last; tells the inventory what of it changed. */
export class Roster implements Neighbours {
  readonly #parts: RosterParts;
  readonly #members = new Map<string, Member>();
  /** Containers of each agent, the first to come first. */
  readonly #byAgent = new Map<AgentId, Member[]>();
  readonly #groups = new Map<GroupId, Set<AgentId>>();
  /** What was told last of each agent. */
  readonly #told = new Map<AgentId, string>();
  readonly #held = new Set<AgentId>();
  /** Work of the guard on containers, the last of each. */
  readonly #hands = new Map<string, Hands>();

  constructor(parts: RosterParts) {
    this.#parts = parts;
  }

  member(containerId: string): Member | undefined {
    return this.#members.get(containerId);
  }

  isAgent(id: AgentId): boolean {
    return this.#byAgent.has(id);
  }

  members(group: GroupId): readonly AgentId[] {
    return [...(this.#groups.get(group) ?? [])].sort();
  }

  agentIds(): readonly AgentId[] {
    return [...this.#byAgent.keys()].sort();
  }

  all(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** Containers of an agent: one, or two while a new one runs beside the old. */
  containers(agentId: AgentId): readonly Member[] {
    return this.#byAgent.get(agentId) ?? [];
  }

  /** The one that counts: it bears the agent's name; of several it is the oldest. */
  current(agentId: AgentId): Member | undefined {
    const members = this.containers(agentId);
    return members.find(({ facts, name }) => facts.Name === `/${name}`) ?? members[0];
  }

  instance(agentId: AgentId, instanceId: string): Member | undefined {
    return this.containers(agentId).find((member) => member.instanceId === instanceId);
  }

  /** Containers that live in the network of this one, and lose it when it restarts. */
  sharersOf(containerId: string): readonly Member[] {
    return this.all().filter(({ facts }) => facts.HostConfig.NetworkMode === `container:${containerId}`);
  }

  isInHand(containerId: string): boolean {
    return (this.#hands.get(containerId)?.at ?? 0) > 0;
  }

  /** What happens to a container from now on is the guard's doing, until the returned function is called. */
  takeInHand(containerId: string): () => void {
    const { now } = this.#parts;
    const hands = this.#hands.get(containerId) ?? { at: 0, from: now(), until: Infinity };
    if (hands.at === 0) this.#hands.set(containerId, { at: 1, from: now(), until: Infinity });
    else this.#hands.set(containerId, { ...hands, at: hands.at + 1 });
    return () => this.#letGo(containerId);
  }

  /** Whether the guard was at work on it at that time, by the guard's clock. */
  wasInHand(containerId: string, at: EpochMs): boolean {
    const hands = this.#hands.get(containerId);
    return hands !== undefined && at >= hands.from - handsMarginMs && at <= hands.until + handsMarginMs;
  }

  #letGo(containerId: string): void {
    const hands = this.#hands.get(containerId);
    if (!hands) return;
    const at = hands.at - 1;
    this.#hands.set(containerId, { ...hands, at, ...(at === 0 ? { until: this.#parts.now() } : {}) });
    const known = at === 0 ? this.#members.get(containerId) : undefined;
    // What does not run by now was not started again: from here on that is told like any other end.
    const member = known?.inHand === true ? this.take(known.facts) : undefined;
    if (member && this.current(member.agentId) === member) for (const told of endOf(member)) this.#parts.publish(told);
  }

  /** An agent that has no container for a moment stays, until the returned function is called. */
  hold(agentId: AgentId): () => void {
    this.#held.add(agentId);
    return () => {
      this.#held.delete(agentId);
      this.#tell(agentId);
    };
  }

  /** Takes in a container as it is now; `undefined` when it is nobody. */
  take(facts: ContainerFacts): Member | undefined {
    const { book, endings, idPrefix } = this.#parts;
    const labels = facts.Config.Labels;
    const named =
      (facts.State as { Status?: string }).Status === 'removing' ? undefined : nameOf(facts.Name, labels, idPrefix);
    if (!named) {
      this.drop(facts.Id);
      return undefined;
    }
    const inHand = this.isInHand(facts.Id);
    const runs = facts.State.Running || facts.State.Restarting;
    const member: Member = {
      ...named,
      facts,
      inHand,
      generation: book.generation(named.agentId, facts.Id, labels[own.generation]),
      instanceId: instanceIdOf(named.agentId, facts),
      ...(runs ? {} : { ending: endingOf(facts, endings) }),
    };
    this.#enter(member);
    this.#tell(named.agentId);
    return member;
  }

  /** The container is gone. */
  drop(containerId: string): void {
    const member = this.#members.get(containerId);
    if (!member) return;
    this.#leave(member);
    if (!this.isInHand(containerId)) this.#hands.delete(containerId);
    this.#tell(member.agentId);
  }

  /** Who is there, as events; of a container that has ended it is told how. */
  listing(): InventoryEvent[] {
    const events: InventoryEvent[] = [];
    for (const agentId of this.agentIds()) {
      const member = this.current(agentId);
      if (!member) continue;
      const agent = discovered(member, this.#reach, this);
      this.#told.set(agentId, canonicalJson(agent));
      events.push({ type: 'present', agent });
      events.push(...endOf(member));
      if (member.facts.State.Health?.Status === 'unhealthy') events.push(unhealthyEvent(member));
    }
    return events;
  }

  /** Address and state of an instance, for receipts. */
  get reach(): Reach {
    return this.#reach;
  }

  get #reach(): Reach {
    const { reach, host } = this.#parts;
    return { reach, host, networkOf: (id) => this.#members.get(id)?.facts };
  }

  #enter(member: Member): void {
    const { facts, agentId, group } = member;
    const known = this.#members.get(facts.Id);
    if (known && (known.agentId !== agentId || known.group !== group)) this.#leave(known);
    this.#members.set(facts.Id, member);
    const sisters = (this.#byAgent.get(agentId) ?? []).filter((other) => other.facts.Id !== facts.Id);
    const isNew = !this.#byAgent.has(agentId);
    this.#byAgent.set(
      agentId,
      [...sisters, member].sort((a, b) => a.generation - b.generation),
    );
    this.#groups.set(group, (this.#groups.get(group) ?? new Set()).add(agentId));
    if (isNew) this.#tellDependants(agentId);
  }

  #leave(member: Member): void {
    const { facts, agentId, group } = member;
    this.#members.delete(facts.Id);
    const sisters = this.containers(agentId).filter((other) => other.facts.Id !== facts.Id);
    if (sisters.length > 0) {
      this.#byAgent.set(agentId, sisters);
      return;
    }
    this.#byAgent.delete(agentId);
    this.#groups.get(group)?.delete(agentId);
    if (this.#groups.get(group)?.size === 0) this.#groups.delete(group);
    this.#tellDependants(agentId);
  }

  /** Publishes the agent if it is not as it was told last. */
  #tell(agentId: AgentId): void {
    const member = this.current(agentId);
    if (!member) {
      // Between the old container and the new one there is none for a moment.
      if (this.#held.has(agentId)) return;
      if (this.#told.delete(agentId)) this.#parts.publish({ type: 'removed', agentId });
      return;
    }
    const agent = discovered(member, this.#reach, this);
    const text = canonicalJson(agent);
    if (this.#told.get(agentId) === text) return;
    this.#told.set(agentId, text);
    this.#parts.publish({ type: 'present', agent });
  }

  /** Who depends on a group or an agent is told anew when its members change. */
  #tellDependants(changed: AgentId): void {
    for (const { agentId, facts } of this.#members.values()) {
      const labels = facts.Config.Labels;
      const depends = 'praetorian.depends-on' in labels || 'com.docker.compose.depends_on' in labels;
      if (depends && agentId !== changed && this.#told.has(agentId)) this.#tell(agentId);
    }
  }
}

/** The lifecycle event for a container that has ended, if it tells anything. */
export function endOf(member: Member): readonly InventoryEvent[] {
  const { agentId, instanceId, ending, facts, inHand } = member;
  if (!ending || inHand || facts.State.Paused || facts.State.Status === 'created') return [];
  const of = { type: 'lifecycle', agentId, instanceId } as const;
  const at = Date.parse(facts.State.FinishedAt);
  const when = Number.isFinite(at) && at > 0 ? { at } : {};
  const { detail } = ending;
  const told = detail === undefined ? {} : { detail };
  if (ending.kind === 'left') return [{ ...of, event: 'stopped', ...told, ...when }];
  const code = facts.State.ExitCode;
  // Code 0 alone would say that all is well.
  const exit = code === 0 ? {} : { exitCode: code };
  if (ending.outOfMemory) return [{ ...of, event: 'oom-killed', ...exit, ...told, ...when }];
  return [{ ...of, event: 'died', ...exit, ...told, ...when }];
}

/** The container's own check says that it is not well. */
export function unhealthyEvent({ agentId, instanceId, facts }: Member): InventoryEvent {
  const said = facts.State.Health?.Log?.at(-1)?.Output?.trim().split('\n').at(-1)?.slice(0, 200);
  return {
    type: 'lifecycle',
    agentId,
    instanceId,
    event: 'unhealthy',
    ...(said === undefined || said === '' ? {} : { detail: said }),
  };
}
