import type { AgentSlot, Clock, Logger, Registration, StateStore, StoreOp } from '../../contracts/index.ts';
import { isGuardError, messageOf } from '../../contracts/index.ts';
import type { Fleet, FleetChange } from '../../fleet/index.ts';
import type { Agent, AgentId, Attempt, GroupId, Incident, InstanceId, Json, JsonObject } from '../../model/index.ts';
import type { EventBus } from '../../runtime/index.ts';
import { keys } from '../../state/keys.ts';
import type { IncidentLog } from '../incidents/incident-log.ts';
import type { Ownership } from '../ownership.ts';

export interface MembersOptions {
  readonly fleet: Fleet;
  readonly store: StateStore;
  readonly ownership: Ownership;
  readonly incidents: IncidentLog;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether an orchestrator of that name is configured. */
  isOrchestrator(name: string): boolean;
  /** A new agent or a new instance of one: whatever was measured of the old one is dropped. */
  reset(slot: AgentSlot): void;
  /** The process of the current instance may be another under the same name. */
  begunAnew(slot: AgentSlot): void;
  /** Labels or endpoint changed, the instance did not. */
  changed(slot: AgentSlot): void;
  removed(slot: AgentSlot, agent: Agent): void;
  /** The instance that counts again has ended, and that was told while another one counted. */
  ended(agentId: AgentId, instanceId: InstanceId): void;
  /** Passes a change on to those who follow the built-in control plane. */
  announce(change: FleetChange): void;
  /** Brings what follows from health and incident up to date. */
  sync(agentId: AgentId): void;
}

/** Who comes and goes: one way for inventory, registration, config and control plane; and the durable record of it. */
export class Members {
  readonly #o: MembersOptions;
  /** Whose record has to be written or, of those who left, deleted. */
  readonly #dirty = new Map<AgentId, GroupId>();
  /** Why the last write of a record failed. */
  readonly #unwritten = new Map<AgentId, unknown>();
  /** Gone, and it may be a recovery of theirs that did it. */
  readonly #missing = new Set<AgentId>();
  /** The write under way, or the last one. */
  #writing: Promise<void> = Promise.resolve();
  /** The write that begins after it, for everybody whose change came too late for the one under way. */
  #next: Promise<void> | undefined;

  constructor(options: MembersOptions) {
    this.#o = options;
  }

  /** Takes back who was registered when the guard stopped. */
  async load(): Promise<void> {
    const { store, ownership } = this.#o;
    for (let shard = 0; shard < ownership.shards; shard += 1) {
      let after: string | undefined;
      do {
        const page = await store.list(keys.agents(shard), { limit: 500, ...(after ? { after } : {}) });
        for (const { key, value } of page) this.#restore(key, value);
        after = page.length < 500 ? undefined : page.at(-1)?.key;
      } while (after !== undefined);
    }
    this.#dirty.clear();
  }

