import type { AgentConfig, PolicyOf } from '../config/guard-config.ts';
import type { AgentSlot, AgentView, Clock, DiscoveredAgent, FleetView, Registration } from '../contracts/index.ts';
import { guardError } from '../contracts/index.ts';
import type { Agent, AgentId, GroupId, Instance, InstanceId, Json, JsonObject } from '../model/index.ts';
import { canonicalJson } from '../model/index.ts';
import { readRecord, recordOf } from './agent-record.ts';
import { agentOf, endpointOf, groupOf, unnamedInstance, type EndpointSource, type Entry } from './entry.ts';
import { adopt, announcedEndpoint, applyDiscovered, applyRegistration, retire, type Turn } from './incarnation.ts';
import { checkedId, checkedRegistration } from './registration-check.ts';
import { SortedIds } from './sorted-ids.ts';

/** What a change of the fleet amounted to. The caller tells the rest of the engine. */
export interface FleetChange {
  readonly kind: 'added' | 'instance-replaced' | 'changed' | 'unchanged' | 'removed';
  readonly slot: AgentSlot;
  readonly agent: Agent;
}

export interface FleetOptions {
  readonly policyOf: PolicyOf;
  readonly clock: Clock;
}

/** Where an instance is to be reached, and who said so. */
export interface KnownEndpoint {
  readonly endpoint: string;
  readonly source: EndpointSource;
  /** Where the orchestrator says that it is, where somebody else's word goes first. */
  readonly instead?: string;
}

const noSlots: ReadonlySet<AgentSlot> = new Set();

/**
 * Who is in the fleet. Three sources are merged by id: existence follows the orchestrator, policy the config, endpoints
 * the registration. Keeps which instance is current and which were retired, so that signals of another never count.
 * Tells nobody of a change: each method returns what it amounted to.
 */
export class Fleet implements FleetView {
  readonly #clock: Clock;
  readonly #policyOf: PolicyOf;
  readonly #slotById = new Map<AgentId, AgentSlot>();
  readonly #entries: (Entry | undefined)[] = [];
  readonly #free: AgentSlot[] = [];
  readonly #groups = new Map<GroupId, Set<AgentSlot>>();
  readonly #configured = new Map<AgentId, AgentConfig>();
  readonly #ids = new SortedIds();

  constructor({ policyOf, clock }: FleetOptions) {
    this.#policyOf = policyOf;
    this.#clock = clock;
  }

  get size(): number {
    return this.#slotById.size;
  }

  get slots(): number {
    return this.#entries.length;
  }

  agent(slot: AgentSlot): AgentView | undefined {
    return this.#entries[slot]?.view;
  }

  slotOf(agentId: string): AgentSlot | undefined {
    return this.#slotById.get(agentId);
  }

  /** The agent's slot; throws `GUARD_AGENT_UNKNOWN`. */
  requireSlot(agentId: AgentId): AgentSlot {
    const slot = this.#slotById.get(agentId);
    if (slot === undefined) throw guardError('GUARD_AGENT_UNKNOWN', { agentId });
    return slot;
  }

  /** What signals of an instance are worth: `unknown` ones do not count either, but are not told to stop. */
  standing(slot: AgentSlot, instanceId: InstanceId): 'current' | 'retired' | 'unknown' {
    const entry = this.#entries[slot];
    if (!entry) return 'unknown';
    const { current } = entry;
    if (current && (current.id === instanceId || entry.alias === instanceId)) return 'current';
    if (entry.retired.includes(instanceId)) return 'retired';
    // Nobody ever named an instance: any counts.
    return (current?.anonymous ?? entry.retired.length === 0) ? 'current' : 'unknown';
  }

  /** Where the current instance is reached, or another one that announced itself. */
  endpointOf(slot: AgentSlot, instanceId?: InstanceId): KnownEndpoint | undefined {
    const entry = this.#entries[slot];
    if (!entry) return undefined;
    if (instanceId === undefined || instanceId === entry.current?.id) return endpointOf(entry);
    const listed = entry.discovered?.instance;
    if (listed?.id === instanceId && listed.endpoint !== undefined) {
      return { endpoint: listed.endpoint, source: 'orchestrator' };
    }
    const announced = announcedEndpoint(entry, instanceId);
    return announced === undefined ? undefined : { endpoint: announced, source: 'registration' };
  }

