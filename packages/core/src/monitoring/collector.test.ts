import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fleet } from '../fleet/index.ts';
import { recordedMetrics } from '../runtime/metrics.ts';
import { samplePolicy } from '../testing/sample-fleet.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import { Collector } from './collector.ts';

function rig(queueMax?: number) {
  const clock = createVirtualClock();
  const metrics = recordedMetrics();
  const fleet = new Fleet({ clock, policyOf: () => samplePolicy() });
  const collector = new Collector({ fleet, clock, metrics, ...(queueMax === undefined ? {} : { queueMax }) });
  const add = (id: string, instance?: string): number => {
    const { slot } = fleet.register({ id, group: 'g', ...(instance === undefined ? {} : { instance }) });
    collector.reset(slot);
    return slot;
  };
  const slots = (): number[] => {
    const { heartbeats } = collector.drain(clock.monotonic());
    return [...heartbeats.slots.subarray(0, heartbeats.length)];
  };
  return { clock, metrics, fleet, collector, add, slots };
}

describe('Collector.heartbeat', () => {
  it('hands a quiet heartbeat over as a row, once a tick, with the time of the tick', async () => {
    const { collector, clock, add } = rig();
    const slot = add('a');
    expect(collector.heartbeat({ agentId: 'a' })).toBe('accepted');
    expect(collector.heartbeat({ agentId: 'a' })).toBe('accepted');
    await clock.advance(200);
    const { heartbeats, signals } = collector.drain(clock.monotonic());
    expect([heartbeats.length, heartbeats.slots[0], heartbeats.atMs[0], signals]).toEqual([1, slot, 200, []]);
    expect(collector.drain(400).heartbeats.length).toBe(0);
  });

  it('does not know strangers', () => {
    const { collector } = rig();
    expect(collector.heartbeat({ agentId: 'nobody' })).toBe('unknown');
  });

  it('drops repeated and older numbers, and takes newer ones', () => {
    const { collector, add } = rig();
    add('a');
    const acks = [1, 1, 0, 5, 4].map((seq) => collector.heartbeat({ agentId: 'a', seq }));
    expect(acks).toEqual(['accepted', 'duplicate', 'duplicate', 'accepted', 'duplicate']);
  });

  it('counts numbers anew for a new instance', () => {
    const { collector, fleet, add } = rig();
    add('a', 'one');
    expect(collector.heartbeat({ agentId: 'a', instance: 'one', seq: 9 })).toBe('accepted');
    collector.reset(fleet.register({ id: 'a', group: 'g', instance: 'two', generation: 2 }).slot);
    expect(collector.heartbeat({ agentId: 'a', instance: 'two', seq: 0 })).toBe('accepted');
  });

  it('tells a replaced instance to stop, and an unknown one to register', () => {
    const { collector, fleet, add } = rig();
    add('a', 'one');
    collector.heartbeat({ agentId: 'a', instance: 'one' });
    collector.reset(fleet.register({ id: 'a', group: 'g', instance: 'two', generation: 2 }).slot);
    expect(collector.heartbeat({ agentId: 'a', instance: 'one' })).toBe('retired');
    expect(collector.heartbeat({ agentId: 'a', instance: 'three' })).toBe('unknown');
    expect(collector.heartbeat({ agentId: 'a', instance: 'two' })).toBe('accepted');
  });

  it('takes any instance of an agent that never named one', () => {
    const { collector, add } = rig();
    add('a');
    expect(collector.heartbeat({ agentId: 'a', instance: 'x' })).toBe('accepted');
    expect(collector.heartbeat({ agentId: 'a', instance: 'y' })).toBe('accepted');
  });

  it('passes an instruction on until the slot is reset', () => {
    const { collector, add } = rig();
    const slot = add('a');
    collector.instruct(slot, 'drain');
    expect(collector.heartbeat({ agentId: 'a' })).toBe('drain');
    collector.instruct(slot, 'isolated');
    expect(collector.heartbeat({ agentId: 'a', status: 'ok' })).toBe('isolated');
    collector.reset(slot);
    expect(collector.heartbeat({ agentId: 'a' })).toBe('accepted');
  });

  it('makes a signal of what is new: figures, progress, a changed status', () => {
    const { collector, add } = rig();
    const slot = add('a');
    for (const status of ['ok', 'ok', 'degraded'] as const) collector.heartbeat({ agentId: 'a', status });
    const metrics = { p95_latency_ms: 12, secret: 'x' };
    collector.heartbeat({ agentId: 'a', status: 'degraded', metrics, progress: { activeTasks: 1 } });
    const { heartbeats, signals } = collector.drain(0);
    expect(heartbeats.length).toBe(1);
    expect(signals.map(({ signal }) => signal)).toMatchObject([
      { status: 'ok' },
      { status: 'degraded' },
      { metrics: { p95_latency_ms: 12 }, progress: { activeTasks: 1 } },
    ]);
    expect(JSON.stringify(signals)).not.toContain('secret');
    expect(collector.metricsOf(slot)).toEqual({ p95_latency_ms: 12 });
    expect(collector.progressOf(slot)).toEqual({ activeTasks: 1 });
  });

  it('counts from the start again for a process that was started anew under the same name', () => {
    const { collector, add } = rig();
    const slot = add('a', 'i-1');
    const beat = (seq: number) => collector.heartbeat({ agentId: 'a', instance: 'i-1', seq });
    expect([beat(5), beat(1)]).toEqual(['accepted', 'duplicate']);
    collector.countAnew(slot);
    expect([beat(1), beat(1)]).toEqual(['accepted', 'duplicate']);
  });

  it('flags a clock that is off by more than a minute and counts the heartbeat all the same', () => {
    const { collector, clock, add, metrics } = rig();
    const slot = add('a');
    expect(collector.heartbeat({ agentId: 'a', at: clock.now() + 61_000 })).toBe('accepted');
    expect(collector.skewed(slot)).toBe(true);
    expect(collector.heartbeat({ agentId: 'a', at: clock.now() - 1_000 })).toBe('accepted');
    expect(collector.skewed(slot)).toBe(false);
    expect(metrics.value('praetorian_clock_skew_total')).toBe(1);
  });

  it('does not take its own late tick for the clock of an agent', async () => {
    const { collector, clock, add } = rig();
    const slot = add('a');
    await clock.advance(120_000);
    collector.heartbeat({ agentId: 'a', at: clock.now() });
    expect(collector.skewed(slot)).toBe(false);
  });

  it.each([
    [{ agentId: 7 }, /agentId is 7/],
    [{ agentId: 'a', instance: 7 }, /instance is 7/],
    [{ agentId: 'a', seq: -1 }, /seq is -1/],
    [{ agentId: 'a', seq: 1.5 }, /seq is 1.5/],
    [{ agentId: 'a', seq: '1' }, /seq is "1"/],
    [{ agentId: 'a', at: 'now' }, /at is "now"/],
    [{ agentId: 'a', at: Number.NaN }, /at is NaN/],
    [{ agentId: 'a', status: 'fine' }, /status is "fine"/],
    [{ agentId: 'a', role: 'boss' }, /role is "boss"/],
    [{ agentId: 'a', epoch: -1 }, /epoch is -1/],
    [{ agentId: 'a', lag: Infinity }, /lag is Infinity/],
    [{ agentId: 'a', version: 1 }, /version is 1/],
    [{ agentId: 'a', metrics: [] }, /metrics is a list/],
    [{ agentId: 'a', version: 'v'.repeat(201) }, /version is "v{80}"…, it has to be/],
    [{ agentId: 'a', status: { ok: true } }, /status is an object/],
    [{ agentId: 'a', metrics: null }, /metrics is null/],
    [{ agentId: 'a', metrics: { error_rate: 1.1 } }, /metrics.error_rate is 1.1/],
    [{ agentId: 'a', metrics: { cpu_usage: Number.NaN } }, /metrics.cpu_usage is NaN/],
    [{ agentId: 'a', progress: { activeTasks: -1 } }, /progress.activeTasks is -1/],
    [null, /has to be an object/],
    [[], /has to be an object/],
    ['beat', /has to be an object/],
  ])('finds %j not valid and says why', (beat, why) => {
    const { collector, add, slots } = rig();
    add('a');
    expect(collector.heartbeat(beat as never)).toBe('invalid');
    expect(collector.heartbeatProblem(beat)).toMatch(why);
    expect(slots()).toEqual([]);
  });

  it('is told apart from a valid one however deep it is nested', () => {
    const { collector, add } = rig();
    add('a');
    const metrics: unknown = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000));
    expect(collector.heartbeat({ agentId: 'a', metrics } as never)).toBe('invalid');
    expect(collector.heartbeatProblem({ agentId: 'a', metrics })).toBe('metrics is a list, it has to be an object');
  });

  it('never throws, and says `invalid` exactly when it can name a problem', () => {
    const value = fc.oneof(fc.anything(), fc.constantFrom('a', 'ok', 'primary', 0, 1, undefined, {}));
    const keys = ['instance', 'seq', 'at', 'status', 'role', 'epoch', 'lag', 'version', 'metrics', 'progress'];
    const beat = fc.record(
      { agentId: fc.constant('a'), ...Object.fromEntries(keys.map((key) => [key, value])) },
      { requiredKeys: ['agentId'] },
    );
    fc.assert(
      fc.property(beat, (given) => {
        const { collector, add } = rig();
        add('a');
        const invalid = collector.heartbeat(given) === 'invalid';
        expect(invalid).toBe(collector.heartbeatProblem(given) !== undefined);
      }),
      { numRuns: 300 },
    );
  });
});

