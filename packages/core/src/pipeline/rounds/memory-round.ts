import type { AgentSlot, Clock, Logger, StateStore, StoreOp } from '../../contracts/index.ts';
import { isGuardError, messageOf } from '../../contracts/index.ts';
import type { Detection } from '../../detection/index.ts';
import type { Fleet } from '../../fleet/index.ts';
import type { AgentId, EpochMs, GroupId, Json, JsonObject, Ms } from '../../model/index.ts';
import { keys } from '../../state/index.ts';
import type { Ownership } from '../ownership.ts';

/** How often there is a round. */
const roundMs: Ms = 10_000;
/** An agent's memory is written this often at most. */
const againMs: Ms = 60_000;
/** Agents written in one round, so that a large fleet is spread over minutes. */
const roundMax = 200;
const commitMax = 50;
/** The memory of an agent that never comes back ends by itself. */
const ttlMs: Ms = 31 * 86_400_000;
/** What was read at the start and nobody asked for is let go after this. */
const unclaimedMs: Ms = 3_600_000;
const version = 1;

export interface MemoryRoundOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly store: StateStore;
  readonly fleet: Fleet;
  readonly detection: Detection;
  readonly ownership: Ownership;
}

interface Waiting {
  readonly at: EpochMs;
  readonly kept: JsonObject;
}

/**
 * Keeps what detectors want to remember of agents over a restart of the guard, such as the counts of 30 days of service
 * levels. Written a few agents at a time and relaxed: a crash costs about a minute of it, in a fleet of thousands some
 * minutes.
 */
export class MemoryRound {
  readonly #o: MemoryRoundOptions;
  readonly #waiting = new Map<AgentId, Waiting>();
  readonly #savedMs = new Map<AgentSlot, Ms>();
  /** Written once more: the store did not take them. */
  readonly #again = new Set<AgentSlot>();
  readonly #left = new Map<AgentId, GroupId>();
  #nextMs: Ms = -Infinity;
  #unclaimedAtMs: Ms = Infinity;
  #writing: Promise<void> | undefined;
  #failing = false;

  constructor(options: MemoryRoundOptions) {
    this.#o = options;
  }

  /** Reads what was kept; before the agents are restored. */
  async load(): Promise<void> {
    const { store, ownership, clock } = this.#o;
    for (let shard = 0; shard < ownership.shards; shard += 1) {
      const prefix = keys.memories(shard);
      let after: string | undefined;
      do {
        const page = await store.list(prefix, { limit: 200, ...(after ? { after } : {}) });
        for (const { key, value } of page) this.#read(key.slice(prefix.length), value);
        after = page.length < 200 ? undefined : page.at(-1)?.key;
      } while (after !== undefined);
    }
    this.#unclaimedAtMs = clock.monotonic() + unclaimedMs;
  }

  /** An agent is known (again): its detectors get back what they kept. */
  restore(slot: AgentSlot): void {
    const { fleet, detection, clock } = this.#o;
    const agentId = fleet.agent(slot)?.agent.id ?? '';
    const waiting = this.#waiting.get(agentId);
    if (!waiting) return;
    this.#waiting.delete(agentId);
    // A wall clock that was set back in between must not make the future of it.
    const agoMs = Math.max(0, clock.now() - waiting.at);
    detection.memory.load(slot, waiting.kept, clock.monotonic() - agoMs);
  }

  /** The agent left for good: nothing of it is kept. */
  remove(slot: AgentSlot, agentId: AgentId, group: GroupId): void {
    this.#savedMs.delete(slot);
    this.#again.delete(slot);
    this.#waiting.delete(agentId);
    this.#left.set(agentId, group);
  }

  tick(nowMs: Ms): void {
    if (nowMs < this.#nextMs || this.#writing) return;
    this.#nextMs = nowMs + roundMs;
    if (nowMs > this.#unclaimedAtMs) this.#waiting.clear();
    const due = this.#due(nowMs).slice(0, roundMax);
    if (due.length === 0 && this.#left.size === 0) return;
    this.#writing = this.#write(due).finally(() => (this.#writing = undefined));
  }

  /** Writes everything that is new; for the stop. */
  async stop(): Promise<void> {
    await this.#writing;
    if (this.#failing) return;
    await this.#write([...this.#unsaved()]);
  }

  #unsaved(): ReadonlySet<AgentSlot> {
    return new Set([...this.#again, ...this.#o.detection.memory.unsaved()]);
  }

  /** The longest unwritten first. */
  #due(nowMs: Ms): AgentSlot[] {
    const of = (slot: AgentSlot): Ms => this.#savedMs.get(slot) ?? -Infinity;
    const due = [...this.#unsaved()].filter((slot) => nowMs - of(slot) >= againMs);
    return due.length <= roundMax ? due : due.sort((a, b) => of(a) - of(b) || a - b);
  }

  async #write(slots: readonly AgentSlot[]): Promise<void> {
    const { fleet, detection, clock } = this.#o;
    const nowMs = clock.monotonic();
    const batches = new Map<GroupId, { readonly slots: AgentSlot[]; readonly ops: StoreOp[] }>();
    const of = (group: GroupId): { readonly slots: AgentSlot[]; readonly ops: StoreOp[] } => {
      const batch = batches.get(group) ?? { slots: [], ops: [] };
      batches.set(group, batch);
      return batch;
    };
    for (const [agentId, group] of this.#left) {
      const key = keys.memory(this.#o.ownership.shard(group), agentId);
      of(group).ops.push({ op: 'delete', key, when: 'any' });
    }
    this.#left.clear();
    for (const slot of slots) {
      const agent = fleet.agent(slot)?.agent;
      const kept = agent && detection.memory.save(slot, nowMs);
      this.#again.delete(slot);
      this.#savedMs.set(slot, nowMs);
      if (!agent || !kept) continue;
      const batch = of(agent.group);
      batch.slots.push(slot);
      const key = keys.memory(this.#o.ownership.shard(agent.group), agent.id);
      batch.ops.push({ op: 'put', key, value: { v: version, at: clock.now(), kept }, when: 'any', ttlMs });
    }
    for (const [group, batch] of batches) await this.#commit(group, batch.slots, batch.ops);
  }

  async #commit(group: GroupId, slots: readonly AgentSlot[], ops: readonly StoreOp[]): Promise<void> {
    const { store, ownership, log } = this.#o;
    try {
      const partition = keys.partition(ownership.shard(group));
      for (let at = 0; at < ops.length; at += commitMax) {
        const some = ops.slice(at, at + commitMax);
        await store.commit(partition, some, { fence: ownership.fence(group), durability: 'relaxed' });
      }
      this.#failing = false;
    } catch (thrown) {
      for (const slot of slots) this.#again.add(slot);
      if (!this.#failing && !isGuardError(thrown, 'GUARD_STATE_CLOSED'))
        log.warn({ group, err: messageOf(thrown) }, 'the memory of detectors could not be written; it is tried again');
      this.#failing = true;
    }
  }

  #read(agentId: AgentId, value: Json): void {
    const { v, at, kept } = (value ?? {}) as { v?: Json; at?: Json; kept?: Json };
    const isKept = typeof kept === 'object' && kept !== null && !Array.isArray(kept);
    if (v === version && typeof at === 'number' && isKept) this.#waiting.set(agentId, { at, kept: kept as JsonObject });
    else this.#o.log.warn({ agentId }, 'the stored memory of an agent is damaged; its detectors begin anew');
  }
}
