import { invariant } from '../contracts/errors.ts';
import type { Logger } from '../contracts/call.ts';
import type { StateStore, StoreOp } from '../contracts/state-store.ts';
import type { AgentId, Defect, EpochMs, History, LedgerEntry } from '../model/index.ts';
import { canonicalJson, isId } from '../model/index.ts';
import { historyOf, openDefects, type HistoryQuestion } from './history.ts';
import { type LedgerRecord, readRecord, toJson } from './record.ts';

/** Where the ledger lies in the store; `keys` of `state/` fits. */
export interface LedgerKeys {
  partition(shard: number): string;
  ledger(shard: number, agentId: AgentId): string;
}

export interface LedgerDeps {
  readonly store: StateStore;
  readonly keys: LedgerKeys;
  readonly log: Logger;
  /** The shard that owns the agent's group. */
  readonly shardOf: (agentId: AgentId) => number;
  /** Records kept per agent and stream [1000]. */
  readonly keep?: number;
  /** Agents whose records are kept in memory; the one unused for longest goes first [10 000]. */
  readonly agentsMax?: number;
}

/** What is in memory of an agent. Failures are apart, so that a flapping agent does not push out what was learned. */
interface Cached {
  readonly failures: LedgerRecord[];
  readonly rest: LedgerRecord[];
}

interface Loading {
  readonly done: Promise<Cached>;
  /** What was remembered while the store was read; the reading may or may not contain it. */
  readonly meanwhile: LedgerRecord[];
}

/**
 * What was learned: outcomes per failure signature and rung, failures, recurrence. Durable as two bounded streams per
 * agent; read once per agent and then answered from memory. A record is written in the same commit as the change of
 * the incident it belongs to (`opsFor`), and then told to the memory (`remember`).
 */
export class Ledger {
  readonly #deps: LedgerDeps;
  readonly #keep: number;
  readonly #agentsMax: number;
  /** In order of use, the oldest first. */
  readonly #cache = new Map<AgentId, Cached>();
  readonly #loading = new Map<AgentId, Loading>();

  constructor(deps: LedgerDeps) {
    this.#deps = deps;
    this.#keep = deps.keep ?? 1_000;
    this.#agentsMax = deps.agentsMax ?? 10_000;
  }

  /** What has to be committed for a record to last. Call `remember` once it was. */
  opsFor(record: LedgerRecord): readonly StoreOp[] {
    invariant(isId(record.agentId), 'a record of the ledger names its agent');
    return [
      { op: 'append', stream: this.#stream(record.agentId, record.type), value: toJson(record), keep: this.#keep },
    ];
  }

  /** Takes a committed record into memory. An agent that was not asked for yet is left to the store. */
  remember(record: LedgerRecord): void {
    this.#loading.get(record.agentId)?.meanwhile.push(record);
    const cached = this.#cache.get(record.agentId);
    if (cached) this.#add(cached, record);
  }

  /** Commits a record by itself. */
  async record(record: LedgerRecord, options: { readonly fence: number }): Promise<void> {
    const { store, keys, shardOf } = this.#deps;
    await store.commit(keys.partition(shardOf(record.agentId)), this.opsFor(record), {
      fence: options.fence,
      durability: 'sync',
    });
    this.remember(record);
  }

  /** Counts a transition to failed. */
  async noteFailure(agentId: AgentId, at: EpochMs, options: { readonly fence: number }): Promise<void> {
    await this.record({ type: 'failure', agentId, at }, options);
  }

  /** What the past says of an agent and a failure. Reads the store the first time an agent is asked for. */
  async history(agentId: AgentId, question: HistoryQuestion): Promise<History> {
    const { failures, rest } = await this.#of(agentId);
    return historyOf([...failures, ...rest], question);
  }

  /** The same without waiting; `undefined` until the agent was loaded. */
  historyNow(agentId: AgentId, question: HistoryQuestion): History | undefined {
    const cached = this.#cache.get(agentId);
    if (!cached) return undefined;
    this.#touch(agentId, cached);
    return historyOf([...cached.failures, ...cached.rest], question);
  }

  /** Defects of an agent that are open; nothing before the agent was loaded. */
  defectsNow(agentId: AgentId, now: EpochMs): readonly Defect[] {
    const cached = this.#cache.get(agentId);
    return cached ? openDefects(cached.rest, now) : [];
  }

  /** Attempts of an agent that are remembered, oldest first. */
  async attempts(agentId: AgentId): Promise<readonly LedgerEntry[]> {
    const { rest } = await this.#of(agentId);
    return rest.flatMap((record) => (record.type === 'attempt' ? [withoutType(record)] : []));
  }

  /** Reads agents into memory, so that `historyNow` answers. */
  async load(agentIds: readonly AgentId[]): Promise<void> {
    for (const agentId of agentIds) await this.#of(agentId);
  }

  /** The agent left, or its shard went to another guard: its memory may be stale from now on. */
  forget(agentId: AgentId): void {
    this.#cache.delete(agentId);
    this.#loading.delete(agentId);
  }

  async #of(agentId: AgentId): Promise<Cached> {
    const cached = this.#cache.get(agentId);
    if (cached) {
      this.#touch(agentId, cached);
      return cached;
    }
    const under = this.#loading.get(agentId);
    if (under) return under.done;
    const meanwhile: LedgerRecord[] = [];
    const done = this.#read(agentId, meanwhile);
    this.#loading.set(agentId, { done, meanwhile });
    return done;
  }

