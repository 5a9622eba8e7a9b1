import type { Clock, Logger, Ms, Subscription } from '@praetorian-guard/core/plugin';
import { guardError, messageOf } from '@praetorian-guard/core/plugin';
import type { Memory } from './group-plan.ts';
import type { IntegrityCheck } from './integrity.ts';
import { format, formatKey, versionKey } from './layout.ts';
import type { LevelDatabase } from './level-client.ts';

/** Pause after an attempt to open it anew that failed; it doubles with each, up to the longest. */
const firstPauseMs: Ms = 1_000;
const longestPauseMs: Ms = 15_000;

export interface SoundDatabaseOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly open: (folder: string, check: IntegrityCheck) => Promise<LevelDatabase>;
}

/** The database, and what is kept in memory of it since it was opened. */
export interface Opened {
  readonly db: LevelDatabase;
  readonly memory: Memory;
}

/**
 * The database, opened anew after a failed write: LevelDB's log may end in half a record, and memory may be ahead of it.
 * An attempt that fails, as on a disk that is still full, is repeated with growing pauses, whether a write asks for it or
 * not: reads have to come back as well.
 */
export class SoundDatabase {
  readonly #o: SoundDatabaseOptions;
  /** What has to be closed, whether it may be used or not. */
  #db: LevelDatabase | undefined;
  #opened: Opened | undefined;
  /** A write failed: what of it reached the disk is unknown. */
  #inDoubt = false;
  #reopening: Promise<Opened> | undefined;
  #failures = 0;
  #failure: unknown;
  #retry: Subscription | undefined;

  constructor(options: SoundDatabaseOptions) {
    this.#o = options;
  }

  /** The first opening, which checks everything. */
  async open(signal?: AbortSignal): Promise<void> {
    try {
      await this.#open({ tables: true, ...(signal ? { signal } : {}) });
    } catch (error) {
      await this.#release();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#reopening?.catch(() => undefined);
    this.#retry?.dispose();
    this.#retry = undefined;
    await this.#release();
  }

  /** As it is open now, for reading; `undefined` while it is being opened anew. */
  get opened(): Opened | undefined {
    return this.#opened;
  }

  /** A write failed. */
  doubt(): void {
    this.#inDoubt = true;
  }

  /** For writing: opened anew if need be. Rejects with `GUARD_STATE_UNAVAILABLE`, at once between two attempts. */
  async sound(): Promise<Opened> {
    if (this.#opened && !this.#inDoubt) return this.#opened;
    if (this.#retry) throw this.unavailable();
    this.#reopening ??= this.#reopen().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  unavailable(): Error {
    if (this.#failures === 0)
      return guardError('GUARD_STATE_UNAVAILABLE', { why: 'it is being opened anew after a failed write' });
    const why = `it could not be opened anew after a failed write, and is tried again: ${messageOf(this.#failure)}`;
    return guardError('GUARD_STATE_UNAVAILABLE', { why: why.replace(/\.$/, '') }, { cause: this.#failure });
  }

  async #reopen(): Promise<Opened> {
    const { folder: path, log } = this.#o;
    try {
      // The tables were checked at the start or are newer; to read them all may take longer than the guard's lease holds.
      const opened = await this.#open({ tables: false });
      log.warn({ path }, 'the store was opened anew after a failed write');
      return opened;
    } catch (error) {
      this.#failure = error;
      this.#tryAgain();
      throw this.unavailable();
    }
  }

  #tryAgain(): void {
    const { folder: path, log, clock } = this.#o;
    const pauseMs = Math.min(firstPauseMs * 2 ** this.#failures, longestPauseMs);
    this.#failures += 1;
    log.warn({ path, err: this.#failure, pauseMs }, 'the store could not be opened anew; it is tried again');
    this.#retry = clock.after(pauseMs, () => {
      this.#retry = undefined;
      this.sound().catch(() => undefined);
    });
  }

  async #open(check: IntegrityCheck): Promise<Opened> {
    const { folder, open } = this.#o;
    await this.#release();
    this.#db = await open(folder, check);
    const opened = { db: this.#db, memory: await loadMemory(this.#db, folder) };
    this.#opened = opened;
    this.#inDoubt = false;
    this.#failures = 0;
    return opened;
  }

  /** Closes it; if that fails, it is tried again before the next opening. */
  async #release(): Promise<void> {
    this.#opened = undefined;
    await this.#db?.close();
    this.#db = undefined;
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
