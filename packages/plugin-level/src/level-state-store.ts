import { join } from 'node:path';
import type {
  Call,
  Clock,
  CommitOptions,
  EpochMs,
  Logger,
  Metrics,
  Ms,
  Page,
  StateStore,
  StoreOp,
  StreamEntry,
  Subscription,
  Versioned,
  Versions,
} from '@praetorian-guard/core/plugin';
import { checkStoreKey, checkStoreOps, guardError, messageOf, StreamTails } from '@praetorian-guard/core/plugin';
import { GroupPlan, type Memory, type Request } from './group-plan.ts';
import {
  decodeHeld,
  dueRange,
  format,
  formatKey,
  keyOfValue,
  parseJson,
  payloadOf,
  seqOfEntry,
  streamRange,
  valueKey,
  valueRange,
  versionKey,
  versionText,
} from './layout.ts';
import { type LevelDatabase, openLevel } from './level-client.ts';
import { prepare } from './prepared-op.ts';

export interface LevelStateStoreOptions {
  /** Folder of the store; the database lies in its subfolder `level`. Made when missing. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** How the database is opened; replaced in tests of failing disks. */
  readonly open?: (folder: string) => Promise<LevelDatabase>;
}

interface Pending {
  readonly request: Request;
  readonly resolve: (versions: Versions) => void;
  readonly reject: (error: unknown) => void;
}

/** Commits that share one write at most. */
const groupMax = 256;
const sweepMs: Ms = 60_000;
const sweepMax = 500;

/**
 * A durable store in a folder of its own, for one process. Commits that arrive while one is being written wait and share
 * the next write, so that many writers cost few flushes of the disk.
 */
export class LevelStateStore implements StateStore {
  readonly supports = { durable: true, shared: false } as const;
  readonly #options: LevelStateStoreOptions;
  readonly #folder: string;
  readonly #queue: Pending[] = [];
  readonly #tails: StreamTails;
  #memory: Memory = { fences: new Map(), streams: new Map(), lastVersion: 0, reservedVersion: 0 };
  #db: LevelDatabase | undefined;
  #open = false;
  #opening: Promise<void> | undefined;
  #writing: Promise<void> | undefined;
  #sweeping: Promise<void> | undefined;
  #sweepTimer: Subscription | undefined;
  /** A write failed: what of it reached the disk is unknown until the database is opened anew. */
  #inDoubt = false;

