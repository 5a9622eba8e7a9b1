import type { AgentId, EpochMs, Json, JsonObject, Ms, StateStore, StoreOp } from '@praetorian-guard/core/plugin';
import type { Endings, Seen } from './endings.ts';

/** A container that is being replaced, or was and is kept for a while. */
export interface Kept {
  readonly containerId: string;
  /** The name it bore, and bears again when it comes back. */
  readonly name: string;
  /** The action that replaces it. */
  readonly key: string;
  /** The one that took its place; empty until that runs. */
  readonly by: string;
  readonly since: EpochMs;
  /** It ran before, and runs again when it comes back. */
  readonly running: boolean;
  /** Its restart policy, which is off while it is kept. */
  readonly policy?: { readonly Name: string; readonly MaximumRetryCount?: number | undefined };
}

/** What has to be known of an agent beside what the engine knows. */
export interface AgentEntry {
  readonly agentId: AgentId;
  /** Highest generation ever given out. */
  readonly lastGeneration: number;
  /** Generations of its containers, by their id; the last few. */
  readonly generations: { readonly [containerId: string]: number };
  readonly kept?: readonly Kept[];
  /** Networks that an isolated container has left, with what it needs to come back. */
  readonly isolated?: { readonly containerId: string; readonly networks: { readonly [name: string]: JsonObject } };
  /** The action by which its container is ended for good. */
  readonly endedBy?: string;
  /** Since when it has no container at all. */
  readonly goneSince?: EpochMs;
}

/** Who is there now. */
export interface Present {
  readonly isAgent: (agentId: AgentId) => boolean;
  readonly isContainer: (containerId: string) => boolean;
}

const partition = 'docker';
const agentPrefix = 'agent/';
const endPrefix = 'end/';
const cursorKey = 'cursor';
const pageSize = 200;
/** An agent without a container is remembered for a week: who comes back later counts its generations anew. */
const rememberedMs: Ms = 7 * 24 * 3_600_000;
const generationsMax = 8;
/** A label may say any number; counting has to be able to go on from it. */
const generationMax = 1_000_000_000;

/** The memory of the plugin in the guard's store: read once at the start, written through. */
export class Book {
  readonly #store: StateStore;
  readonly #endings: Endings;
  readonly #entries = new Map<AgentId, AgentEntry>();
  #cursor: string | undefined;
  readonly #unwritten = new Set<AgentId>();
  #writing: Promise<void> = Promise.resolve();

  /** `endings`: how containers came to their ends, which an engine forgets soon, is remembered here. */
  constructor(store: StateStore, endings: Endings) {
    this.#store = store;
    this.#endings = endings;
  }

  async load(): Promise<void> {
    this.#cursor = ((await this.#store.get(cursorKey))?.value as { stamp?: string } | undefined)?.stamp;
    for await (const [, value] of this.#all(agentPrefix)) {
      const entry = value as unknown as AgentEntry;
      this.#entries.set(entry.agentId, entry);
    }
    const ends: [string, Seen][] = [];
    for await (const [key, value] of this.#all(endPrefix))
      ends.push([key.slice(endPrefix.length), value as unknown as Seen]);
    this.#endings.restore(ends);
  }

  async *#all(prefix: string): AsyncGenerator<readonly [string, Json]> {
    for (let after: string | undefined; ;) {
      const page = await this.#store.list(prefix, { limit: pageSize, ...(after === undefined ? {} : { after }) });
      for (const { key, value } of page) yield [key, value];
      if (page.length < pageSize) return;
      after = page.at(-1)?.key;
    }
  }

