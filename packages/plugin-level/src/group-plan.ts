import type { Clock, CommitOptions, Versions, When } from '@praetorian-guard/core/plugin';
import { guardError } from '@praetorian-guard/core/plugin';
import {
  decodeHeld,
  dueOf,
  encodeValue,
  entryKey,
  expiryKey,
  fenceKey,
  type Held,
  seqOfEntry,
  streamRange,
  valueKey,
  versionKey,
  versionText,
} from './layout.ts';
import type { LevelDatabase } from './level-client.ts';
import type { PreparedOp } from './prepared-op.ts';

/** A commit that was asked for. */
export interface Request {
  readonly partition: string;
  readonly ops: readonly PreparedOp[];
  readonly options: CommitOptions;
  /** Keys of the expiry index that are due; what they point to goes if it is still the same. */
  readonly due?: readonly string[];
}

interface Span {
  readonly first: number;
  readonly last: number;
}

/** What the store keeps in memory between two writes; about 100 bytes for each stream and partition in use. */
export interface Memory {
  readonly fences: Map<string, number>;
  readonly streams: Map<string, Span>;
  lastVersion: number;
  /** Versions up to this one are given out by now, so far as the disk knows. */
  reservedVersion: number;
}

/** How many versions are reserved by one write; a restart skips the rest. */
const versionsReserved = 1_000_000;

/** The effects of one request, or of all of a group that were accepted. */
interface Layer {
  readonly held: Map<string, Held | undefined>;
  readonly fences: Map<string, number>;
  readonly streams: Map<string, Span>;
  readonly changes: Map<string, Buffer | undefined>;
}

const emptyLayer = (): Layer => ({ held: new Map(), fences: new Map(), streams: new Map(), changes: new Map() });

/**
 * Judges the requests of one group one after another, each on what those before it will have left behind, and gathers
 * their changes for a single write.
 */
export class GroupPlan {
  readonly #memory: Memory;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #group = emptyLayer();
  #request = emptyLayer();

  private constructor(memory: Memory, clock: Pick<Clock, 'now'>) {
    this.#memory = memory;
    this.#clock = clock;
  }

