import { setMaxListeners } from 'node:events';
import { type Clock, type Logger, messageOf, type Ms, type SignalDraft } from '@praetorian-guard/core/plugin';
import type { Engine } from '../engine/engine.ts';
import { type Member, runs } from './member.ts';
import type { Roster } from './roster.ts';
import { figuresOf, type Sample, sampleOf } from './stats-figures.ts';

/** While there is no container, how soon it is looked again. */
const idleMs: Ms = 1_000;
/** A container whose figures are not there by then is passed over. */
const readWithinMs: Ms = 10_000;

export interface StatsParts {
  readonly engine: Pick<Engine, 'stats'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly containers: Pick<Roster, 'all' | 'member'>;
  ingest(signal: SignalDraft): void;
  /** [0: never] */
  readonly everyMs: Ms;
  /** Containers that are read at a time. */
  readonly concurrency: number;
}

interface Known extends Sample {
  /** Of which run of the container it is: another begins to count anew. */
  readonly startedAt: string;
}

/**
 * Reads the statistics of each running container once per interval, one after the other, so that there is never a burst.
 * An engine may need a second for an answer, so that more containers than `concurrency` times the seconds of the interval
 * take longer than it; that is said once.
 */
export class StatsRound {
  readonly #parts: StatsParts;
  readonly #known = new Map<string, Known>();
  readonly #reads = new Set<Promise<void>>();
  #stop = new AbortController();
  #round: Promise<void> | undefined;
  #told = false;

  constructor(parts: StatsParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#round || this.#parts.everyMs <= 0) return;
    this.#stop = new AbortController();
    setMaxListeners(0, this.#stop.signal);
    this.#round = this.#run(this.#stop.signal);
  }

  /** Resolves when nothing is read any more. */
  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('statistics are read no more', 'AbortError'));
    await this.#round;
    this.#round = undefined;
    this.#known.clear();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, everyMs } = this.#parts;
    try {
      while (!signal.aborted) {
        const members = this.#parts.containers.all().filter(({ facts }) => runs(facts));
        this.#forgetOthers(members);
        if (members.length === 0) await clock.sleep(Math.min(idleMs, everyMs), signal);
        else await this.#readAll(members, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    await Promise.all(this.#reads);
  }

  async #readAll(members: readonly Member[], signal: AbortSignal): Promise<void> {
    const { clock, everyMs, concurrency } = this.#parts;
    const startMs = clock.monotonic();
    for (const [index, { facts }] of members.entries()) {
      while (this.#reads.size >= concurrency) await Promise.race(this.#reads);
      signal.throwIfAborted();
      // It may have ended since the round began.
      const member = this.#parts.containers.member(facts.Id);
      if (member && runs(member.facts)) this.#begin(member, signal);
      // By the beginning of the round, so that one which waited for others catches up.
      const dueMs = startMs + (everyMs * (index + 1)) / members.length;
      await clock.sleep(Math.max(0, dueMs - clock.monotonic()), signal);
    }
    this.#tellOnce(members.length, clock.monotonic() - startMs);
  }

  #begin(member: Member, signal: AbortSignal): void {
    const read = this.#read(member, signal).finally(() => this.#reads.delete(read));
    this.#reads.add(read);
  }

  async #read({ facts, agentId, instanceId }: Member, signal: AbortSignal): Promise<void> {
    const { engine, log } = this.#parts;
    try {
      const sample = sampleOf(await engine.stats(facts.Id, { signal, limitMs: readWithinMs }));
      if (signal.aborted || !sample) return;
      const startedAt = facts.State.StartedAt;
      const before = this.#known.get(facts.Id);
      this.#known.set(facts.Id, { ...sample, startedAt });
      const metrics = figuresOf(sample, before?.startedAt === startedAt ? before : undefined);
      if (Object.keys(metrics).length > 0)
        this.#parts.ingest({ kind: 'metrics', agentId, instanceId, metrics, outside: true });
    } catch (error) {
      if (!signal.aborted) log.debug({ agentId, err: messageOf(error) }, 'statistics could not be read');
    }
  }

  #forgetOthers(members: readonly Member[]): void {
    const ids = new Set(members.map(({ facts }) => facts.Id));
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
  }

  #tellOnce(containers: number, tookMs: Ms): void {
    const { everyMs, concurrency, log } = this.#parts;
    if (this.#told || tookMs < everyMs * 1.5) return;
    this.#told = true;
    const fields = { containers, tookMs: Math.round(tookMs), everyMs, concurrency };
    log.warn(fields, 'statistics take longer than their interval; raise `stats.concurrency` or `stats.every`');
  }
}
