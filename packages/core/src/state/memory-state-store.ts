import type {
  Call,
  Clock,
  CommitOptions,
  Page,
  StateStore,
  StoreOp,
  StreamEntry,
  Version,
  Versioned,
  Versions,
  When,
} from '../contracts/index.ts';
import { checkStoreKey, checkStoreOps, guardError, storeJson, StreamTails } from '../contracts/index.ts';
import type { EpochMs, Json } from '../model/index.ts';

/** One key: JSON or bytes, never both. */
interface Item {
  readonly version: Version;
  readonly json?: Json;
  readonly bytes?: Uint8Array;
  readonly expiresAt?: EpochMs;
}

interface Stream {
  entries: StreamEntry[];
  lastSeq: number;
}

/** Changes of a commit before they are applied. */
interface Draft {
  readonly items: Map<string, Item | undefined>;
  readonly appends: { readonly stream: string; readonly value: Json; readonly keep: number }[];
  readonly versions: Record<string, Version>;
}

/**
 * A store that forgets when the process ends: for tests, trials and embedders without durable state. What it was given
 * outlives `stop` and `start`, so that a restart of the guard alone can be tested with it.
 */
export class MemoryStateStore implements StateStore {
  readonly supports = { durable: false, shared: false } as const;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #items = new Map<string, Item>();
  readonly #streams = new Map<string, Stream>();
  readonly #fences = new Map<string, number>();
  readonly #tails = new StreamTails({
    read: (stream, after, limit) => this.read(stream, after, limit),
    lastSeq: (stream) => this.#streams.get(stream)?.lastSeq ?? 0,
  });
  #sorted: string[] | undefined;
  #lastVersion = 0;
  #open = true;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  async start(): Promise<void> {
    this.#open = true;
  }

  async stop(): Promise<void> {
    this.#open = false;
    this.#tails.wakeAll();
  }

  async now(): Promise<EpochMs> {
    return this.#clock.now();
  }

  async get(key: string): Promise<Versioned | undefined> {
    this.#check(key);
    return toVersioned(key, this.#live(key));
  }

  async getBytes(key: string): Promise<Uint8Array | undefined> {
    this.#check(key);
    return this.#live(key)?.bytes?.slice();
  }

  async list(prefix: string, page: Page): Promise<readonly Versioned[]> {
    this.#checkOpen();
    const sorted = (this.#sorted ??= [...this.#items.keys()].sort());
    const found: Versioned[] = [];
    for (let at = firstAt(sorted, prefix, page.after); at < sorted.length && found.length < page.limit; at += 1) {
      const key = sorted[at] as string;
      if (!key.startsWith(prefix)) break;
      const item = toVersioned(key, this.#live(key));
      if (item) found.push(item);
    }
    return found;
  }

  async commit(partition: string, ops: readonly StoreOp[], options: CommitOptions): Promise<Versions> {
    this.#checkOpen();
    checkStoreOps(partition, ops);
    const highest = this.#fences.get(partition) ?? 0;
    const { fence } = options;
    if (fence !== undefined && fence < highest) throw guardError('GUARD_STATE_FENCED', { partition, fence, highest });
    const draft: Draft = { items: new Map(), appends: [], versions: {} };
    for (const op of ops) this.#plan(op, draft);
    if (fence !== undefined) this.#fences.set(partition, fence);
    this.#apply(draft);
    return draft.versions;
  }

  async read(stream: string, after: number, limit: number): Promise<readonly StreamEntry[]> {
    this.#check(stream);
    const entries = this.#streams.get(stream)?.entries ?? [];
    const from = entries.length === 0 ? 0 : Math.max(0, after + 1 - (entries[0] as StreamEntry).seq);
    return entries.slice(from, from + limit);
  }

  tail(stream: string, after: number, call: Call): AsyncIterable<StreamEntry> {
    return this.#tails.tail(stream, after, call);
  }

  #plan(op: StoreOp, draft: Draft): void {
    if (op.op === 'append') {
      const value = frozenCopy(op.stream, op.value);
      draft.appends.push({ stream: op.stream, value, keep: op.keep ?? Infinity });
      return;
    }
    if (op.op !== 'putBytes') this.#checkWhen(op.key, op.when, draft);
    if (op.op === 'delete') {
      draft.items.set(op.key, undefined);
      delete draft.versions[op.key];
      return;
    }
    this.#lastVersion += 1;
    const version = String(this.#lastVersion);
    draft.versions[op.key] = version;
    draft.items.set(op.key, op.op === 'putBytes' ? { version, bytes: op.value.slice() } : this.#newItem(op, version));
  }

  #newItem(op: StoreOp & { op: 'put' }, version: Version): Item {
    const json = frozenCopy(op.key, op.value);
    return op.ttlMs === undefined ? { version, json } : { version, json, expiresAt: this.#clock.now() + op.ttlMs };
  }

  #checkWhen(key: string, when: When, draft: Draft): void {
    if (when === 'any') return;
    const item = draft.items.has(key) ? draft.items.get(key) : this.#live(key);
    const expected = when === 'absent' ? 'absent' : when.version;
    const found = item?.version ?? 'absent';
    if (found !== expected) throw guardError('GUARD_STATE_CONFLICT', { key, expected, found });
  }

  #apply(draft: Draft): void {
    for (const [key, item] of draft.items) {
      if (this.#items.has(key) !== (item !== undefined)) this.#sorted = undefined;
      if (item) this.#items.set(key, item);
      else this.#items.delete(key);
    }
    for (const { stream: name, value, keep } of draft.appends) {
      let stream = this.#streams.get(name);
      if (!stream) this.#streams.set(name, (stream = { entries: [], lastSeq: 0 }));
      stream.lastSeq += 1;
      stream.entries.push({ seq: stream.lastSeq, value });
      if (stream.entries.length > keep) stream.entries = stream.entries.slice(-keep);
    }
    for (const { stream } of draft.appends) this.#tails.wake(stream);
  }

  /** The item unless its time is over; one that is over is dropped here. */
  #live(key: string): Item | undefined {
    const item = this.#items.get(key);
    if (item?.expiresAt === undefined || item.expiresAt > this.#clock.now()) return item;
    this.#items.delete(key);
    this.#sorted = undefined;
    return undefined;
  }

  #check(key: string): void {
    this.#checkOpen();
    checkStoreKey(key);
  }

  #checkOpen(): void {
    if (!this.#open) throw guardError('GUARD_STATE_CLOSED');
  }
}

/** Position of the first key that is not below the prefix and lies after `after`. */
function firstAt(sorted: readonly string[], prefix: string, after: string | undefined): number {
  const inPage = (key: string): boolean => key >= prefix && (after === undefined || key > after);
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (inPage(sorted[middle] as string)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function toVersioned(key: string, item: Item | undefined): Versioned | undefined {
  return item?.json === undefined ? undefined : { key, value: item.json, version: item.version };
}

/** What a durable store would give back: the value by way of JSON text; frozen, because all readers share it. */
function frozenCopy(key: string, value: Json): Json {
  return deepFreeze(JSON.parse(storeJson(key, value)) as Json);
}

function deepFreeze(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
