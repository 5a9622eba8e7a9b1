import { describe, expect, it } from 'vitest';
import { detectionRig } from '../../../test/detection-rig.ts';
import type { AgentMetrics } from '../../model/index.ts';
import { samplePolicy } from '../../testing/sample-fleet.ts';

const policy = samplePolicy({ detectors: ['slo-burn'] });
const hour = 3_600_000;

function rigOf(metrics: AgentMetrics, given = policy) {
  const rig = detectionRig(given);
  const slot = rig.add();
  const shown = { metrics };
  const each = (): void => {
    if (rig.clock.monotonic() % 15_000 === 0) rig.signal(slot, { kind: 'metrics', metrics: shown.metrics });
  };
  const kinds = (): readonly string[] => rig.detection.status(slot).findings.map(({ kind }) => kind);
  const remarks = (): readonly string[] => rig.detection.remarks(slot).map(({ text }) => text);
  return { ...rig, slot, each, kinds, remarks, shows: (next: AgentMetrics) => void (shown.metrics = next) };
}

const well = { error_rate: 0, requests_per_second: 10, p95_latency_ms: 50, p99_latency_ms: 90 };

describe('burn-rate alerts', () => {
  it('page when the budget burns 14 times too fast over an hour and five minutes, and end soon after it stops', async () => {
    const rig = rigOf(well);
    await rig.run(2 * hour, rig.each);
    expect(rig.kinds()).toEqual([]);
    rig.shows({ ...well, error_rate: 0.05 });
    // 5 % for 17 min is 1.44 % of an hour.
    await rig.run(15 * 60_000, rig.each);
    expect(rig.kinds()).toEqual([]);
    await rig.run(5 * 60_000, rig.each);
    expect(rig.kinds()).toEqual(['slo-burn']);
    expect(rig.detection.status(rig.slot).findings[0]).toMatchObject({
      implies: 'degraded',
      evidence: 'telemetry',
      signature: 'slo-burn-errors',
      data: { alert: 'page', objectives: ['errorRate'] },
    });
    rig.shows(well);
    await rig.run(6 * 60_000, rig.each);
    // The six hours have burnt five minutes' worth only: nothing else pages.
    expect(rig.kinds()).toEqual([]);
  });

  it('page no longer when the agent has been well for five minutes, whatever the long windows hold', async () => {
    const rig = rigOf(well);
    await rig.run(2 * hour, rig.each);
    rig.shows({ ...well, error_rate: 1 });
    await rig.run(20 * 60_000, rig.each);
    expect(rig.kinds()).toEqual(['slo-burn']);
    rig.shows(well);
    await rig.run(4 * 60_000, rig.each);
    expect(rig.kinds()).toEqual(['slo-burn']);
    await rig.run(2 * 60_000, rig.each);
    expect(rig.kinds()).toEqual([]);
    const errors = rig.detection.serviceLevels(rig.slot)?.objectives.find((one) => one.objective === 'errorRate');
    expect(errors?.burn[1]?.short).toBeGreaterThan(100);
    expect(rig.remarks()).toHaveLength(1);
  });

  it('only tell of slow burning, and hold nothing against the agent for it', async () => {
    const rig = rigOf({ ...well, error_rate: 0.004 });
    await rig.run(24 * hour, rig.each);
    expect(rig.kinds()).toEqual([]);
    expect(rig.remarks()).toEqual([
      'Its error rate uses up the error budget 4× as fast as it may (over 1d, 2h; ticket from 3×).',
    ]);
    rig.shows(well);
    await rig.run(3 * hour, rig.each);
    expect(rig.remarks()).toEqual([
      'Its error rate uses up the error budget 1.3× as fast as it may (over 3d, 6h; ticket from 1×).',
    ]);
  }, 60_000);

  it('need enough requests: one failed request of three is no rate', async () => {
    const rig = rigOf({ error_rate: 0.3, requests_per_second: 0.005 });
    await rig.run(2 * hour, rig.each);
    expect(rig.kinds()).toEqual([]);
    const errors = rig.detection.serviceLevels(rig.slot)?.objectives.find((one) => one.objective === 'errorRate');
    expect(errors?.total).toBeCloseTo(36, 0);
    expect(errors).not.toHaveProperty('budgetLeft');
  });

  it('take an agent that reports no request rate for one whose errors cannot be weighed, not for one without errors', async () => {
    const rig = rigOf({ error_rate: 1 });
    await rig.run(hour, rig.each);
    const seen = rig.detection.serviceLevels(rig.slot)?.objectives.map((one) => one.objective);
    expect(seen).toEqual(['availability']);
  });

  it("measure the brief's own sample of a performance probe: it misses p95 and the error rate, and meets p99", async () => {
    const sample = {
      avg_latency_ms: 120,
      p95_latency_ms: 280,
      p99_latency_ms: 450,
      error_rate: 0.02,
      requests_per_second: 50,
    };
    const rig = rigOf(sample);
    await rig.run(hour, rig.each);
    const good = Object.fromEntries(
      rig.detection.serviceLevels(rig.slot)?.objectives.map((one) => [one.objective, one.good]) ?? [],
    );
    expect(good['latencyP95']).toBe(0);
    expect(good['latencyP99']).toBe(1);
    expect(good['errorRate']).toBeCloseTo(0.98, 5);
    expect(rig.detection.status(rig.slot).findings[0]?.data).toMatchObject({ objectives: ['errorRate', 'latencyP95'] });
  });

  it('say of latency alone that it is slowness, which progress speaks against', async () => {
    const rig = rigOf({ p95_latency_ms: 280 });
    await rig.run(hour, rig.each);
    expect(rig.detection.status(rig.slot).findings[0]).toMatchObject({
      signature: 'slo-burn-latency',
      data: { slow: true },
    });
  });

  it('page about the current instance alone, while the budget is that of the agent', async () => {
    const rig = rigOf({ ...well, error_rate: 1 });
    await rig.run(5 * 60_000, rig.each);
    expect(rig.kinds()).toEqual(['slo-burn']);
    rig.shows(well);
    rig.add('a', { instance: 'a-2' } as never);
    await rig.run(10 * 60_000, rig.each);
    expect(rig.kinds()).toEqual([]);
    const errors = rig.detection.serviceLevels(rig.slot)?.objectives.find((one) => one.objective === 'errorRate');
    expect(errors?.good).toBeLessThan(0.7);
    expect(errors?.budgetLeft).toBeLessThan(-100);
    expect(errors?.overMs).toBe(14.5 * 60_000);
  });

  it('count downtime against 43 minutes in 30 days, and never page for it', async () => {
    const rig = rigOf({ cpu_usage: 0.1 }, samplePolicy({ detectors: ['slo-burn', 'lifecycle'] }));
    await rig.run(hour, rig.each);
    rig.signal(rig.slot, { kind: 'lifecycle', event: 'died', exitCode: 1 });
    await rig.run(20 * 60_000);
    rig.signal(rig.slot, { kind: 'lifecycle', event: 'started' });
    await rig.run(hour, rig.each);
    const [availability] = rig.detection.serviceLevels(rig.slot)?.objectives ?? [];
    expect(availability).toMatchObject({ objective: 'availability', target: 0.999 });
    expect(availability?.bad).toBeCloseTo(20 * 60_000, -4);
    expect(availability?.overMs).toBe(availability?.total);
    expect(availability?.budgetLeft).toBeCloseTo(1 - 20 / 43.2, 2);
    expect(rig.kinds()).toEqual([]);
    expect(rig.remarks()).toEqual([expect.stringMatching(/^Its availability uses up .* ticket from 3×/)]);
  });
});
