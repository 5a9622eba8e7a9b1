import { describe, expect, it } from 'vitest';
import { noopMetrics, recordedMetrics } from './metrics.ts';

describe('recordedMetrics', () => {
  it('adds up counters and keeps the last value of gauges, by labels in any order', () => {
    const metrics = recordedMetrics();
    metrics.count('c');
    metrics.count('c', 2);
    metrics.count('c', 1, { b: '2', a: '1' });
    metrics.count('c', 1, { a: '1', b: '2' });
    metrics.gauge('g', 5);
    metrics.gauge('g', 3);
    expect(metrics.value('c')).toBe(3);
    expect(metrics.value('c', { a: '1', b: '2' })).toBe(2);
    expect(metrics.value('g')).toBe(3);
    expect(metrics.value('none')).toBeUndefined();
    expect(metrics.snapshot()).toMatchObject({ counters: { c: 3, 'c{a="1",b="2"}': 2 }, gauges: { g: 3 } });
  });

  it('summarises observations; percentiles are of the most recent 1024', () => {
    const metrics = recordedMetrics();
    for (let n = 1; n <= 100; n += 1) metrics.observe('ms', n);
    expect(metrics.snapshot().observations['ms']).toEqual({
      count: 100,
      sum: 5050,
      min: 1,
      max: 100,
      p50: 50,
      p95: 95,
      p99: 99,
    });
    for (let n = 0; n < 1024; n += 1) metrics.observe('ms', 7);
    expect(metrics.snapshot().observations['ms']).toMatchObject({ count: 1124, min: 1, max: 100, p50: 7, p99: 7 });
  });

  it('has a brother that measures nothing', () => {
    expect([noopMetrics.count('a'), noopMetrics.gauge('a', 1), noopMetrics.observe('a', 1)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