  async #read(agentId: AgentId, meanwhile: readonly LedgerRecord[]): Promise<Cached> {
    // After a `forget` the answer is good for whoever asked, but not to be kept.
    const isCurrent = (): boolean => this.#loading.get(agentId)?.meanwhile === meanwhile;
    try {
      const failures = await this.#records(agentId, 'failure');
      const rest = await this.#records(agentId, 'attempt');
      const cached: Cached = { failures, rest };
      const seen = new Set([...failures, ...rest].map(canonicalJson));
      for (const record of meanwhile) if (!seen.has(canonicalJson(record))) this.#add(cached, record);
      if (isCurrent()) this.#touch(agentId, cached);
      return cached;
    } finally {
      if (isCurrent()) this.#loading.delete(agentId);
    }
  }

  async #records(agentId: AgentId, type: LedgerRecord['type']): Promise<LedgerRecord[]> {
    const stream = this.#stream(agentId, type);
    const records: LedgerRecord[] = [];
    let after = 0;
    for (;;) {
      const page = await this.#deps.store.read(stream, after, 500);
      for (const { seq, value } of page) {
        const record = readRecord(value, agentId);
        if (record) records.push(record);
        else this.#deps.log.warn({ agentId, stream, seq }, 'a record of the ledger is damaged and was passed over');
      }
      const last = page.at(-1);
      if (!last || page.length < 500) return records.slice(-this.#keep);
      after = last.seq;
    }
  }

  #add(cached: Cached, record: LedgerRecord): void {
    const list = record.type === 'failure' ? cached.failures : cached.rest;
    list.push(record);
    if (list.length > this.#keep) list.splice(0, list.length - this.#keep);
  }

  #touch(agentId: AgentId, cached: Cached): void {
    this.#cache.delete(agentId);
    this.#cache.set(agentId, cached);
    if (this.#cache.size <= this.#agentsMax) return;
    const [oldest] = this.#cache.keys();
    if (oldest !== undefined) this.#cache.delete(oldest);
  }

  #stream(agentId: AgentId, type: LedgerRecord['type']): string {
    const stream = this.#deps.keys.ledger(this.#deps.shardOf(agentId), agentId);
    return type === 'failure' ? `${stream}/failures` : stream;
  }
}

function withoutType(record: Extract<LedgerRecord, { type: 'attempt' }>): LedgerEntry {
  const { type: _type, ...entry } = record;
  return entry;
}