describe('Collector.ingest', () => {
  it.each([
    [{ kind: 'nonsense', agentId: 'a' }, /kind is "nonsense"/],
    [{ kind: 'probe', agentId: 'a', probe: 'x', outcome: 'up', latencyMs: 1 }, /probe is "x"/],
    [{ kind: 'probe', agentId: 'a', probe: 'health', outcome: 'up', latencyMs: -1 }, /latencyMs is -1/],
    [{ kind: 'metrics', agentId: 'a' }, /metrics is undefined/],
    [{ kind: 'error', agentId: 'a', message: 7, count: 1 }, /message is 7/],
    [{ kind: 'error', agentId: 'a', message: 'x', count: 0 }, /count is 0/],
    [{ kind: 'lifecycle', agentId: 'a', event: 'vanished' }, /event is "vanished"/],
    [{ kind: 'heartbeat', agentId: 'a', seq: -1 }, /seq is -1/],
    [{ kind: 'error', agentId: 'a b', message: 'x', count: 1 }, /agentId is "a b"/],
    [null, /has to be an object/],
  ])('refuses %j', (draft, why) => {
    const { collector, add } = rig();
    add('a');
    expect(() => collector.ingest(draft as never)).toThrow(why);
  });

  it('knows no strangers, and drops what is of another instance', () => {
    const { collector, fleet, add, metrics } = rig();
    add('a', 'one');
    expect(() => collector.ingest({ kind: 'error', agentId: 'b', message: 'x', count: 1 })).toThrow(/no agent b/);
    collector.reset(fleet.register({ id: 'a', group: 'g', instance: 'two', generation: 2 }).slot);
    expect(collector.ingest({ kind: 'lifecycle', agentId: 'a', instanceId: 'one', event: 'died' })).toBe('stale');
    expect(collector.ingest({ kind: 'heartbeat', agentId: 'a', instanceId: 'one' })).toBe('stale');
    expect(collector.drain(0).signals).toEqual([]);
    expect(metrics.value('praetorian_signals_stale_total')).toBe(2);
  });

  it('drops the oldest when it is full, but no lifecycle signal, and counts', () => {
    const { collector, add, metrics } = rig(3);
    add('a');
    const error = (message: string): void => void collector.ingest({ kind: 'error', agentId: 'a', message, count: 1 });
    error('1');
    collector.ingest({ kind: 'lifecycle', agentId: 'a', event: 'died' });
    for (const message of ['2', '3', '4']) error(message);
    const { signals } = collector.drain(0);
    expect(signals.map(({ signal }) => (signal.kind === 'error' ? signal.message : signal.kind))).toEqual([
      'lifecycle',
      '3',
      '4',
    ]);
    expect(metrics.value('praetorian_signals_dropped_total')).toBe(2);
  });

  it('keeps the sign of life of a heartbeat whose figures had to give way', () => {
    const { collector, add } = rig(1);
    const slot = add('a');
    collector.heartbeat({ agentId: 'a', metrics: { cpu_usage: 1 } });
    collector.ingest({ kind: 'error', agentId: 'a', message: 'x', count: 1 });
    const { heartbeats, signals } = collector.drain(5);
    expect([heartbeats.length, heartbeats.slots[0]]).toEqual([1, slot]);
    expect(signals).toHaveLength(1);
  });

  it('forgets what waits of an instance when another has taken its place', () => {
    const { collector, add } = rig();
    add('a', 'i1');
    expect(collector.ingest({ kind: 'lifecycle', agentId: 'a', instanceId: 'i1', event: 'died' })).toBe('accepted');
    add('a', 'i2');
    expect(collector.ingest({ kind: 'lifecycle', agentId: 'a', instanceId: 'i2', event: 'started' })).toBe('accepted');
    expect(collector.drain(200).signals.map(({ signal }) => signal)).toMatchObject([{ event: 'started' }]);
  });

  it('forgets the signals of an agent that left, also when another took its slot', () => {
    const { collector, fleet, add, slots } = rig();
    const slot = add('a');
    collector.heartbeat({ agentId: 'a' });
    collector.ingest({ kind: 'error', agentId: 'a', message: 'x', count: 1 });
    fleet.remove('a');
    collector.reset(slot);
    expect(add('b')).toBe(slot);
    expect(collector.drain(0).signals).toEqual([]);
    expect(slots()).toEqual([]);
    collector.heartbeat({ agentId: 'b' });
    expect(slots()).toEqual([slot]);
  });

  it('keeps the last figure of each name, of whoever told it', () => {
    const { collector, add } = rig();
    const slot = add('a');
    collector.heartbeat({ agentId: 'a', metrics: { cpu_usage: 0.1, error_rate: 0 } });
    collector.ingest({ kind: 'metrics', agentId: 'a', metrics: { cpu_usage: 0.9 } });
    expect(collector.metricsOf(slot)).toEqual({ cpu_usage: 0.9, error_rate: 0 });
    collector.reset(slot);
    expect(collector.metricsOf(slot)).toEqual({});
  });

  it('survives a flood: memory is bounded and every row is of an agent that beat', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(30), fc.boolean()), { maxLength: 300 }), (beats) => {
        const { collector, add, slots } = rig(5);
        const ids = Array.from({ length: 31 }, (_, at) => `a${at}`);
        for (const id of ids) add(id);
        for (const [at, rich] of beats)
          collector.heartbeat({ agentId: ids[at] as string, ...(rich ? { metrics: { cpu_usage: 0 } } : {}) });
        const { heartbeats, signals } = collector.drain(1);
        const seen = new Set([...heartbeats.slots.subarray(0, heartbeats.length), ...signals.map(({ slot }) => slot)]);
        expect(signals.length).toBeLessThanOrEqual(5);
        expect(new Set(heartbeats.slots.subarray(0, heartbeats.length)).size).toBe(heartbeats.length);
        expect(seen).toEqual(new Set(beats.map(([at]) => at)));
        expect(slots()).toEqual([]);
      }),
    );
  });
});