  /**
   * An orchestrator listed the agent. Throws `GUARD_AGENT_ID`, and `GUARD_AGENT_CONFLICT` when another orchestrator
   * runs an agent of that id.
   */
  upsertDiscovered(agent: DiscoveredAgent, orchestrator: string): FleetChange {
    const id = checkedId(agent.id);
    checkedId(agent.group);
    checkedId(agent.instance.id);
    const owner = this.#entryOf(id)?.orchestrator;
    if (owner !== undefined && owner !== orchestrator) {
      throw guardError('GUARD_AGENT_CONFLICT', {
        agentId: id,
        why: `orchestrator ${owner}, and ${orchestrator} lists it too`,
      });
    }
    return this.#change(id, agent.group, (entry) => applyDiscovered(entry, agent, orchestrator));
  }

  /**
   * An agent registered itself. Throws `GUARD_AGENT_ID`, `GUARD_AGENT_INVALID`, `GUARD_AGENT_CONFLICT` (another group),
   * `GUARD_AGENT_STALE` (a lower generation) and `GUARD_AGENT_RETIRED` (an instance that was replaced).
   */
  register(registration: Registration): FleetChange {
    const checked = checkedRegistration(registration);
    this.#checkGroup(checked.id, checked.group);
    return this.#change(checked.id, checked.group, (entry) => applyRegistration(entry, checked));
  }

