import type {
  Call,
  Clock,
  CommitOptions,
  Page,
  StateStore,
  StoreOp,
  StreamEntry,
  Versioned,
  Versions,
} from '../../contracts/index.ts';
import { guardError } from '../../contracts/index.ts';
import type { EpochMs, Ms } from '../../model/index.ts';

/** What becomes of a commit that is disturbed. */
export type CommitFault = 'conflict' | 'lost-answer';

export interface StoreWatch {
  /** Asked at both sides of every commit; `true`: the guard was cut off there and nothing may reach it any more. */
  cut(side: 'before' | 'after'): boolean;
  /** `answered`: the guard learned of it. */
  committed(ops: readonly StoreOp[], answered: boolean): void;
  refused(ops: readonly StoreOp[], why: string): void;
}

const never = new Promise<never>(() => undefined);

/** A store that fails as it is told, between the guard and a real one. */
export class FaultyStore implements StateStore {
  readonly supports: StateStore['supports'];
  readonly #inner: StateStore;
  readonly #clock: Clock;
  readonly #watch: StoreWatch;
  readonly #faults: CommitFault[] = [];
  #downUntilMs: Ms = -1;
  #slowUntilMs: Ms = -1;
  #slowByMs: Ms = 0;

  constructor(inner: StateStore, clock: Clock, watch: StoreWatch) {
    this.#inner = inner;
    this.#clock = clock;
    this.#watch = watch;
    this.supports = inner.supports;
  }

  disturb(fault: CommitFault, times: number): void {
    for (let at = 0; at < times; at += 1) this.#faults.push(fault);
  }

  fail(forMs: Ms): void {
    this.#downUntilMs = this.#clock.monotonic() + forMs;
  }

  slow(byMs: Ms, forMs: Ms): void {
    this.#slowByMs = byMs;
    this.#slowUntilMs = this.#clock.monotonic() + forMs;
  }

  heal(): void {
    this.#faults.length = 0;
    this.#downUntilMs = -1;
    this.#slowUntilMs = -1;
  }

  async now(): Promise<EpochMs> {
    this.#check();
    return this.#inner.now();
  }

  async get(key: string): Promise<Versioned | undefined> {
    this.#check();
    return this.#inner.get(key);
  }

  async getBytes(key: string): Promise<Uint8Array | undefined> {
    this.#check();
    return this.#inner.getBytes(key);
  }

  async list(prefix: string, page: Page): Promise<readonly Versioned[]> {
    this.#check();
    return this.#inner.list(prefix, page);
  }

  async read(stream: string, after: number, limit: number): Promise<readonly StreamEntry[]> {
    this.#check();
    return this.#inner.read(stream, after, limit);
  }

  tail(stream: string, after: number, call: Call): AsyncIterable<StreamEntry> {
    return this.#inner.tail(stream, after, call);
  }

  async commit(partition: string, ops: readonly StoreOp[], options: CommitOptions): Promise<Versions> {
    if (this.#watch.cut('before')) return never;
    if (this.#clock.monotonic() < this.#slowUntilMs) await this.#clock.sleep(this.#slowByMs);
    this.#check();
    const fault = partition.startsWith('shard/') || partition === 'holds' ? this.#faults.shift() : undefined;
    if (fault === 'conflict') {
      this.#watch.refused(ops, 'conflict');
      throw guardError('GUARD_STATE_CONFLICT', { key: partition, expected: 'simulated', found: 'another' });
    }
    const versions = await this.#inner.commit(partition, ops, options).catch((thrown: unknown) => {
      this.#watch.refused(ops, String(thrown));
      throw thrown;
    });
    this.#watch.committed(ops, fault !== 'lost-answer');
    if (this.#watch.cut('after')) return never;
    if (fault === 'lost-answer') throw guardError('GUARD_STATE_UNAVAILABLE', { why: 'the answer was lost' });
    return versions;
  }

  #check(): void {
    if (this.#clock.monotonic() < this.#downUntilMs) throw guardError('GUARD_STATE_UNAVAILABLE', { why: 'it is down' });
  }
}
