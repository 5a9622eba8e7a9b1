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
import { GroupPlan, type Request } from './group-plan.ts';
import type { IntegrityCheck } from './integrity.ts';
import {
  decodeHeld,
  dueRange,
  keyOfValue,
  parseJson,
  payloadOf,
  seqOfEntry,
  streamRange,
  valueKey,
  valueRange,
  versionText,
} from './layout.ts';
import { type LevelDatabase, openLevel } from './level-client.ts';
import { prepare } from './prepared-op.ts';
import { SoundDatabase } from './sound-database.ts';

export interface LevelStateStoreOptions {
  /** Folder of the store; the database lies in its subfolder `level`. Made when missing. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** How the database is opened; replaced in tests of failing disks. */
  readonly open?: (folder: string, check: IntegrityCheck) => Promise<LevelDatabase>;
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
/** All of it is read and checked before it is opened, however much it is and however slow the disk. */
const startMs: Ms = 3_600_000;

/**
 * A durable store in a folder of its own, for one process. Commits that arrive while one is being written wait and share
 * the next write, so that many writers cost few flushes of the disk.
 */
export class LevelStateStore implements StateStore {
  readonly supports = { durable: true, shared: false } as const;
  readonly startWithinMs: Ms = startMs;
  readonly #options: LevelStateStoreOptions;
  readonly #folder: string;
  readonly #queue: Pending[] = [];
  readonly #tails: StreamTails;
  readonly #database: SoundDatabase;
  #open = false;
  #opening: Promise<void> | undefined;
  #writing: Promise<void> | undefined;
  #sweeping: Promise<void> | undefined;
  #sweepTimer: Subscription | undefined;

  constructor(options: LevelStateStoreOptions) {
    this.#options = options;
    this.#folder = join(options.path, 'level');
    const { clock, log, open = openLevel } = options;
    this.#database = new SoundDatabase({ folder: this.#folder, clock, log, open });
    this.#tails = new StreamTails({
      read: (stream, after, limit) => this.read(stream, after, limit),
      lastSeq: (stream) => this.#database.opened?.memory.streams.get(stream)?.last ?? 0,
    });
  }

  start(signal?: AbortSignal): Promise<void> {
    this.#opening ??= this.#start(signal).catch((error: unknown) => {
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
    await this.#database.close();
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
    this.#assertOpen();
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

  async #start(signal: AbortSignal | undefined): Promise<void> {
    await this.#database.open(signal);
    this.#open = true;
    this.#scheduleSweep();
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
    const { db, memory } = await this.#database.sound();
    const plan = await GroupPlan.load(
      db,
      memory,
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
      this.#database.doubt();
      throw error;
    }
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
    this.#assertOpen();
    if (key !== undefined) checkStoreKey(key);
    const opened = this.#database.opened;
    if (!opened) throw this.#database.unavailable();
    return opened.db;
  }

  #assertOpen(): void {
    if (!this.#open) throw guardError('GUARD_STATE_CLOSED');
  }
}