  /** A control plane says which instance is current from now on. Errors as for `register`. */
  adopt(agentId: AgentId, group: GroupId, instance: Instance): FleetChange {
    const id = checkedId(agentId);
    checkedId(instance.id);
    this.#checkGroup(id, checkedId(group));
    return this.#change(id, group, (entry) => {
      entry.commanded = { group };
      return adopt(entry, instance);
    });
  }

  /** The instance no longer counts; the agent stays. `undefined` when there is no such agent. */
  retire(agentId: AgentId, instanceId: InstanceId): FleetChange | undefined {
    const entry = this.#entryOf(agentId);
    return entry && this.#change(agentId, entry.view.agent.group, () => retire(entry, instanceId));
  }

  /**
   * The config names the agent. It exists from then on only if the config gives it a group or an endpoint; else the
   * settings wait for it.
   */
  addConfigured(agentId: AgentId, config: AgentConfig): FleetChange | undefined {
    const id = checkedId(agentId);
    this.#configured.set(id, config);
    if (!this.#slotById.has(id) && config.group === undefined && config.endpoint === undefined) return undefined;
    return this.#change(id, config.group ?? 'default', (entry) => {
      entry.configured = config;
      if (entry.current || config.endpoint === undefined) return 'same';
      entry.current = { id: unnamedInstance, generation: 1, named: false, anonymous: true };
      return 'same';
    });
  }

  /** The agent left for good. */
  remove(agentId: AgentId): FleetChange | undefined {
    const entry = this.#entryOf(agentId);
    if (!entry) return undefined;
    const { agent } = entry.view;
    this.#slotById.delete(agentId);
    this.#entries[entry.slot] = undefined;
    this.#free.push(entry.slot);
    this.#ids.remove(agentId);
    this.#leaveGroup(agent.group, entry.slot);
    return { kind: 'removed', slot: entry.slot, agent };
  }

  /** An orchestrator begins to list what it runs, at the start or after a broken connection. */
  beginListing(orchestrator: string): void {
    for (const entry of this.#entries) if (entry?.orchestrator === orchestrator) entry.listed = false;
  }

  /**
   * The list is complete. Agents known only under an instance the orchestrator does not list take the one it lists;
   * `missing` are the agents it no longer lists at all: gone, unless a recovery of them is under way.
   */
  synced(orchestrator: string): { readonly changes: readonly FleetChange[]; readonly missing: readonly Agent[] } {
    const changes: FleetChange[] = [];
    const missing: Agent[] = [];
    for (const entry of this.#entries) {
      if (entry?.orchestrator !== orchestrator) continue;
      const { discovered } = entry;
      if (!entry.listed) missing.push(entry.view.agent);
      else if (discovered && discovered.instance.id !== entry.current?.id) {
        changes.push(
          this.#change(entry.id, discovered.group, () => applyDiscovered(entry, discovered, orchestrator, true)),
        );
      }
    }
    return { changes, missing };
  }

  /** Agents in order of their ids, after `after`, at most `limit`, only those the filter takes. */
  list(after: AgentId | undefined, limit: number, filter?: (slot: AgentSlot, view: AgentView) => boolean): AgentView[] {
    const found: AgentView[] = [];
    for (const id of this.#ids.from(after)) {
      if (found.length >= limit) break;
      const entry = this.#entryOf(id);
      if (entry && (!filter || filter(entry.slot, entry.view))) found.push(entry.view);
    }
    return found;
  }

  /** The slots of a group's agents; a live view, do not keep it over a change. */
  byGroup(group: GroupId): ReadonlySet<AgentSlot> {
    return this.#groups.get(group) ?? noSlots;
  }

  /** Groups with at least one agent. */
  groups(): IterableIterator<GroupId> {
    return this.#groups.keys();
  }

  /** Whether the agent has said itself where it is to be reached, in its last registration. */
  isSelfAddressed(slot: AgentSlot): boolean {
    return this.#entries[slot]?.registration?.endpoint !== undefined;
  }

  /** What has to outlive the guard: the registration, the current instance, the retired ones. */
  record(slot: AgentSlot): JsonObject | undefined {
    const entry = this.#entries[slot];
    return entry && recordOf(entry);
  }

  /** The current instance sent a heartbeat; returns its agent if that is news, and the record has changed. */
  heard(slot: AgentSlot): Agent | undefined {
    const entry = this.#entries[slot];
    if (!entry?.current || entry.heard === entry.current.id) return undefined;
    entry.heard = entry.current.id;
    return entry.view.agent;
  }

  /**
   * Takes a record back; throws `GUARD_STATE_CORRUPT` when it is not one. An agent that was listed or has registered
   * since the start keeps what it has.
   */
  restore(record: Json): FleetChange {
    const { id, group, into } = readRecord(record);
    const entry = this.#entryOf(id);
    return this.#change(id, group, entry?.discovered || entry?.registration ? () => 'same' : into);
  }

  #entryOf(agentId: AgentId): Entry | undefined {
    const slot = this.#slotById.get(agentId);
    return slot === undefined ? undefined : this.#entries[slot];
  }

  #checkGroup(agentId: AgentId, group: GroupId): void {
    const known = this.#entryOf(agentId)?.view.agent.group ?? this.#configured.get(agentId)?.group;
    if (known !== undefined && known !== group) {
      throw guardError('GUARD_AGENT_CONFLICT', { agentId, why: `group ${known}, not ${group}` });
    }
  }

  /** Lets `turn` change an entry, new or old, and says what came of it. A turn that throws leaves nothing behind. */
  #change(id: AgentId, group: GroupId, turn: (entry: Entry) => Turn): FleetChange {
    const known = this.#entryOf(id);
    const entry = known ?? this.#blank(id);
    const turned = turn(entry);
    if (!known) this.#enter(entry);
    if (turned === 'replaced' || !known) entry.sinceMs = this.#clock.monotonic();
    const before = known && canonicalJson(known.view.agent);
    const agent = agentOf(entry, groupOf(entry) ?? group);
    if (before !== undefined && turned === 'same' && before === canonicalJson(agent)) {
      return { kind: 'unchanged', slot: entry.slot, agent: entry.view.agent };
    }
    if (known && known.view.agent.group !== agent.group) this.#leaveGroup(known.view.agent.group, entry.slot);
    this.#joinGroup(agent.group, entry.slot);
    entry.view = this.#viewOf(entry, agent);
    const kind = !known ? 'added' : turned === 'replaced' ? 'instance-replaced' : 'changed';
    return { kind, slot: entry.slot, agent };
  }

  #viewOf({ heardBefore, current, sinceMs }: Entry, agent: Agent): AgentView {
    const beats = heardBefore !== undefined && heardBefore === current?.id;
    return { agent, policy: this.#policyOf(agent), sinceMs, ...(beats ? { beats } : {}) };
  }

  #blank(id: AgentId): Entry {
    const configured = this.#configured.get(id);
    return {
      slot: this.#free.at(-1) ?? this.#entries.length,
      id,
      configured,
      listed: false,
      retired: [],
      announced: [],
      sinceMs: 0,
      view: undefined as unknown as AgentView,
    };
  }

  #enter(entry: Entry): void {
    if (this.#free.at(-1) === entry.slot) this.#free.pop();
    this.#entries[entry.slot] = entry;
    this.#slotById.set(entry.id, entry.slot);
    this.#ids.add(entry.id);
  }

  #joinGroup(group: GroupId, slot: AgentSlot): void {
    const members = this.#groups.get(group);
    if (members) members.add(slot);
    else this.#groups.set(group, new Set([slot]));
  }

  #leaveGroup(group: GroupId, slot: AgentSlot): void {
    const members = this.#groups.get(group);
    members?.delete(slot);
    if (members?.size === 0) this.#groups.delete(group);
  }
}
