import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HoldTime } from './hold-time.ts';

const threshold = { raiseAbove: 100, clearAt: 90, forMs: 60 };

describe('HoldTime', () => {
  it('raises after the hold time and clears at the margin', () => {
    const hold = new HoldTime();
    const said = [
      [101, 0],
      [200, 59],
      [101, 60],
      [95, 61],
      [90, 62],
      [200, 63],
    ].map(([value, atMs]) => hold.observe(value as number, atMs as number, threshold));
    expect(said).toEqual([false, false, true, true, false, false]);
  });

  it('agrees with its definition for any run of values', () => {
    const values = fc.array(fc.tuple(fc.integer({ min: 80, max: 120 }), fc.integer({ min: 1, max: 40 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(values, (steps) => {
        const hold = new HoldTime();
        const seen: { readonly value: number; readonly atMs: number }[] = [];
        let atMs = 0;
        let before = false;
        for (const [value, byMs] of steps) {
          atMs += byMs;
          seen.push({ value, atMs });
          const lastGood = seen.findLastIndex((one) => one.value <= threshold.raiseAbove);
          const firstBad = seen[lastGood + 1];
          const heldLong = firstBad !== undefined && atMs - firstBad.atMs >= threshold.forMs;
          const expected: boolean = before ? value > threshold.clearAt : heldLong;
          expect(hold.observe(value, atMs, threshold)).toBe(expected);
          before = expected;
        }
      }),
    );
  });
});
