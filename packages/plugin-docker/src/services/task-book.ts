import type { AgentId, EpochMs, Json, Ms, Receipt, StateStore, StoreOp } from '@praetorian-guard/core/plugin';

/** Tasks of an agent by the generation each was given. */
interface Entry {
  readonly agentId: AgentId;
  /** Highest generation ever given out or promised. */
  readonly lastGeneration: number;
  /** By the id of the task; the last few. */
  readonly generations: { readonly [taskId: string]: number };
  /** Since when it is no agent any more. */
  readonly goneSince?: EpochMs;
}

const partition = 'swarm';
const agentPrefix = 'swarm/agent/';
const receiptsKey = 'swarm/receipts';
const pageSize = 200;
const generationsMax = 8;
const receiptsMax = 50;
/** Services come and go, and some never come again. Who is back after a week counts its generations anew. */
const rememberedMs: Ms = 7 * 24 * 3_600_000;

/** The memory of the plugin in the guard's store: read once at the start, written through. */
export class TaskBook {
  readonly #store: StateStore;
  readonly #entries = new Map<AgentId, Entry>();
  readonly #unwritten = new Set<AgentId>();
  #receipts: readonly Receipt[] = [];

  constructor(store: StateStore) {
    this.#store = store;
  }

  async load(): Promise<void> {
    this.#receipts = ((await this.#store.get(receiptsKey))?.value ?? []) as unknown as readonly Receipt[];
    for (let after: string | undefined; ;) {
      const page = await this.#store.list(agentPrefix, { limit: pageSize, ...(after === undefined ? {} : { after }) });
      for (const { value } of page) {
        const entry = value as unknown as Entry;
        this.#entries.set(entry.agentId, entry);
      }
      if (page.length < pageSize) return;
      after = page.at(-1)?.key;
    }
  }

  /** The generation of a task: as it was, or the next one. Written with `flush`. */
  generation(agentId: AgentId, taskId: string): number {
    const entry = this.#get(agentId);
    const known = entry.generations[taskId];
    if (known !== undefined) return known;
    const generation = entry.lastGeneration + 1;
    const generations = Object.entries({ ...entry.generations, [taskId]: generation }).slice(-generationsMax);
    this.#set({ agentId, lastGeneration: generation, generations: Object.fromEntries(generations) });
    return generation;
  }

  /** The next task of the agent is to have this generation, or a later one. */
  promise(agentId: AgentId, generation: number): void {
    const entry = this.#get(agentId);
    if (generation - 1 > entry.lastGeneration) this.#set({ ...entry, lastGeneration: generation - 1 });
  }

  /** The task that was the instance of an agent last. */
  lastTask(agentId: AgentId): string | undefined {
    const known = Object.entries(this.#get(agentId).generations);
    return known.toSorted(([, a], [, b]) => a - b).at(-1)?.[0];
  }

  /** What came of an action that had an effect. */
  receipt(key: string): Receipt | undefined {
    return this.#receipts.find((receipt) => receipt.key === key);
  }

  async record(receipt: Receipt): Promise<void> {
    const others = this.#receipts.filter(({ key }) => key !== receipt.key);
    const receipts = [...others, receipt].slice(-receiptsMax);
    const value = structuredClone(receipts) as unknown as Json;
    await this.#store.commit(partition, [{ op: 'put', key: receiptsKey, value, when: 'any' }], { durability: 'sync' });
    this.#receipts = receipts;
  }

  /** Forgets agents that have been gone for a week. */
  forgetGone(isAgent: (agentId: AgentId) => boolean, now: EpochMs): void {
    for (const [agentId, { goneSince, ...entry }] of this.#entries) {
      const isHere = isAgent(agentId);
      if (isHere && goneSince !== undefined) this.#set(entry);
      if (isHere) continue;
      if (goneSince === undefined) this.#set({ ...entry, goneSince: now });
      else if (now - goneSince > rememberedMs) {
        this.#entries.delete(agentId);
        this.#unwritten.add(agentId);
      }
    }
  }

  /** Writes down generations that were given out. */
  async flush(): Promise<void> {
    const agentIds = [...this.#unwritten];
    if (agentIds.length === 0) return;
    this.#unwritten.clear();
    try {
      await this.#store.commit(
        partition,
        agentIds.map((agentId) => this.#opFor(agentId)),
        { durability: 'relaxed' },
      );
    } catch (error) {
      for (const agentId of agentIds) this.#unwritten.add(agentId);
      throw error;
    }
  }

  #opFor(agentId: AgentId): StoreOp {
    const entry = this.#entries.get(agentId);
    return entry ? putOf(entry) : { op: 'delete', key: agentPrefix + agentId, when: 'any' };
  }

  #get(agentId: AgentId): Entry {
    return this.#entries.get(agentId) ?? { agentId, lastGeneration: 0, generations: {} };
  }

  #set(entry: Entry): void {
    this.#entries.set(entry.agentId, entry);
    this.#unwritten.add(entry.agentId);
  }
}

function putOf(entry: Entry): StoreOp {
  // An entry holds only what JSON can; the compiler cannot see that of an interface.
  return { op: 'put', key: agentPrefix + entry.agentId, value: structuredClone(entry) as unknown as Json, when: 'any' };
}
