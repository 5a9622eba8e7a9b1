import type { Clock, Logger, StateStore, StoreOp } from '../../contracts/index.ts';
import { isGuardError, messageOf } from '../../contracts/index.ts';
import { closedBreaker } from '../../decision/fleet-breaker.ts';
import type { FleetBreaker, GroupId, Json, Ms, Notice, Storm, StormId } from '../../model/index.ts';
import type { SerialQueue } from '../../runtime/index.ts';
import { keys } from '../../state/keys.ts';
import type { Ownership } from '../ownership.ts';

/** Storms that are over are kept this long, and so many of them in memory. */
const keepMs: Ms = 30 * 86_400_000;
const closedMax = 200;
/** Pause after a write that failed. */
const againMs: Ms = 1_000;

export interface StormLogOptions {
  readonly store: StateStore;
  readonly ownership: Ownership;
  readonly queue: SerialQueue;
  readonly clock: Clock;
  readonly log: Logger;
  /** Writes that put a message into the outbox. */
  noticeOps(notice: Notice): readonly StoreOp[];
  /** A storm was stored as it is now, with the messages about it. */
  storedStorm(before: Storm | undefined, storm: Storm, notices: readonly Notice[]): void;
  /** A breaker allows more than before, and that is stored. */
  storedBreaker(group: GroupId, before: FleetBreaker, breaker: FleetBreaker): void;
}

interface Batch {
  readonly breakers: Map<GroupId, FleetBreaker>;
  readonly storms: Map<StormId, { readonly storm: Storm; readonly notices: readonly Notice[] }>;
}

/**
 * The stored fleet breakers and storms. What forbids holds at once and is stored with the next tick; what allows holds
 * only once it is stored, so that a guard that dies in between has allowed nothing it does not remember.
 */
export class StormLog {
  readonly #o: StormLogOptions;
  readonly #wanted = new Map<GroupId, FleetBreaker>();
  readonly #effective = new Map<GroupId, FleetBreaker>();
  readonly #storms = new Map<StormId, Storm>();
  readonly #stored = new Map<StormId, Storm>();
  readonly #open = new Set<StormId>();
  readonly #closed: StormId[] = [];
  readonly #dirty = new Map<number, Batch>();
  readonly #writing = new Map<number, Promise<void>>();
  readonly #notBeforeMs = new Map<number, Ms>();

  constructor(options: StormLogOptions) {
    this.#o = options;
  }

  async load(): Promise<void> {
    const { ownership } = this.#o;
    for (let shard = 0; shard < ownership.shards; shard += 1) {
      const prefix = keys.breakers(shard);
      for await (const { key, value } of this.#all(prefix)) {
        const group = key.slice(prefix.length);
        this.#wanted.set(group, value as unknown as FleetBreaker);
        this.#effective.set(group, value as unknown as FleetBreaker);
      }
      for await (const { value } of this.#all(keys.storms(shard))) this.#restore(value as unknown as Storm);
    }
    const over = [...this.#storms.values()].filter((storm) => storm.state === 'closed');
    for (const { id } of over.sort((a, b) => a.changedAt - b.changedAt)) this.#noteClosed(id);
  }

  async *#all(prefix: string): AsyncIterable<{ key: string; value: Json }> {
    let after: string | undefined;
    for (;;) {
      const page = await this.#o.store.list(prefix, { limit: 200, ...(after ? { after } : {}) });
      yield* page;
      after = page.at(-1)?.key;
      if (page.length < 200 || after === undefined) return;
    }
  }

  #restore(storm: Storm): void {
    this.#hold(storm);
    this.#stored.set(storm.id, storm);
  }

  /** What holds for the group now. */
  breaker(group: GroupId): FleetBreaker {
    return this.#effective.get(group) ?? closedBreaker;
  }

  /** What is to hold once it is stored; the next change starts from here. */
  wanted(group: GroupId): FleetBreaker {
    return this.#wanted.get(group) ?? closedBreaker;
  }

