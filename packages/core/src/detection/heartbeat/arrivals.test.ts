import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arrivals } from './arrivals.ts';

const interval = fc.integer({ min: 1, max: 3_600_000 });

describe('Arrivals', () => {
  it('are mean and spread of what came, exactly, while little came', () => {
    fc.assert(
      fc.property(fc.array(interval, { minLength: 1, maxLength: 400 }), (given) => {
        const arrivals = new Arrivals();
        for (const one of given) arrivals.add(3, one);
        const mean = given.reduce((sum, one) => sum + one, 0) / given.length;
        const variance = given.reduce((sum, one) => sum + (one - mean) ** 2, 0) / given.length;
        expect(arrivals.count(3)).toBe(given.length);
        expect(arrivals.meanMs(3) / mean).toBeCloseTo(1, 9);
        expect(arrivals.spreadMs(3)).toBeCloseTo(Math.sqrt(variance), 3);
      }),
    );
  });

  it('stay within what ever came', () => {
    fc.assert(
      fc.property(fc.array(interval, { minLength: 1, maxLength: 3_000 }), (given) => {
        const arrivals = new Arrivals();
        for (const one of given) arrivals.add(0, one);
        const [least, most] = [Math.min(...given), Math.max(...given)];
        expect(arrivals.meanMs(0)).toBeGreaterThanOrEqual(least - 1e-6);
        expect(arrivals.meanMs(0)).toBeLessThanOrEqual(most + 1e-6);
        expect(arrivals.spreadMs(0)).toBeLessThanOrEqual(most - least + 1e-6);
      }),
      { numRuns: 30 },
    );
  });

  it('forget how an agent behaved some thousand heartbeats ago', () => {
    const arrivals = new Arrivals();
    for (let at = 0; at < 5_000; at += 1) arrivals.add(0, 30_000);
    for (let at = 0; at < 3_000; at += 1) arrivals.add(0, 10_000);
    expect(arrivals.meanMs(0)).toBeCloseTo(10_050, -2);
  });

  it('know nothing of an agent whose place another has taken, nor of one beyond the last', () => {
    const arrivals = new Arrivals();
    arrivals.add(1, 5_000);
    arrivals.add(1_000, 7_000);
    arrivals.reset(1);
    arrivals.reset(1_000_000);
    expect([arrivals.count(1), arrivals.meanMs(1), arrivals.spreadMs(1)]).toEqual([0, 0, 0]);
    expect([arrivals.count(1_000), arrivals.meanMs(1_000)]).toEqual([1, 7_000]);
    expect([arrivals.count(1_000_000), arrivals.meanMs(1_000_000), arrivals.spreadMs(1_000_000)]).toEqual([0, 0, 0]);
  });
});