  entries(): readonly AgentEntry[] {
    return [...this.#entries.values()];
  }

  get(agentId: AgentId): AgentEntry {
    return this.#entries.get(agentId) ?? { agentId, lastGeneration: 0, generations: {} };
  }

  /** Up to where the events of the engine were seen by this guard or the one before it. */
  get cursor(): string | undefined {
    return this.#cursor;
  }

  /** The generation of a container: as its label says, as it was, or the next one. Written with `flush`. */
  generation(agentId: AgentId, containerId: string, label: string | undefined): number {
    const entry = this.get(agentId);
    const known = entry.generations[containerId];
    if (known !== undefined) return known;
    const told = Number(label);
    const usable = Number.isSafeInteger(told) && told > 0 && told <= generationMax;
    const generation = usable ? told : entry.lastGeneration + 1;
    const generations = Object.entries({ ...entry.generations, [containerId]: generation }).slice(-generationsMax);
    this.#entries.set(agentId, {
      ...entry,
      lastGeneration: Math.max(entry.lastGeneration, generation),
      generations: Object.fromEntries(generations),
    });
    this.#unwritten.add(agentId);
    return generation;
  }

  /** The networks of an isolated container, whoever's it is. */
  isolatedFrom(containerId: string): { readonly [name: string]: JsonObject } | undefined {
    for (const { isolated } of this.#entries.values())
      if (isolated?.containerId === containerId) return isolated.networks;
    return undefined;
  }

  /**
   * Forgets what an isolated container had left once that container is gone, and agents that have had none for a week; those
   * that were made under a name of their own never end else.
   */
  forgetGone({ isAgent, isContainer }: Present, now: EpochMs): void {
    for (const [agentId, known] of this.#entries) {
      const { goneSince, ...entry } = isIsolationOver(known, isContainer) ? withoutIsolation(known) : known;
      const isNeeded = isAgent(agentId) || (entry.kept ?? []).length > 0 || entry.isolated !== undefined;
      if (isNeeded && goneSince === undefined && entry.isolated === known.isolated) continue;
      if (isNeeded) this.#entries.set(agentId, entry);
      else if (goneSince === undefined) this.#entries.set(agentId, { ...entry, goneSince: now });
      else if (now - goneSince > rememberedMs) this.#entries.delete(agentId);
      else continue;
      this.#unwritten.add(agentId);
    }
  }

  /** Changes an entry, and stores it before this resolves. */
  async change(agentId: AgentId, turn: (entry: AgentEntry) => AgentEntry): Promise<void> {
    await this.#inTurn(async () => {
      const entry = turn(this.get(agentId));
      await this.#store.commit(partition, [putOf(entry)], { durability: 'sync' });
      // A generation may have been given out while it was written; that one is written with the next flush.
      const { lastGeneration, generations } = this.get(agentId);
      this.#entries.set(agentId, { ...entry, lastGeneration, generations });
    });
  }

  /** Writes down generations that were given out, how containers ended, and how far the events were seen for that. */
  async flush(cursor: string | undefined): Promise<void> {
    await this.#inTurn(async () => {
      const agentIds = [...this.#unwritten];
      const ends = this.#endings.takeUnwritten();
      const moved = cursor !== undefined && cursor !== this.#cursor;
      if (agentIds.length === 0 && ends.size === 0 && !moved) return;
      this.#unwritten.clear();
      const ops = [...agentIds.map((agentId) => this.#opOf(agentId)), ...[...ends].map(endOpOf)];
      if (moved) ops.push({ op: 'put', key: cursorKey, value: { stamp: cursor }, when: 'any' });
      try {
        await this.#store.commit(partition, ops, { durability: 'relaxed' });
        if (moved) this.#cursor = cursor;
      } catch (error) {
        for (const agentId of agentIds) this.#unwritten.add(agentId);
        this.#endings.giveBack(ends.keys());
        throw error;
      }
    });
  }

  #opOf(agentId: AgentId): StoreOp {
    const entry = this.#entries.get(agentId);
    return entry ? putOf(entry) : { op: 'delete', key: agentPrefix + agentId, when: 'any' };
  }

  /** One write after another: an older state of an entry must not follow a newer one. */
  #inTurn(write: () => Promise<void>): Promise<void> {
    const turn = this.#writing.then(write);
    this.#writing = turn.catch(() => undefined);
    return turn;
  }
}

/** A kept container may come back, and is isolated still. */
function isIsolationOver({ isolated, kept = [] }: AgentEntry, isContainer: Present['isContainer']): boolean {
  if (!isolated) return false;
  return !isContainer(isolated.containerId) && kept.every((one) => one.containerId !== isolated.containerId);
}

function withoutIsolation({ isolated: _isolated, ...entry }: AgentEntry): AgentEntry {
  return entry;
}

function putOf(entry: AgentEntry): StoreOp {
  // An entry holds only what JSON can; the compiler cannot see that of an interface.
  return { op: 'put', key: agentPrefix + entry.agentId, value: structuredClone(entry) as unknown as Json, when: 'any' };
}

function endOpOf([containerId, seen]: readonly [string, Seen | undefined]): StoreOp {
  const key = endPrefix + containerId;
  if (seen === undefined) return { op: 'delete', key, when: 'any' };
  return { op: 'put', key, value: structuredClone(seen) as unknown as Json, when: 'any' };
}
