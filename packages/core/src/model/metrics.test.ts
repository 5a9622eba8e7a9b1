import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AgentMetrics, invalidMetric, metricNames } from './metrics.ts';

const good = fc.record(
  Object.fromEntries(
    metricNames.map((name) => [name, fc.double({ min: 0, max: name === 'error_rate' ? 1 : 1e12, noNaN: true })]),
  ),
  { requiredKeys: [] },
) as fc.Arbitrary<AgentMetrics>;

const bad = fc.oneof(
  fc.constantFrom<unknown>(Number.NaN, Infinity, -Infinity, null, '1', '', true, [], {}, 1n),
  fc.double({ max: -Number.MIN_VALUE, noNaN: true }),
);

describe('invalidMetric', () => {
  it('finds nothing wrong with finite figures from 0, whichever are there', () => {
    fc.assert(
      fc.property(good, (metrics) => {
        expect(invalidMetric(metrics)).toBeUndefined();
      }),
    );
  });

  it('names the first figure that is none, in wire order', () => {
    const names = fc.uniqueArray(fc.constantFrom(...metricNames), { minLength: 1 });
    fc.assert(
      fc.property(good, names, bad, (metrics, broken, value) => {
        const spoiled = { ...metrics, ...Object.fromEntries(broken.map((name) => [name, value])) } as AgentMetrics;
        expect(invalidMetric(spoiled)).toBe(metricNames.find((name) => broken.includes(name)));
      }),
    );
  });

  it('takes an error rate for a share, and a processor figure for what it is', () => {
    expect(invalidMetric({ error_rate: 1 })).toBeUndefined();
    expect(invalidMetric({ error_rate: 1.000_1 })).toBe('error_rate');
    expect(invalidMetric({ cpu_usage: 3.5 })).toBeUndefined();
  });

  it('has no opinion on names it does not know', () => {
    expect(invalidMetric({ gpu_usage: -1 } as AgentMetrics)).toBeUndefined();
  });
});
