import {
  type AgentId,
  canonicalJson,
  type EpochMs,
  type GroupId,
  type InventoryEvent,
  type Logger,
} from '@praetorian-guard/core/plugin';
import type { ContainerFacts, ListedContainer } from '../engine/engine.ts';
import type { Book } from './book.ts';
import { type Endings, endingOf } from './endings.ts';
import { endOf } from './end-event.ts';
import { endpointOf, type Reach } from './endpoint.ts';
import { Hands } from './hands.ts';
import { healthOf } from './health-event.ts';
import { Holders } from './holders.ts';
import type { Leaving } from './leaving.ts';
import { discovered, instanceIdOf, type Member, type Neighbours, runs } from './member.ts';
import { idsAllowed, isBeside, misnomerOf, type Named, nameOf, own } from './naming.ts';
import { hostOf } from './spaces.ts';
import { Strangers } from './strangers.ts';

export interface RosterParts {
  readonly book: Book;
  readonly endings: Endings;
  readonly leaving: Leaving;
  readonly idPrefix: string;
  readonly reach: Reach['reach'];
  readonly host: string;
  /** Looks at a container that may be no agent. */
  readonly look: (containerId: string) => Promise<ContainerFacts | undefined>;
  readonly publish: (event: InventoryEvent) => void;
  readonly now: () => EpochMs;
  readonly log: Logger;
}

/** Which containers are agents now, as they were inspected last; tells the inventory what of it changed. */
export class Roster implements Neighbours {
  readonly #parts: RosterParts;
  readonly #members = new Map<string, Member>();
  /** Containers of each agent, the first to come first. */
  readonly #byAgent = new Map<AgentId, Member[]>();
  readonly #groups = new Map<GroupId, Set<AgentId>>();
  /** What was told last of each agent. */
  readonly #told = new Map<AgentId, string>();
  /** Whether the health check of each was well, as it was told last, and of which life. */
  readonly #health = new Map<AgentId, string>();
  readonly #held = new Map<AgentId, GroupId>();
  readonly #hands: Hands;
  readonly #strangers: Strangers;
  readonly #holders: Holders;
  /** Containers of which it was told that they cannot be agents. */
  readonly #misnamed = new Set<string>();
  /** Why containers cannot be asked, as it was told. */
  readonly #unasked = new Map<string, string>();

  constructor(parts: RosterParts) {
    this.#parts = parts;
    this.#hands = new Hands(parts.now);
    this.#strangers = new Strangers(parts.log);
    this.#holders = new Holders({ ...parts, found: (id) => this.#retell(id) });
  }

