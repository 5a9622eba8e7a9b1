import type { AgentSlot, Clock, Logger, Registration, StateStore, StoreOp } from '../contracts/index.ts';
import { isGuardError, messageOf } from '../contracts/index.ts';
import type { Fleet, FleetChange } from '../fleet/index.ts';
import type { Agent, AgentId } from '../model/index.ts';
import type { EventBus } from '../runtime/index.ts';
import { keys } from '../state/keys.ts';
import type { IncidentLog } from './incident-log.ts';
import type { Ownership } from './ownership.ts';

export interface MembersOptions {
  readonly fleet: Fleet;
  readonly store: StateStore;
  readonly ownership: Ownership;
  readonly incidents: IncidentLog;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly log: Logger;
  /** A new agent or a new instance of one: whatever was measured of the old one is dropped. */
  reset(slot: AgentSlot): void;
  /** Labels or endpoint changed, the instance did not. */
  changed(slot: AgentSlot): void;
  removed(slot: AgentSlot, agent: Agent): void;
  /** Passes a change on to those who follow the built-in control plane. */
  announce(change: FleetChange): void;
  /** Brings what follows from health and incident up to date. */
  sync(agentId: AgentId): void;
}

/** Who comes and goes: one way for inventory, registration, config and control plane; and the durable record of it. */
export class Members {
  readonly #o: MembersOptions;
  readonly #dirty = new Set<AgentId>();
  /** Gone while a recovery of them is under way. */
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
    const { store, fleet, ownership, log } = this.#o;
    for (let shard = 0; shard < ownership.shards; shard += 1) {
      let after: string | undefined;
      do {
        const page = await store.list(keys.agents(shard), { limit: 500, ...(after ? { after } : {}) });
        for (const { key, value } of page) {
          try {
            this.changed(fleet.restore(value));
          } catch (thrown) {
            log.error({ key, err: messageOf(thrown) }, 'a stored agent was passed over');
          }
        }
        after = page.length < 500 ? undefined : page.at(-1)?.key;
      } while (after !== undefined);
    }
    this.#dirty.clear();
  }

  /** Tells the rest of the engine of a change of the fleet. */
  changed(change: FleetChange): void {
    if (change.kind === 'unchanged' || change.kind === 'removed') return;
    const { agent, slot, kind } = change;
    this.#missing.delete(agent.id);
    if (kind === 'changed') this.#o.changed(slot);
    else this.#o.reset(slot);
    this.#dirty.add(agent.id);
    this.#o.announce(change);
    this.#o.sync(agent.id);
    if (kind === 'added') this.#o.bus.emit('agent.registered', { agent });
  }

  /** The agent is gone by another's hand. While a recovery of it is under way its absence is part of that. */
  gone(agentId: AgentId): void {
    if (this.#o.incidents.openFor(agentId)?.state === 'acting') this.#missing.add(agentId);
    else this.remove(agentId);
  }

  /** The recovery is over: if the agent was gone meanwhile and has not come back, it is gone for good. */
  recoveryOver(agentId: AgentId): void {
    if (this.#missing.delete(agentId)) this.remove(agentId);
  }

  remove(agentId: AgentId): void {
    const change = this.#o.fleet.remove(agentId);
    if (!change) return;
    this.#dirty.delete(agentId);
    this.#o.removed(change.slot, change.agent);
    this.#o.announce(change);
    this.#o.bus.emit('agent.deregistered', { agentId, group: change.agent.group });
    void this.#commit(change.agent.group, [{ op: 'delete', key: this.#key(change.agent), when: 'any' }]);
  }

  /** An agent registered itself; the registration outlives the guard before it is answered. */
  async register(registration: Registration): Promise<FleetChange> {
    const change = this.#o.fleet.register(registration);
    this.changed(change);
    await this.flush();
    return change;
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
    const byShard = new Map<number, { group: string; ops: StoreOp[] }>();
    for (const agentId of this.#dirty) {
      const slot = this.#o.fleet.slotOf(agentId);
      const agent = slot === undefined ? undefined : this.#o.fleet.agent(slot)?.agent;
      const value = slot === undefined ? undefined : this.#o.fleet.record(slot);
      if (!agent || !value) continue;
      const shard = this.#o.ownership.shard(agent.group);
      const batch = byShard.get(shard) ?? { group: agent.group, ops: [] };
      batch.ops.push({ op: 'put', key: this.#key(agent), value, when: 'any' });
      byShard.set(shard, batch);
    }
    this.#dirty.clear();
    for (const { group, ops } of byShard.values()) await this.#commit(group, ops);
  }

  #key(agent: Agent): string {
    return keys.agent(this.#o.ownership.shard(agent.group), agent.id);
  }

  async #commit(group: string, ops: readonly StoreOp[]): Promise<void> {
    const { store, ownership, log } = this.#o;
    const partition = keys.partition(ownership.shard(group));
    try {
      await store.commit(partition, ops, { fence: ownership.fence(group), durability: 'relaxed' });
    } catch (thrown) {
      if (isGuardError(thrown, 'GUARD_STATE_CLOSED')) return;
      log.error({ partition, err: messageOf(thrown) }, 'the record of an agent could not be written');
    }
  }
}