  #restore(key: string, value: Json): void {
    const { fleet, log } = this.#o;
    try {
      const record = this.#withoutFormer(value);
      if (record === undefined) log.info({ key }, 'the orchestrator of an agent is not configured any more');
      else this.changed(fleet.restore(record));
    } catch (thrown) {
      log.error({ key, err: messageOf(thrown) }, 'a stored agent was passed over');
    }
  }

  /**
   * The record of an agent whose orchestrator's plugin was removed or goes by another name now: what is left is its own
   * registration. Else no other orchestrator could ever take the agent over.
   */
  #withoutFormer(record: Json): Json | undefined {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) return record;
    const { orchestrator, ...rest } = record as JsonObject;
    if (typeof orchestrator !== 'string' || this.#o.isOrchestrator(orchestrator)) return record;
    return rest['registration'] === undefined ? undefined : rest;
  }

  /** Tells the rest of the engine of a change of the fleet. */
  changed(change: FleetChange): void {
    if (change.kind === 'unchanged' || change.kind === 'removed') return;
    const { agent, slot, kind } = change;
    this.#missing.delete(agent.id);
    if (kind === 'changed') this.#o.changed(slot);
    else this.#o.reset(slot);
    this.#dirty.set(agent.id, agent.group);
    this.#o.announce(change);
    this.#o.sync(agent.id);
    if (kind !== 'changed') this.#o.bus.emit('agent.registered', { agent });
  }

  /** The first heartbeat of an instance: that it sends them has to outlive the guard. */
  heard(slot: AgentSlot): void {
    const agent = this.#o.fleet.heard(slot);
    if (agent) this.#dirty.set(agent.id, agent.group);
  }

  /** The agent is gone by another's hand, unless a recovery of it took it away. */
  gone(agentId: AgentId): void {
    const incident = this.#o.incidents.openFor(agentId);
    if (incident?.state === 'acting' || (incident && isLeftBroken(incident.attempts.at(-1)))) {
      this.#missing.add(agentId);
    } else this.remove(agentId);
  }

  /**
   * An incident moved on. An agent that was gone meanwhile and has not come back is gone for good, unless the guard's
   * own action left it so: then it is the guard's to bring back, or a person's, until the incident is resolved.
   */
  moved(incident: Incident): void {
    const { agentId, state, attempts } = incident;
    if (!this.#missing.has(agentId) || state === 'acting' || state === 'watching') return;
    if (state !== 'resolved' && isLeftBroken(attempts.at(-1))) return;
    this.#missing.delete(agentId);
    this.remove(agentId);
  }

  remove(agentId: AgentId): void {
    const change = this.#o.fleet.remove(agentId);
    if (!change) return;
    this.#missing.delete(agentId);
    this.#o.removed(change.slot, change.agent);
    this.#o.announce(change);
    this.#o.bus.emit('agent.deregistered', { agentId, group: change.agent.group });
    this.#dirty.set(agentId, change.agent.group);
    void this.flush();
  }

  /** An agent registered itself; the registration outlives the guard before it is answered, or it is refused. */
  async register(registration: Registration): Promise<FleetChange> {
    const { fleet } = this.#o;
    const change = fleet.register(registration);
    this.changed(change);
    const { instance } = registration;
    if (instance === undefined || fleet.standing(change.slot, instance) === 'current') this.#o.begunAnew(change.slot);
    await this.#written(change.agent.id);
    return change;
  }

  /** A person took it out of the fleet. That outlives the guard before this resolves, or it rejects. */
  async deregister(agentId: AgentId): Promise<void> {
    this.remove(agentId);
    await this.#written(agentId);
  }

  /** An instance was ended on purpose. Who is current then outlives the guard before this resolves, or it rejects. */
  async retire(agentId: AgentId, instanceId: InstanceId): Promise<void> {
    const change = this.#o.fleet.retire(agentId, instanceId);
    if (!change) return;
    this.changed(change);
    const { instance } = change.agent;
    if (change.kind === 'instance-replaced' && instance?.state === 'exited') this.#o.ended(agentId, instance.id);
    await this.#written(agentId);
  }

  async #written(agentId: AgentId): Promise<void> {
    await this.flush();
    if (this.#dirty.has(agentId) && this.#unwritten.has(agentId)) throw this.#unwritten.get(agentId);
  }

  /** Resolves when everything that has changed up to now is written down: one commit a shard, however many there are. */
  async flush(): Promise<void> {
    if (this.#dirty.size === 0) return this.#writing;
    this.#next ??= this.#writeAfter(this.#writing);
    return this.#next;
  }

  async #writeAfter(before: Promise<void>): Promise<void> {
    await before;
    this.#next = undefined;
    this.#writing = this.#write();
    return this.#writing;
  }

  async #write(): Promise<void> {
    const byShard = new Map<number, { group: GroupId; ids: AgentId[]; ops: StoreOp[] }>();
    for (const [agentId, left] of this.#dirty) {
      const slot = this.#o.fleet.slotOf(agentId);
      const group = (slot === undefined ? undefined : this.#o.fleet.agent(slot)?.agent.group) ?? left;
      const value = slot === undefined ? undefined : this.#o.fleet.record(slot);
      const shard = this.#o.ownership.shard(group);
      const key = keys.agent(shard, agentId);
      const batch = byShard.get(shard) ?? { group, ids: [], ops: [] };
      batch.ids.push(agentId);
      batch.ops.push(value ? { op: 'put', key, value, when: 'any' } : { op: 'delete', key, when: 'any' });
      byShard.set(shard, batch);
    }
    this.#dirty.clear();
    for (const { group, ids, ops } of byShard.values()) {
      const thrown = await this.#commit(group, ops);
      for (const id of ids) {
        if (!thrown) this.#unwritten.delete(id);
        else {
          this.#unwritten.set(id, thrown.why);
          // With the next tick once more; a change that came meanwhile is in it as well.
          if (!this.#dirty.has(id)) this.#dirty.set(id, group);
        }
      }
    }
  }

  /** What the store threw, if it did; told once, not at every try. */
  async #commit(group: GroupId, ops: readonly StoreOp[]): Promise<{ readonly why: unknown } | undefined> {
    const { store, ownership, log } = this.#o;
    const partition = keys.partition(ownership.shard(group));
    try {
      await store.commit(partition, ops, { fence: ownership.fence(group), durability: 'relaxed' });
      return undefined;
    } catch (thrown) {
      if (this.#unwritten.size === 0 && !isGuardError(thrown, 'GUARD_STATE_CLOSED'))
        log.error(
          { partition, err: messageOf(thrown) },
          'the record of an agent could not be written; it is tried again',
        );
      return { why: thrown };
    }
  }
}

/** The attempt did something to the agent and did not heal it. What was overtaken or called off did nothing. */
function isLeftBroken(attempt: Attempt | undefined): boolean {
  return (
    attempt?.verdict !== undefined &&
    attempt.verdict !== 'healed' &&
    attempt.steps.some(
      (step) =>
        (step.state === 'started' || step.state === 'finished') &&
        step.effect.type === 'action' &&
        (step.state === 'started' || !['superseded', 'cancelled'].includes(step.receipt.result)),
    )
  );
}
