import {
  type AgentId,
  type ConfigOverride,
  type EpochMs,
  type Instance,
  type Json,
  type Receipt,
  type StateStore,
  type StoreOp,
} from '@praetorian-guard/core/plugin';
import type { ProcessIdentity } from './process-table.ts';

/** One process, as the journal knows it. */
export interface ProcessRecord {
  readonly instanceId: string;
  readonly generation: number;
  /** Mark of ownership in the environment of the process. */
  readonly key: string;
  readonly port: number;
  readonly boot: string;
  /**
   * `spawning`: journaled, about to be started. `running`: started. `ended`: gone, and not by our doing.
   * `stopped`: ended by the guard's own stop; started again by the next guard.
   */
  readonly phase: 'spawning' | 'running' | 'ended' | 'stopped';
  readonly identity?: ProcessIdentity;
  readonly startedAt?: EpochMs;
  readonly command: readonly string[];
  readonly override?: ConfigOverride;
  readonly scratch?: string;
  readonly exit?: ExitData;
}

export interface ExitData {
  readonly code?: number;
  readonly signal?: string;
  readonly at: EpochMs;
  readonly detail?: string;
}

/** Everything known of one agent, stored under one key so that it changes as a whole. */
export interface AgentEntry {
  readonly agentId: AgentId;
  /** Highest generation ever given out; instance ids are never reused. */
  readonly lastGeneration: number;
  /** The instance the inventory shows; another may live beside it for a while. */
  readonly currentId?: string;
  readonly instances: readonly ProcessRecord[];
}

const partition = 'process';
const agentPrefix = 'agent/';
const pageSize = 200;
/** A key is never asked for again after an incident is over; a week covers the longest approvals. */
const receiptTtlMs = 7 * 24 * 3_600_000;

/** The journal of processes: read once at the start, written through. */
export class RecordBook {
  readonly #store: StateStore;
  readonly #entries = new Map<AgentId, AgentEntry>();

  constructor(store: StateStore) {
    this.#store = store;
  }

  async load(): Promise<void> {
    for (let after: string | undefined; ;) {
      const page = await this.#store.list(
        agentPrefix,
        after === undefined ? { limit: pageSize } : { after, limit: pageSize },
      );
      for (const { value } of page) {
        const entry = value as unknown as AgentEntry;
        this.#entries.set(entry.agentId, entry);
      }
      if (page.length < pageSize) return;
      after = page.at(-1)?.key;
    }
  }

  entries(): readonly AgentEntry[] {
    return [...this.#entries.values()];
  }

  get(agentId: AgentId): AgentEntry {
    return this.#entries.get(agentId) ?? { agentId, lastGeneration: 0, instances: [] };
  }

  instance(agentId: AgentId, instanceId: string): ProcessRecord | undefined {
    return this.get(agentId).instances.find((record) => record.instanceId === instanceId);
  }

  current(agentId: AgentId): ProcessRecord | undefined {
    const entry = this.get(agentId);
    return entry.instances.find((record) => record.instanceId === entry.currentId);
  }

  /** Stores entries, and with the last of an action also its receipt, in one commit. */
  async put(entries: readonly AgentEntry[], receipt?: Receipt): Promise<void> {
    const ops: StoreOp[] = entries.map((entry) => ({
      op: 'put',
      key: agentPrefix + entry.agentId,
      value: json(entry),
      when: 'any',
    }));
    if (receipt)
      ops.push({ op: 'put', key: receiptKey(receipt.key), value: json(receipt), when: 'any', ttlMs: receiptTtlMs });
    await this.#store.commit(partition, ops, { durability: 'sync' });
    for (const entry of entries) this.#entries.set(entry.agentId, entry);
  }

  async forget(agentId: AgentId): Promise<void> {
    // The number of the last generation is kept, so that an agent that comes back does not reuse instance ids.
    await this.put([{ agentId, lastGeneration: this.get(agentId).lastGeneration, instances: [] }]);
  }

  async receipt(key: string): Promise<Receipt | undefined> {
    return (await this.#store.get(receiptKey(key)))?.value as unknown as Receipt | undefined;
  }

  /** Replicas a group was scaled to, unless the config has changed its mind since. */
  async replicas(group: string, configured: number): Promise<number> {
    const stored = (await this.#store.get(`replicas/${group}`))?.value as
      | { configured: number; count: number }
      | undefined;
    return stored?.configured === configured ? stored.count : configured;
  }

  async setReplicas(group: string, configured: number, count: number): Promise<void> {
    const op: StoreOp = { op: 'put', key: `replicas/${group}`, value: { configured, count }, when: 'any' };
    await this.#store.commit(partition, [op], { durability: 'sync' });
  }
}

/** The instance as the engine sees it. */
export function instanceOf(record: ProcessRecord): Instance {
  const { identity, startedAt } = record;
  const { memoryLimit } = record.override ?? {};
  return {
    id: record.instanceId,
    generation: record.generation,
    ref: { ...identity, key: record.key },
    endpoint: `http://127.0.0.1:${record.port}`,
    ...(startedAt === undefined ? {} : { startedAt }),
    state: record.phase === 'running' ? 'running' : 'exited',
    ...(memoryLimit === undefined ? {} : { memoryLimitMb: memoryLimit / 1024 ** 2 }),
  };
}

/** The record of the highest generation. */
export function newest(records: readonly ProcessRecord[]): ProcessRecord | undefined {
  return [...records].sort((a, b) => b.generation - a.generation)[0];
}

function receiptKey(key: string): string {
  return `receipt/${key}`;
}

/** Entries hold only what JSON can; the cast says it to the compiler, which cannot see it for interfaces. */
function json(value: object): Json {
  return structuredClone(value) as Json;
}
