import { expect, test, vi } from 'vitest';
import { Meter, percentile } from './figures.ts';

test('percentiles are the nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([0.5, 0.95, 0.99].map((share) => percentile(hundred, share))).toEqual([50, 95, 99]);
  expect(percentile([7], 0.99)).toBe(7);
});

test('leaves latencies and the error rate out while nothing was measured', () => {
  const figures = new Meter(30_000).figures();
  expect(figures).not.toHaveProperty('p95_latency_ms');
  expect(figures).not.toHaveProperty('error_rate');
  expect(figures).toMatchObject({ tasks_completed: 0, tasks_failed: 0, requests_per_second: 0 });
});

test('counts jobs and failures', () => {
  const meter = new Meter(30_000);
  for (const ok of [true, true, true, false]) meter.job(ok ? 10 : 30, ok);
  expect(meter.figures()).toMatchObject({
    avg_latency_ms: 15,
    p95_latency_ms: 30,
    error_rate: 0.25,
    tasks_completed: 3,
    tasks_failed: 1,
  });
});

test('stays bounded under very many jobs', () => {
  const meter = new Meter(600_000);
  for (let job = 0; job < 20_000; job += 1) meter.job(1, true);
  const { requests_per_second: rate, tasks_completed: completed } = meter.figures();
  expect(completed).toBe(20_000);
  expect(rate).toBeLessThanOrEqual(4_096);
});

test('a job in hand that takes longer than every finished one counts as it stands', () => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(1_000);
  const meter = new Meter(30_000);
  meter.begin();
  now.mockReturnValue(1_050);
  expect(meter.figures()).not.toHaveProperty('p95_latency_ms');
  now.mockReturnValue(4_000);
  expect(meter.figures()).toMatchObject({ p95_latency_ms: 3_000, p99_latency_ms: 3_000 });
  expect(meter.figures()).not.toHaveProperty('error_rate');
});
