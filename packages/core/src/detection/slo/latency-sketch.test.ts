import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatencySketch } from './latency-sketch.ts';

describe('LatencySketch', () => {
  it('is off by at most one percent', () => {
    const latencies = fc.array(fc.double({ min: 0.1, max: 60_000, noNaN: true }), { minLength: 100, maxLength: 400 });
    fc.assert(
      fc.property(latencies, (all) => {
        const sketch = new LatencySketch();
        for (const latencyMs of all) sketch.add(latencyMs, 0);
        const sorted = [...all].sort((a, b) => a - b);
        const { p95Ms, p99Ms, error } = sketch.figures(0) as NonNullable<ReturnType<LatencySketch['figures']>>;
        for (const [quantile, found] of [
          [0.95, p95Ms],
          [0.99, p99Ms],
        ] as const) {
          const exact = sorted[Math.floor(quantile * (sorted.length - 1))] as number;
          expect(Math.abs(found - exact)).toBeLessThanOrEqual(error * exact * 1.000_001);
        }
      }),
    );
  });

  it('says nothing of a handful of answers', () => {
    const sketch = new LatencySketch();
    for (let n = 0; n < 99; n += 1) sketch.add(5, 0);
    expect(sketch.figures(0)).toBeUndefined();
  });

  it('forgets what was measured more than an hour ago', () => {
    const sketch = new LatencySketch();
    for (let n = 0; n < 200; n += 1) sketch.add(900, 0);
    for (let n = 0; n < 200; n += 1) sketch.add(5, 1_900_000);
    expect(sketch.figures(1_900_000)?.samples).toBe(400);
    expect(sketch.figures(3_700_000)?.p99Ms).toBeCloseTo(5, 0);
    expect(sketch.figures(9_000_000)).toBeUndefined();
  });
});
