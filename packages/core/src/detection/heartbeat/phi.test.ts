import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { phiAt, zOfPhi } from './phi.ts';

const z = fc.double({ min: -8, max: 1_000, noNaN: true });

describe('phi', () => {
  // Upper tail of the normal distribution, from tables: z, and the logarithm of its reciprocal.
  it.each([
    [0, 0.301_029_995_664],
    [1, 0.799_545_725_1],
    [2, 1.643_027_3],
    [3, 2.869_694_8],
    [5, 6.542_642_8],
    [10, 23.118_053_4],
    [40, 349.437_01],
  ])('is right at %f standard deviations', (at, phi) => {
    expect(phiAt(at)).toBeCloseTo(phi, 4);
  });

  it('grows with the silence', () => {
    fc.assert(
      fc.property(z, fc.double({ min: 0, max: 100, noNaN: true }), (at, more) => phiAt(at + more) >= phiAt(at)),
    );
  });

  it('is never negative, and always a number', () => {
    fc.assert(
      fc.property(z, (at) => {
        expect(phiAt(at)).toBeGreaterThanOrEqual(0);
        expect(phiAt(at)).toBeLessThan(Infinity);
      }),
    );
  });

  it('leads back to the silence it came from', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 300, noNaN: true }), (phi) => {
        expect(phiAt(zOfPhi(phi)) / phi).toBeCloseTo(1, 6);
      }),
    );
  });

  it('does not jump where one formula takes over from the other', () => {
    for (const at of [-2, 2]) expect(phiAt(at + 1e-9) - phiAt(at - 1e-9)).toBeLessThan(1e-8);
  });
});
