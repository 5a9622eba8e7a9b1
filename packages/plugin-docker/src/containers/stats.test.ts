import type { SignalDraft } from '@praetorian-guard/core/plugin';
import { createRig, type Rig } from '@praetorian-guard/core/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { ContainerStats } from '../engine/engine.ts';
import type { Member } from './member.ts';
import { StatsRound, type StatsParts } from './stats.ts';

const everyMs = 30_000;
const mb = 1024 ** 2;
const runsNow = { Running: true, Paused: false, Restarting: false, StartedAt: 'first' };

/** Containers that use half a processor and 3 MB, and an engine that answers after some time. */
class Bench {
  readonly rig: Rig = createRig();
  readonly members = new Map<string, Member>();
  readonly asked: { readonly id: string; readonly atMs: number }[] = [];
  readonly given: SignalDraft[] = [];
  readonly round: StatsRound;
  answerMs = 0;
  atOnce = 0;
  most = 0;
  answer: (id: string) => ContainerStats = () => this.stats();

  constructor(given: Partial<StatsParts> = {}) {
    this.round = new StatsRound({
      engine: { stats: (id, options) => this.#stats(id, options?.signal) },
      clock: this.rig.clock,
      log: this.rig.log,
      containers: { all: () => [...this.members.values()], member: (id) => this.members.get(id) },
      ingest: (signal) => this.given.push(signal),
      everyMs,
      concurrency: 2,
      ...given,
    });
  }

  add(id: string, state: object = {}): void {
    const facts = { Id: id, State: { ...runsNow, ...state } };
    this.members.set(id, { facts, agentId: id, instanceId: `${id}~1` } as unknown as Member);
  }

  stats(): ContainerStats {
    const { clock } = this.rig;
    const read = new Date(clock.now()).toISOString();
    const cpu_usage = { total_usage: 1 + clock.monotonic() * 5e5 };
    return { read, cpu_stats: { cpu_usage }, memory_stats: { usage: 3 * mb } } as unknown as ContainerStats;
  }

  async #stats(id: string, signal: AbortSignal | undefined): Promise<ContainerStats> {
    const { clock } = this.rig;
    this.asked.push({ id, atMs: clock.monotonic() });
    this.atOnce += 1;
    this.most = Math.max(this.most, this.atOnce);
    try {
      if (this.answerMs > 0) await clock.sleep(this.answerMs, signal);
      return this.answer(id);
    } finally {
      this.atOnce -= 1;
    }
  }
}

let bench: Bench;
afterEach(() => bench.round.stop());

describe('the round of statistics', () => {
  it('reads each running container once per interval, spread over it', async () => {
    bench = new Bench();
    for (const id of ['a', 'b', 'c']) bench.add(id);
    bench.add('stopped', { Running: false });
    bench.add('paused', { Paused: true });
    bench.round.start();
    bench.round.start();
    await bench.rig.clock.advance(2 * everyMs - 1);
    expect(bench.asked).toEqual(['a', 'b', 'c', 'a', 'b', 'c'].map((id, at) => ({ id, atMs: at * 10_000 })));
  });

  it('gives memory at first, and with the second sample the processor', async () => {
    bench = new Bench();
    bench.add('a');
    bench.round.start();
    await bench.rig.clock.advance(everyMs);
    const of = { kind: 'metrics', agentId: 'a', instanceId: 'a~1', outside: true };
    expect(bench.given).toEqual([
      { ...of, metrics: { memory_usage_mb: 3 } },
      { ...of, metrics: { memory_usage_mb: 3, cpu_usage: 0.5 } },
    ]);
  });

  it('compares no two runs of a container', async () => {
    bench = new Bench();
    bench.add('a');
    bench.round.start();
    await bench.rig.clock.advance(everyMs - 1);
    bench.add('a', { StartedAt: 'again' });
    await bench.rig.clock.advance(1);
    expect(bench.given.map((signal) => 'metrics' in signal && signal.metrics)).toEqual([
      { memory_usage_mb: 3 },
      { memory_usage_mb: 3 },
    ]);
  });

  it('finds a container that comes when there was none within a second', async () => {
    bench = new Bench();
    bench.round.start();
    await bench.rig.clock.advance(5_500);
    bench.add('a');
    await bench.rig.clock.advance(500);
    expect(bench.given).toHaveLength(1);
  });

  it('says nothing of a container that has ended, before or while it was read', async () => {
    bench = new Bench();
    bench.add('a');
    bench.add('b');
    bench.answer = () => ({ read: '0001-01-01T00:00:00Z', memory_stats: {} }) as unknown as ContainerStats;
    bench.round.start();
    await bench.rig.clock.advance(1_000);
    bench.members.delete('b');
    await bench.rig.clock.advance(everyMs - 2_000);
    expect(bench.asked).toEqual([{ id: 'a', atMs: 0 }]);
    expect(bench.given).toEqual([]);
  });

  it('goes on after an error', async () => {
    bench = new Bench();
    bench.add('a');
    let failures = 1;
    bench.answer = () => {
      failures -= 1;
      if (failures >= 0) throw new Error('the engine is away');
      return bench.stats();
    };
    bench.round.start();
    await bench.rig.clock.advance(everyMs);
    expect(bench.given).toHaveLength(1);
  });

  it('has no more questions open than it may, takes longer then, and says so once', async () => {
    bench = new Bench();
    for (let at = 0; at < 10; at += 1) bench.add(`c${at}`);
    bench.answerMs = 12_000;
    bench.round.start();
    await bench.rig.clock.advance(4 * everyMs);
    expect(bench.most).toBe(2);
    expect(bench.asked.slice(0, 11).map(({ id }) => id)).toEqual([...bench.members.keys(), 'c0']);
    const warnings = bench.rig.log.entries.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ fields }) => fields['containers'])).toEqual([10]);
  });

  it('ends what it waits for when it is stopped, and can be started again', async () => {
    bench = new Bench();
    bench.add('a');
    bench.answerMs = 5_000;
    bench.round.start();
    await bench.rig.clock.advance(1_000);
    await bench.round.stop();
    expect([bench.atOnce, bench.rig.clock.pendingTimers]).toEqual([0, 0]);
    await bench.rig.clock.advance(everyMs);
    expect(bench.given).toEqual([]);
    bench.round.start();
    await bench.rig.clock.advance(5_000);
    expect(bench.given).toHaveLength(1);
  });

  it('does nothing with an interval of zero', async () => {
    bench = new Bench({ everyMs: 0 });
    bench.add('a');
    bench.round.start();
    await bench.rig.clock.advance(everyMs);
    expect(bench.asked).toEqual([]);
  });
});