  constructor(options: LevelStateStoreOptions) {
    this.#options = options;
    this.#folder = join(options.path, 'level');
    this.#tails = new StreamTails({
      read: (stream, after, limit) => this.read(stream, after, limit),
      lastSeq: (stream) => this.#memory.streams.get(stream)?.last ?? 0,
    });
  }

  start(): Promise<void> {
    this.#opening ??= this.#start().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async stop(): Promise<void> {
    if (!this.#opening) return;
    await this.#opening.catch(() => undefined);
    this.#opening = undefined;
    this.#open = false;
    this.#sweepTimer?.dispose();
    this.#tails.wakeAll();
    await this.#sweeping;
    await this.#writing;
    await this.#close();
  }

  /** The folder the store was given; its own files lie in a folder below. */
  get folder(): string {
    return this.#options.path;
  }

  async now(): Promise<EpochMs> {
    return this.#options.clock.now();
  }

  async get(key: string): Promise<Versioned | undefined> {
    const db = this.#ready(key);
    const record = await db.get(valueKey(key));
    return record && this.#toVersioned(key, record);
  }

  async getBytes(key: string): Promise<Uint8Array | undefined> {
    const db = this.#ready(key);
    const record = await db.get(valueKey(key));
    const payload = record && payloadOf('bytes', record);
    return payload && new Uint8Array(payload);
  }

  async list(prefix: string, page: Page): Promise<readonly Versioned[]> {
    const db = this.#ready();
    const found: Versioned[] = [];
    let after = page.after;
    for (let missing = page.limit; missing > 0; missing = page.limit - found.length) {
      const entries = await db.page(valueRange(prefix, after), missing);
      for (const [dbKey, record] of entries) {
        const item = this.#toVersioned(keyOfValue(dbKey), record);
        if (item) found.push(item);
      }
      const last = entries.at(-1);
      if (!last || entries.length < missing) break;
      after = keyOfValue(last[0]);
    }
    return found;
  }

  async commit(partition: string, ops: readonly StoreOp[], options: CommitOptions): Promise<Versions> {
    this.#ready();
    checkStoreOps(partition, ops);
    return this.#enqueue({ partition, ops: ops.map(prepare), options });
  }

  async read(stream: string, after: number, limit: number): Promise<readonly StreamEntry[]> {
    const db = this.#ready(stream);
    const entries = await db.page(streamRange(stream, after), limit);
    return entries.map(([dbKey, text]) => ({ seq: seqOfEntry(dbKey), value: parseJson(this.#folder, dbKey, text) }));
  }

  tail(stream: string, after: number, call: Call): AsyncIterable<StreamEntry> {
    return this.#tails.tail(stream, after, call);
  }

  async #start(): Promise<void> {
    await this.#openDatabase();
    this.#open = true;
    this.#scheduleSweep();
  }

  async #openDatabase(): Promise<void> {
    const db = await (this.#options.open ?? openLevel)(this.#folder);
    try {
      this.#memory = await loadMemory(db, this.#folder);
      this.#db = db;
    } catch (error) {
      await db.close();
      throw error;
    }
  }

  async #close(): Promise<void> {
    const db = this.#db;
    this.#db = undefined;
    await db?.close();
  }

  #enqueue(request: Request): Promise<Versions> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0, groupMax);
      try {
        await this.#writeGroup(group);
      } catch (error) {
        this.#options.log.error({ err: error, commits: group.length }, `commits failed: ${messageOf(error)}`);
        for (const pending of group) pending.reject(error);
      }
    }
    // In one step with finding the queue empty: a later call would leave alone what was queued in between.
    this.#writing = undefined;
  }

  async #writeGroup(group: readonly Pending[]): Promise<void> {
    const { clock, metrics } = this.#options;
    const startMs = clock.monotonic();
    const db = await this.#sound();
    const plan = await GroupPlan.load(
      db,
      this.#memory,
      clock,
      group.map((pending) => pending.request),
    );
    const accepted: (() => void)[] = [];
    let sync = false;
    for (const { request, resolve, reject } of group) {
      try {
        const versions = plan.add(request);
        accepted.push(() => resolve(versions));
        sync ||= request.options.durability === 'sync';
      } catch (error) {
        reject(error);
      }
    }
    await this.#write(db, plan, sync);
    for (const stream of plan.remember()) this.#tails.wake(stream);
    for (const accept of accepted) accept();
    metrics.count('praetorian_store_commits', accepted.length);
    metrics.observe('praetorian_store_write_ms', clock.monotonic() - startMs);
  }

  async #write(db: LevelDatabase, plan: GroupPlan, sync: boolean): Promise<void> {
    if (plan.changes.size === 0) return;
    try {
      await db.write(plan.changes, sync);
    } catch (error) {
      this.#inDoubt = true;
      throw error;
    }
  }

  /** The database, opened anew after a failed write: LevelDB's log may end in half a record, and memory may be ahead. */
  async #sound(): Promise<LevelDatabase> {
    if (this.#inDoubt) {
      await this.#close();
      await this.#openDatabase();
      this.#inDoubt = false;
      this.#options.log.warn({ path: this.#folder }, 'the store was opened anew after a failed write');
    }
    if (!this.#db) await this.#openDatabase();
    return this.#db as LevelDatabase;
  }

  #scheduleSweep(): void {
    this.#sweepTimer = this.#options.clock.after(sweepMs, () => {
      this.#sweeping = this.#sweep().finally(() => {
        this.#sweeping = undefined;
        if (this.#open) this.#scheduleSweep();
      });
    });
  }

  /** Removes values whose time is over; until then they are merely not shown. */
  async #sweep(): Promise<void> {
    try {
      for (let more = true; more && this.#open;) {
        const due = await this.#ready().page(dueRange(this.#options.clock.now()), sweepMax);
        more = due.length === sweepMax;
        if (due.length === 0) return;
        const request: Request = {
          partition: 'sweep',
          ops: [],
          options: { durability: 'relaxed' },
          due: due.map(([key]) => key),
        };
        await this.#enqueue(request);
      }
    } catch (error) {
      this.#options.log.warn({ err: error }, `expired values were not removed: ${messageOf(error)}`);
    }
  }

  #toVersioned(key: string, record: Buffer): Versioned | undefined {
    const payload = payloadOf('json', record);
    const { version, expiresAt } = decodeHeld(record);
    if (!payload || (expiresAt > 0 && expiresAt <= this.#options.clock.now())) return undefined;
    return { key, value: parseJson(this.#folder, key, payload), version: versionText(version) };
  }

  #ready(key?: string): LevelDatabase {
    if (!this.#open) throw guardError('GUARD_STATE_CLOSED');
    if (key !== undefined) checkStoreKey(key);
    if (!this.#db) throw guardError('GUARD_STATE_UNAVAILABLE', { why: 'it is being opened anew after a failed write' });
    return this.#db;
  }
}

async function loadMemory(db: LevelDatabase, path: string): Promise<Memory> {
  const [layout, version] = await db.getMany([formatKey, versionKey]);
  if (layout === undefined) {
    const [foreign] = await db.page({ gte: '', lt: '\x7f' }, 1);
    if (foreign) throw guardError('GUARD_STATE_CORRUPT', { path, why: 'it is not a store of this plugin' });
    await db.write(new Map([[formatKey, Buffer.from(format)]]), true);
  } else if (layout.toString() !== format) {
    throw guardError('GUARD_STATE_CORRUPT', {
      path,
      why: `its layout is ${layout.toString()}, this version reads ${format}`,
    });
  }
  const lastVersion = Number(version?.toString() ?? 0);
  return { fences: new Map(), streams: new Map(), lastVersion, reservedVersion: lastVersion };
}
