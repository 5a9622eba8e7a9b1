import { describe, expect, it } from 'vitest';
import type { BatchSignal } from '../../contracts/index.ts';
import type { AgentMetrics, TrendsPolicy } from '../../model/index.ts';
import { sampleAgent, sampleFleet, samplePolicy } from '../../testing/sample-fleet.ts';
import { TrendDetector } from './trend-detector.ts';

const minute = 60_000;
const base = samplePolicy();

function rig(given: Partial<TrendsPolicy> = {}, memoryLimitMb?: number) {
  const policy = { ...base, trends: { ...base.trends, ...given } };
  const instance = { id: 'i-1', generation: 1, ...(memoryLimitMb === undefined ? {} : { memoryLimitMb }) };
  const detector = new TrendDetector({ fleet: sampleFleet([{ policy, agent: sampleAgent({ instance }) }]) });
  let nowMs = 0;
  let evaluated = 0;
  const feed = (signal: object): ReturnType<TrendDetector['evaluate']> => {
    const whole = { agentId: 'web.1', receivedMs: nowMs, ...signal } as BatchSignal;
    detector.observe({
      nowMs,
      heartbeats: { length: 0, slots: new Uint32Array(0), atMs: new Float64Array(0) },
      signals: [{ slot: 0, signal: whole }],
    });
    const evaluations = detector.evaluate([0], nowMs);
    evaluated += evaluations.length;
    return evaluations;
  };
  /** Every half a minute until something is suspected. */
  const grow = (metrics: (atMs: number) => AgentMetrics, forMs: number) => {
    for (const until = nowMs + forMs; nowMs < until; nowMs += minute / 2) {
      const [evaluation] = feed({ kind: 'metrics', metrics: metrics(nowMs) });
      if (evaluation && evaluation.suspicions.length > 0) return evaluation;
    }
    return undefined;
  };
  return { detector, feed, grow, evaluated: () => evaluated, pass: (ms: number) => (nowMs += ms), now: () => nowMs };
}

const leak = (atMs: number): AgentMetrics => ({ memory_usage_mb: 200 + (3 * atMs) / minute });

describe('the detector of trends', () => {
  it('foretells that memory runs out, with the figures, and wants to know at once whether they are of now', () => {
    const { grow } = rig({ limits: { memory_usage_mb: 512 } });
    const evaluation = grow(leak, 120 * minute);
    expect(evaluation).toMatchObject({ ask: true, suspicions: [{ kind: 'exhaustion', evidence: 'telemetry' }] });
    const [suspicion] = evaluation?.suspicions ?? [];
    expect(suspicion).toMatchObject({ implies: 'degraded', signature: 'leak:memory' });
    expect(suspicion?.text).toMatch(/^memory grows 3 MB\/min \(at least [\d.]+\), reaches 512 MB in about \d+m/);
    expect(suspicion?.data).toMatchObject({ metric: 'memory_usage_mb', limit: 512 });
    for (const key of ['slopePerMs', 'lowerSlope', 'timeToLimitMs', 'timeToLimitAtLeastMs', 'samples'])
      expect(suspicion?.data?.[key]).toBeGreaterThan(0);
  });

  it('takes back what it foretold when the limit is no more', () => {
    const limits: { memory_usage_mb?: number } = { memory_usage_mb: 512 };
    const { grow, detector, now } = rig({ limits });
    expect(grow(leak, 120 * minute)).toBeDefined();
    delete limits.memory_usage_mb;
    expect(detector.evaluate([0], now())).toEqual([{ slot: 0, suspicions: [] }]);
    expect(detector.evaluate([0], now())).toEqual([]);
  });

  it('says nothing without a limit, and takes the lower of two', () => {
    expect(rig().grow(leak, 600 * minute)).toBeUndefined();
    const limits = { memory_usage_mb: 512 };
    expect(rig({ limits }, 400).grow(leak, 600 * minute)?.suspicions[0]?.data).toMatchObject({ limit: 400 });
    expect(rig({ limits }, 900).grow(leak, 600 * minute)?.suspicions[0]?.data).toMatchObject({ limit: 512 });
    expect(rig({}, 400).grow(leak, 600 * minute)?.suspicions[0]?.data).toMatchObject({ limit: 400 });
  });

  it('names the figure that runs out', () => {
    const { grow } = rig({ limits: { cpu_usage: 1, requests_per_second: 1_000 } });
    const cpu = grow((atMs) => ({ cpu_usage: 0.3 + (0.005 * atMs) / minute }), 120 * minute);
    expect(cpu?.suspicions[0]).toMatchObject({ signature: 'exhaustion:cpu', data: { metric: 'cpu_usage' } });
    const other = rig({ limits: { requests_per_second: 1_000 } });
    const requests = other.grow((atMs) => ({ requests_per_second: 300 + (5 * atMs) / minute }), 120 * minute);
    expect(requests?.suspicions[0]).toMatchObject({ signature: 'exhaustion:requests_per_second' });
  });

  it('looks at most once a bucket, however often it is told', () => {
    const { feed, pass, evaluated } = rig({ limits: { memory_usage_mb: 512 } });
    let looks = 0;
    for (let at = 0; at < 3_600; at += 1) {
      pass(1_000);
      const before = evaluated();
      feed({ kind: 'metrics', metrics: leak(at * 1_000) });
      looks += evaluated() - before;
    }
    // An hour in buckets of a minute, and something to say in few of them.
    expect(looks).toBeLessThanOrEqual(60);
  });

  it('begins anew with a new instance, and when the same container starts again', () => {
    const limits = { memory_usage_mb: 512 };
    const replaced = rig({ limits });
    expect(replaced.grow(leak, 600 * minute)).toBeDefined();
    replaced.detector.reset(0);
    expect(replaced.detector.evaluate([0], replaced.now())).toEqual([]);
    const restarted = rig({ limits });
    expect(restarted.grow(leak, 600 * minute)).toBeDefined();
    expect(restarted.feed({ kind: 'lifecycle', event: 'restarted' })).toMatchObject([{ suspicions: [] }]);
    // Thirty buckets are needed again.
    expect(restarted.grow(leak, 25 * minute)).toBeUndefined();
  });

  it('takes back what it said when nothing is reported any more', () => {
    const { grow, detector, now } = rig({ limits: { memory_usage_mb: 512 } });
    const evaluation = grow(leak, 600 * minute);
    const wakeAtMs = evaluation?.wakeAtMs ?? 0;
    expect(wakeAtMs).toBeGreaterThan(now());
    expect(detector.evaluate([0], wakeAtMs)).toMatchObject([{ slot: 0, suspicions: [] }]);
  });

  it('does not remember figures that have a long way to go', () => {
    const { feed, pass, detector } = rig({ limits: { memory_usage_mb: 512 } });
    for (let at = 0; at < 200; at += 1) {
      pass(minute);
      feed({ kind: 'metrics', metrics: { memory_usage_mb: 100, cpu_usage: 0.1 } });
    }
    expect(detector.remembers).toBe(0);
    feed({ kind: 'metrics', metrics: { memory_usage_mb: 200 } });
    expect(detector.remembers).toBe(1);
  });
});