  /** Groups whose breaker is not closed. */
  notClosed(): readonly GroupId[] {
    return [...this.#wanted].filter(([, { state }]) => state !== 'closed').map(([group]) => group);
  }

  want(group: GroupId, breaker: FleetBreaker): void {
    this.#wanted.set(group, breaker);
    if (breaker.state === 'open') this.#effective.set(group, breaker);
    this.#batch(group).breakers.set(group, breaker);
  }

  get(id: StormId): Storm | undefined {
    return this.#storms.get(id);
  }

  /** Newest first. */
  list(): readonly Storm[] {
    return [...this.#storms.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  open(): readonly Storm[] {
    return [...this.#open].map((id) => this.#storms.get(id) as Storm);
  }

  /** Takes over a changed storm; it is stored with the next tick, together with the messages about it. */
  put(storm: Storm, notices: readonly Notice[] = []): Storm {
    const version = (this.#stored.get(storm.id)?.version ?? 0) + 1;
    const changed = { ...storm, version, changedAt: this.#o.clock.now() };
    this.#hold(changed);
    const batch = this.#batch(storm.group);
    const earlier = batch.storms.get(storm.id)?.notices ?? [];
    batch.storms.set(storm.id, { storm: changed, notices: [...earlier, ...notices] });
    return changed;
  }

  #hold(storm: Storm): void {
    this.#storms.set(storm.id, storm);
    if (storm.state === 'open') this.#open.add(storm.id);
    else this.#open.delete(storm.id);
  }

  #batch(group: GroupId): Batch {
    const shard = this.#o.ownership.shard(group);
    const batch = this.#dirty.get(shard) ?? { breakers: new Map(), storms: new Map() };
    this.#dirty.set(shard, batch);
    return batch;
  }

  /** Stores everything that changed; with what failed it is tried again at a later call. */
  flush(): void {
    for (const shard of this.#dirty.keys()) {
      if (this.#writing.has(shard) || this.#o.clock.monotonic() < (this.#notBeforeMs.get(shard) ?? 0)) continue;
      this.#write(shard).catch((thrown: unknown) => this.#failed(shard, thrown));
    }
  }

  /** Resolves when the storm is stored as it was put last; rejects when it could not be. */
  async stored(storm: Storm): Promise<void> {
    const shard = this.#o.ownership.shard(storm.group);
    await this.#writing.get(shard);
    if (this.#dirty.get(shard)?.storms.has(storm.id)) await this.#write(shard);
  }

  #write(shard: number): Promise<void> {
    const writing = this.#o.queue.run(shard, () => this.#commit(shard));
    const done = writing.finally(() => {
      if (this.#writing.get(shard) === done) this.#writing.delete(shard);
    });
    this.#writing.set(shard, done);
    return done;
  }

  async #commit(shard: number): Promise<void> {
    const batch = this.#dirty.get(shard);
    if (!batch) return;
    this.#dirty.delete(shard);
    const { store, ownership } = this.#o;
    try {
      const fence = ownership.fenceOfShard(shard);
      // Without the lease nothing is written; what forbids holds in memory all the same.
      if (fence === undefined) return this.#putBack(shard, batch);
      await store.commit(keys.partition(shard), this.#ops(shard, batch), { fence, durability: 'sync' });
    } catch (thrown) {
      this.#putBack(shard, batch);
      throw thrown;
    }
    for (const [group, breaker] of batch.breakers) this.#promote(group, breaker);
    for (const { storm, notices } of batch.storms.values()) this.#remember(storm, notices);
  }

  #ops(shard: number, { breakers, storms }: Batch): readonly StoreOp[] {
    const put = (key: string, value: unknown): StoreOp => ({ op: 'put', key, value: value as Json, when: 'any' });
    return [
      ...[...breakers].map(([group, breaker]) => put(keys.breaker(shard, group), breaker)),
      ...[...storms.values()].flatMap(({ storm, notices }): readonly StoreOp[] => [
        { ...put(keys.storm(shard, storm.id), storm), ...(storm.state === 'closed' ? { ttlMs: keepMs } : {}) },
        ...notices.flatMap((notice) => this.#o.noticeOps(notice)),
      ]),
    ];
  }

  /** What changed since is newer and stays; messages are kept. */
  #putBack(shard: number, { breakers, storms }: Batch): void {
    const newer = this.#dirty.get(shard) ?? { breakers: new Map(), storms: new Map() };
    this.#dirty.set(shard, newer);
    for (const [group, breaker] of breakers) if (!newer.breakers.has(group)) newer.breakers.set(group, breaker);
    for (const [id, { storm, notices }] of storms) {
      const later = newer.storms.get(id);
      newer.storms.set(id, { storm: later?.storm ?? storm, notices: [...notices, ...(later?.notices ?? [])] });
    }
  }

  #promote(group: GroupId, breaker: FleetBreaker): void {
    const before = this.breaker(group);
    // Opened again while that was written: what forbids stands.
    if (this.wanted(group).state === 'open') return;
    this.#effective.set(group, breaker);
    if (before !== breaker) this.#o.storedBreaker(group, before, breaker);
  }

  #remember(storm: Storm, notices: readonly Notice[]): void {
    const before = this.#stored.get(storm.id);
    this.#stored.set(storm.id, storm);
    if (storm.state === 'closed' && before?.state !== 'closed') this.#noteClosed(storm.id);
    this.#o.storedStorm(before, storm, notices);
  }

  #noteClosed(id: StormId): void {
    this.#closed.push(id);
    while (this.#closed.length > closedMax) {
      const oldest = this.#closed.shift() as StormId;
      this.#storms.delete(oldest);
      this.#stored.delete(oldest);
    }
  }

  #failed(shard: number, thrown: unknown): void {
    const { clock, log } = this.#o;
    this.#notBeforeMs.set(shard, clock.monotonic() + againMs);
    if (isGuardError(thrown, 'GUARD_STATE_CLOSED')) return;
    log.error({ shard, err: messageOf(thrown) }, 'fleet breaker and storm could not be stored; it is tried again');
  }
}
