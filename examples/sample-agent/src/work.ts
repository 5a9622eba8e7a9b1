import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Faults } from './faults.ts';
import type { JobInHand, Meter } from './figures.ts';

/** What the guard is told of work in hand, with the names of the heartbeat. */
export interface Progress {
  readonly activeTasks: number;
  readonly queueDepth: number;
  readonly lastProgressAt?: number;
}

/** Counters over the whole life of the agent: they survive a respawn, because they are part of its state. */
export interface Counters {
  completed: number;
  failed: number;
  /** Checksums of all jobs so far, folded into one. */
  digest: string;
}

class JobError extends Error {
  override readonly name = 'JobError';
}

/** Who is told of errors. */
export interface Troubles {
  /** A job failed. */
  failed(error: Error): void;
  /** Something went wrong, yet the job is done. */
  passed(what: string): void;
}

const queueMax = 1_000;
const jobBytes = 16 * 1024;

/** The agent's work: checksums over small buffers. It gives itself jobs and takes others by `POST /work`. */
export class Worker {
  readonly #faults: Faults;
  readonly #meter: Meter;
  readonly #troubles: Troubles;
  readonly counters: Counters = { completed: 0, failed: 0, digest: '' };
  #queue: Buffer[] = [];
  #active = 0;
  #busy = false;
  #lastProgressAt: number | undefined;
  #source: NodeJS.Timeout | undefined;
  #draining: { final: boolean } | undefined;

  constructor(faults: Faults, meter: Meter, troubles: Troubles) {
    this.#faults = faults;
    this.#meter = meter;
    this.#troubles = troubles;
  }

  get progress(): Progress {
    const base = { activeTasks: this.#active, queueDepth: this.#queue.length };
    return this.#lastProgressAt === undefined ? base : { ...base, lastProgressAt: this.#lastProgressAt };
  }

  get draining(): boolean {
    return this.#draining !== undefined;
  }

  get queueFull(): boolean {
    return this.#queue.length >= queueMax;
  }

  /** Begins to give itself jobs. */
  start(jobEveryMs: number): void {
    if (jobEveryMs > 0) this.#source = setInterval(() => this.#feed(), jobEveryMs);
  }

  /** Does one job now, and gives its checksum; throws `JobError`. */
  async run(data: Buffer): Promise<string> {
    const job = this.#meter.begin();
    this.#active += 1;
    try {
      if (this.#faults.jobDelayMs > 0) await sleep(this.#faults.jobDelayMs);
      if (this.#faults.kind === 'errors') throw new JobError('checksum mismatch in block');
      const checksum = createHash('sha256').update(data).digest('hex');
      this.#finish(job, checksum);
      if (this.#faults.kind === 'log-errors')
        this.#troubles.passed(`cache entry ${this.counters.completed} is stale; it was read again`);
      return checksum;
    } catch (error) {
      this.counters.failed += 1;
      this.#meter.end(job, false);
      this.#troubles.failed(error as Error);
      throw error;
    } finally {
      this.#active -= 1;
    }
  }

  /**
   * Takes no new work and finishes what there is.
   * @returns whether all was finished within `forMs`.
   */
  async drain(forMs: number, final: boolean): Promise<boolean> {
    this.#draining = { final: final || this.#draining?.final === true };
    const until = performance.now() + forMs;
    while (this.#active + this.#queue.length > 0 && performance.now() < until) await sleep(10);
    return this.#active + this.#queue.length === 0;
  }

  /** Takes work again, unless it was drained for good. */
  resume(): void {
    if (this.#draining?.final === false) this.#draining = undefined;
  }

  stop(): void {
    clearInterval(this.#source);
    this.#queue = [];
  }

  #feed(): void {
    if (this.draining || this.queueFull) return;
    this.#queue.push(randomBytes(jobBytes));
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let job = this.#queue.shift(); job; job = this.#queue.shift()) {
      // A failed job was counted and reported by `run`; the next one is tried all the same.
      await this.run(job).catch(() => undefined);
    }
    this.#busy = false;
  }

  #finish(job: JobInHand, checksum: string): void {
    this.counters.completed += 1;
    this.counters.digest = createHash('sha256').update(this.counters.digest).update(checksum).digest('hex');
    this.#lastProgressAt = Date.now();
    this.#meter.end(job, true);
  }
}
