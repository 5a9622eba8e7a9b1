import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalQuantile, theilSen } from './theil-sen.ts';

const z = normalQuantile(0.99);
const times = (n: number): number[] => Array.from({ length: n }, (_, index) => index - n);

describe('a robust line', () => {
  it('goes through figures that lie on one, within its own bounds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 60 }),
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.double({ min: -1_000, max: 1_000, noNaN: true }),
        (n, slope, base) => {
          const at = times(n);
          const line = theilSen(
            at,
            at.map((t) => base + slope * t),
            z,
          );
          expect(line?.slope).toBeCloseTo(slope, 6);
          expect(line?.lowerSlope).toBeCloseTo(slope, 6);
          expect(line?.upperSlope).toBeCloseTo(slope, 6);
          expect(line?.base).toBeCloseTo(base, 6);
        },
      ),
    );
  });

  it('has its slope between its bounds, whatever the figures are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 3, maxLength: 60 }), (values) => {
        const line = theilSen(times(values.length), values, z);
        if (!line) return;
        expect(line.lowerSlope).toBeLessThanOrEqual(line.slope);
        expect(line.upperSlope).toBeGreaterThanOrEqual(line.slope);
      }),
    );
  });

  it('is not moved by a few figures that are far off', () => {
    const at = times(40);
    const values = at.map((t, index) => 100 + 2 * t + (index % 7 === 0 ? 10_000 : 0));
    expect(theilSen(at, values, z)?.slope).toBeCloseTo(2, 1);
  });

  it('moves with units: twice the figures are twice the slope, and so for the bounds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 12, maxLength: 40 }),
        fc.integer({ min: 2, max: 16 }),
        (values, factor) => {
          const one = theilSen(times(values.length), values, z);
          const many = theilSen(
            times(values.length),
            values.map((value) => value * factor),
            z,
          );
          for (const key of ['slope', 'lowerSlope', 'upperSlope'] as const)
            expect(many?.[key] ?? 0).toBeCloseTo((one?.[key] ?? 0) * factor, 6);
        },
      ),
    );
  });

  it('says nothing of fewer than three figures', () => {
    expect(theilSen([0, 1], [1, 2], z)).toBeUndefined();
  });
});

describe('the quantile', () => {
  it.each([
    [0.5, 0.6745],
    [0.9, 1.6449],
    [0.95, 1.96],
    [0.99, 2.5758],
    [0.9999, 3.8906],
  ])('of a confidence of %d is %d', (confidence, quantile) => {
    expect(Math.abs(normalQuantile(confidence) - quantile)).toBeLessThan(4.6e-4);
  });
});