  get idPrefix(): string {
    return this.#parts.idPrefix;
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

  /** Containers of which anything is known, agents or not. */
  ids(): readonly string[] {
    return [...this.#members.keys(), ...this.#strangers.ids(), ...this.#misnamed];
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

  isInHand(containerId: string): boolean {
    return this.#hands.isOn(containerId);
  }

  /** What happens to a container from now on is the guard's doing, until the returned function is called. */
  takeInHand(containerId: string): () => void {
    this.#hands.lay(containerId);
    return () => this.#letGo(containerId);
  }

  /** Whether the guard was at work on it at that time, by the guard's clock. */
  wasInHand(containerId: string, at: EpochMs): boolean {
    return this.#hands.wasOn(containerId, at);
  }

  #letGo(containerId: string): void {
    const known = this.#hands.lift(containerId) ? this.#members.get(containerId) : undefined;
    // What does not run by now was not started again: from here on that is told like any other end.
    if (known?.inHand === true) this.succeed(known.facts);
  }

  /** Takes in a container that may be the agent only from now on: if it has ended, nobody was told of that. */
  succeed(facts: ContainerFacts): void {
    const member = this.take(facts);
    if (member && this.current(member.agentId) === member) for (const told of endOf(member)) this.#parts.publish(told);
  }

  /** An agent that has no container for a moment stays, until the returned function is called. */
  hold(agentId: AgentId, group: GroupId = this.current(agentId)?.group ?? agentId): () => void {
    this.#held.set(agentId, group);
    return () => {
      this.#held.delete(agentId);
      this.#fill(agentId);
      this.#tell(agentId);
    };
  }

  /** Whether the agent is being given another container at this moment. */
  isHeld(agentId: AgentId): boolean {
    return this.#held.has(agentId);
  }

  /** Whether containers of the group come and go by the guard's own hand, so that they cannot be counted now. */
  isReplacing(group: GroupId): boolean {
    return [...this.#held.values()].includes(group);
  }

  /** Takes in a container as it is now; `undefined` when it is nobody. */
  take(facts: ContainerFacts): Member | undefined {
    const { book, endings, leaving } = this.#parts;
    const labels = facts.Config.Labels;
    const named = this.#named(facts);
    const rival = named && this.#rivalOf(named.agentId, facts);
    if (!named || rival) {
      this.#remove(facts.Id);
      if (rival) this.#strangers.add(rival.agentId, facts, rival.facts);
      else this.#strangers.remove(facts.Id);
      return undefined;
    }
    // The agent is about to get a container from the guard.
    if (this.#strangers.has(facts.Id) && this.#isAwaited(named.agentId)) return undefined;
    this.#strangers.remove(facts.Id);
    endings.forgetFormer(facts);
    const inHand = this.isInHand(facts.Id);
    const runs = facts.State.Running || facts.State.Restarting;
    if (!facts.State.Running) leaving.forget(facts.Id);
    const member: Member = {
      ...named,
      facts,
      inHand,
      leaving: leaving.has(facts.Id),
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
    this.#strangers.remove(containerId);
    this.#misnamed.delete(containerId);
    this.#unasked.delete(containerId);
    this.#holders.forget(containerId);
    this.#parts.endings.forget(containerId);
    this.#parts.leaving.forget(containerId);
    this.#remove(containerId);
  }

  #remove(containerId: string): void {
    const member = this.#members.get(containerId);
    if (!member) return;
    this.#leave(member);
    this.#fill(member.agentId);
    this.#tell(member.agentId);
  }

  /** Whether a container is as it is known here, as far as the list of the engine tells. */
  isAsListed(listed: ListedContainer): boolean {
    const { Id, State, Status, Labels } = listed;
    // Aliases of links are listed among the names.
    const name = listed.Names.find((one) => !one.includes('/', 1)) ?? '';
    const member = this.#members.get(Id);
    if (!member) {
      // One that was made waits for whoever made it, and tells when it is started.
      if (State === 'removing' || State === 'created' || this.#strangers.has(Id)) return true;
      return nameOf(name, Labels, this.#parts.idPrefix) === undefined;
    }
    const { State: known, Name } = member.facts;
    const isRunning = known.Running && !known.Restarting && !known.Paused;
    if (Name !== name || isRunning !== (State === 'running') || known.Paused !== (State === 'paused')) return false;
    const health = /\((healthy|unhealthy)\)/.exec(Status)?.[1];
    return health === undefined || health === known.Health?.Status;
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
      events.push(...endOf(member), ...healthOf(member, this.#parts.now()));
    }
    return events;
  }

  /** Address and state of an instance, for receipts. */
  get reach(): Reach {
    return this.#reach;
  }

  get #reach(): Reach {
    const { reach, host } = this.#parts;
    return { reach, host, holderOf: (facts) => this.#holderOf(facts) };
  }

  #holderOf(facts: ContainerFacts): ContainerFacts | 'gone' | undefined {
    const holderId = hostOf(facts.HostConfig.NetworkMode);
    if (holderId === undefined) return facts;
    return this.#members.get(holderId)?.facts ?? this.#holders.of(facts, holderId);
  }

  #retell(containerId: string): void {
    const member = this.#members.get(containerId);
    if (member) this.#tell(member.agentId);
  }

  #named(facts: ContainerFacts): Named | undefined {
    const { Id: id, Name: name, State, Config } = facts;
    const { idPrefix, log } = this.#parts;
    if (State.Status === 'removing') return undefined;
    const misnomer = misnomerOf(name, Config.Labels, idPrefix);
    if (!misnomer) this.#misnamed.delete(id);
    else if (!this.#misnamed.has(id)) {
      this.#misnamed.add(id);
      const told = { container: name.slice(1), ...misnomer, allowed: idsAllowed };
      log.warn(told, 'a container is not guarded: this is no valid id');
    }
    return nameOf(name, Config.Labels, idPrefix);
  }

  /** Whoever is the agent already. Only what the guard itself puts beside a container may be the same agent. */
  #rivalOf(agentId: AgentId, { Id: id, Name: name, Config }: ContainerFacts): Member | undefined {
    if (isBeside(name, Config.Labels)) return undefined;
    return this.containers(agentId).find(({ facts, name: whole }) => {
      // No two containers have one name: of the other it is known that it is renamed or gone by now.
      if (facts.Id === id || facts.Name === name) return false;
      return !isBeside(facts.Name, facts.Config.Labels) || `/${whole}` !== name;
    });
  }

  /** An agent that has lost its container is from now on the one that would have been it. */
  #fill(agentId: AgentId): void {
    const next = this.#byAgent.has(agentId) || this.#held.has(agentId) ? undefined : this.#strangers.next(agentId);
    if (next) this.take(next);
  }

  /** Between its old container and the new one there is none for a moment, or until a guard takes it up again. */
  #isAwaited(agentId: AgentId): boolean {
    if (this.#byAgent.has(agentId)) return false;
    return this.#held.has(agentId) || this.#parts.book.get(agentId).kept?.some(({ by }) => by === '') === true;
  }

  #enter(member: Member): void {
    const { facts, agentId, group } = member;
    const known = this.#members.get(facts.Id);
    if (known && (known.agentId !== agentId || known.group !== group)) this.#leave(known);
    if (known && known.agentId !== agentId) {
      this.#fill(known.agentId);
      this.#tell(known.agentId);
    }
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
      if (this.#isAwaited(agentId)) return;
      this.#health.delete(agentId);
      if (this.#told.delete(agentId)) this.#parts.publish({ type: 'removed', agentId });
      return;
    }
    const agent = discovered(member, this.#reach, this);
    const text = canonicalJson(agent);
    if (this.#told.get(agentId) !== text) {
      this.#told.set(agentId, text);
      this.#parts.publish({ type: 'present', agent });
    }
    this.#tellHealth(member);
    this.#tellUnasked(member);
  }

  /** A label names a port and nobody can be asked there: of each container and reason once. */
  #tellUnasked({ agentId, facts }: Member): void {
    const endpoint = runs(facts) ? endpointOf(facts, this.#reach) : undefined;
    if (!endpoint || 'url' in endpoint || this.#unasked.get(facts.Id) === endpoint.why) return;
    this.#unasked.set(facts.Id, endpoint.why);
    this.#parts.log.warn({ agentId, container: facts.Name.slice(1), ...endpoint }, 'an agent is asked nothing');
  }

  #tellHealth(member: Member): void {
    const { instanceId, agentId, facts } = member;
    const health = `${instanceId} ${facts.State.StartedAt} ${facts.State.Health?.Status ?? ''}`;
    if (this.#health.get(agentId) === health) return;
    this.#health.set(agentId, health);
    for (const told of healthOf(member, this.#parts.now())) this.#parts.publish(told);
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