  /** Reads everything the requests depend on, at once, so that judging them needs no pause. */
  static async load(
    db: LevelDatabase,
    memory: Memory,
    clock: Pick<Clock, 'now'>,
    requests: readonly Request[],
  ): Promise<GroupPlan> {
    const plan = new GroupPlan(memory, clock);
    const keys = new Set<string>();
    const fences = new Set<string>();
    const streams = new Set<string>();
    for (const { partition, ops, options, due } of requests) {
      if (options.fence !== undefined && !memory.fences.has(partition)) fences.add(partition);
      for (const op of ops) {
        if (op.op === 'append') streams.add(op.stream);
        else if (op.when !== 'any' || (op.op === 'write' && op.ttlMs !== undefined)) keys.add(op.key);
      }
      for (const dbKey of due ?? []) keys.add(dueOf(dbKey).key);
    }
    const [records, tokens] = await Promise.all([
      db.getMany([...keys].map(valueKey)),
      db.getMany([...fences].map(fenceKey)),
      ...[...streams].filter((stream) => !memory.streams.has(stream)).map((stream) => loadSpan(db, memory, stream)),
    ]);
    [...keys].forEach((key, at) => plan.#group.held.set(key, records[at] && decodeHeld(records[at])));
    [...fences].forEach((partition, at) => memory.fences.set(partition, Number(tokens[at]?.toString() ?? 0)));
    return plan;
  }

  /** Changes of all requests accepted so far. */
  get changes(): ReadonlyMap<string, Buffer | undefined> {
    return this.#group.changes;
  }

  /** Accepts a request whole, or throws what forbids it and forgets it whole. */
  add(request: Request): Versions {
    this.#request = emptyLayer();
    this.#checkFence(request);
    for (const dbKey of request.due ?? []) this.#expire(dbKey);
    const versions: Record<string, string> = {};
    for (const op of request.ops) this.#apply(op, versions);
    merge(this.#request.held, this.#group.held);
    merge(this.#request.fences, this.#group.fences);
    merge(this.#request.streams, this.#group.streams);
    merge(this.#request.changes, this.#group.changes);
    this.#reserveVersions();
    return versions;
  }

  /** Takes the effects over into memory, once they are written. Returns the streams that grew. */
  remember(): Iterable<string> {
    merge(this.#group.fences, this.#memory.fences);
    merge(this.#group.streams, this.#memory.streams);
    return this.#group.streams.keys();
  }

  #checkFence({ partition, options: { fence } }: Request): void {
    if (fence === undefined) return;
    const highest = this.#group.fences.get(partition) ?? this.#memory.fences.get(partition) ?? 0;
    if (fence < highest) throw guardError('GUARD_STATE_FENCED', { partition, fence, highest });
    if (fence === highest) return;
    this.#request.fences.set(partition, fence);
    this.#request.changes.set(fenceKey(partition), Buffer.from(String(fence)));
  }

  #apply(op: PreparedOp, versions: Record<string, string>): void {
    if (op.op === 'append') {
      this.#append(op);
      return;
    }
    this.#checkWhen(op.key, op.when);
    this.#unindex(op.key);
    if (op.op === 'delete') {
      this.#request.held.set(op.key, undefined);
      this.#request.changes.set(valueKey(op.key), undefined);
      delete versions[op.key];
      return;
    }
    this.#memory.lastVersion += 1;
    const expiresAt = op.ttlMs === undefined ? 0 : this.#clock.now() + op.ttlMs;
    const held: Held = { version: this.#memory.lastVersion, expiresAt };
    this.#request.held.set(op.key, held);
    this.#request.changes.set(valueKey(op.key), encodeValue(op.kind, held, op.payload));
    if (expiresAt > 0) this.#request.changes.set(expiryKey(expiresAt, op.key), Buffer.alloc(0));
    versions[op.key] = versionText(held.version);
  }

  /**
   * What is written anew needs its old place in the index no more. Where the old value was not read, the place is left to
   * the sweep: only a value that is written again and again with a time to live would fill the index.
   */
  #unindex(key: string): void {
    const { expiresAt } = this.#held(key) ?? { expiresAt: 0 };
    if (expiresAt > 0) this.#request.changes.set(expiryKey(expiresAt, key), undefined);
  }

  #append({ stream, payload, keep }: PreparedOp & { op: 'append' }): void {
    const { first, last } = this.#span(stream);
    const seq = last + 1;
    const kept = Math.max(first, seq - keep + 1);
    this.#request.changes.set(entryKey(stream, seq), payload);
    for (let old = first; old < kept; old += 1) this.#request.changes.set(entryKey(stream, old), undefined);
    this.#request.streams.set(stream, { first: kept, last: seq });
  }

  #span(stream: string): Span {
    const known =
      this.#request.streams.get(stream) ?? this.#group.streams.get(stream) ?? this.#memory.streams.get(stream);
    return known ?? { first: 1, last: 0 };
  }

  #checkWhen(key: string, when: When): void {
    if (when === 'any') return;
    const held = this.#live(key);
    const expected = when === 'absent' ? 'absent' : when.version;
    const found = held === undefined ? 'absent' : versionText(held.version);
    if (found !== expected) throw guardError('GUARD_STATE_CONFLICT', { key, expected, found });
  }

  #live(key: string): Held | undefined {
    const held = this.#held(key);
    return held && held.expiresAt > 0 && held.expiresAt <= this.#clock.now() ? undefined : held;
  }

  #held(key: string): Held | undefined {
    return this.#request.held.has(key) ? this.#request.held.get(key) : this.#group.held.get(key);
  }

  #expire(dbKey: string): void {
    const { key, expiresAt } = dueOf(dbKey);
    this.#request.changes.set(dbKey, undefined);
    // Written anew since: the newer value has its own entry in the index, or lives for ever.
    if (Math.ceil(this.#held(key)?.expiresAt ?? 0) !== expiresAt) return;
    this.#request.held.set(key, undefined);
    this.#request.changes.set(valueKey(key), undefined);
  }

  #reserveVersions(): void {
    if (this.#memory.lastVersion <= this.#memory.reservedVersion) return;
    this.#memory.reservedVersion = this.#memory.lastVersion + versionsReserved;
    this.#group.changes.set(versionKey, Buffer.from(String(this.#memory.reservedVersion)));
  }
}

async function loadSpan(db: LevelDatabase, memory: Memory, stream: string): Promise<[]> {
  const range = streamRange(stream);
  const [first] = await db.page(range, 1);
  const [last] = first ? await db.page({ ...range, reverse: true }, 1) : [];
  if (first && last) memory.streams.set(stream, { first: seqOfEntry(first[0]), last: seqOfEntry(last[0]) });
  return [];
}

function merge<V>(from: ReadonlyMap<string, V>, into: Map<string, V>): void {
  for (const [key, value] of from) into.set(key, value);
}
