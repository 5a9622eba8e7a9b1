import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketsMax, SampleRing } from './sample-ring.ts';

describe('a ring of samples', () => {
  it('keeps the lowest and the highest of each bucket, without the one that is not complete', () => {
    const ring = new SampleRing(120_000, 0);
    for (const [atMs, value] of [
      [100, 5],
      [500, 3],
      [900, 9],
      [1_200, 7],
      [2_100, 1],
    ] as const)
      ring.add(value, atMs);
    expect(ring.complete(2_100)).toEqual({ at: [-2, -1], lows: [3, 7], highs: [9, 7] });
  });

  it('leaves out what was not reported, and forgets what is older than the window', () => {
    const ring = new SampleRing(120_000, 0);
    ring.add(1, 0);
    ring.add(2, 5_000);
    ring.add(3, 100_500);
    expect(ring.complete(100_500)).toEqual({ at: [-100, -95], lows: [1, 2], highs: [1, 2] });
    ring.add(4, 122_000);
    expect(ring.complete(122_000)).toEqual({ at: [-117, -22], lows: [2, 3], highs: [2, 3] });
    ring.add(5, 10_000_000);
    expect(ring.complete(10_000_000).at).toEqual([]);
  });

  it('is the same as remembering everything, for any times and figures', () => {
    const samples = fc.array(fc.tuple(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 1_000 })));
    fc.assert(
      fc.property(samples, fc.integer({ min: 0, max: 1_000_000 }), (given, startMs) => {
        const ring = new SampleRing(bucketsMax * 1_000, startMs);
        let nowMs = startMs;
        const byBucket = new Map<number, number[]>();
        for (const [gapMs, value] of given) {
          nowMs += gapMs;
          ring.add(value, nowMs);
          const bucket = Math.floor(nowMs / 1_000);
          byBucket.set(bucket, [...(byBucket.get(bucket) ?? []), value]);
        }
        const newest = Math.floor(nowMs / 1_000);
        const kept = [...byBucket].filter(([bucket]) => bucket < newest && bucket > newest - bucketsMax);
        const whole = ring.complete(nowMs);
        expect(whole).toEqual({
          at: kept.map(([bucket]) => bucket - newest),
          lows: kept.map(([, values]) => Math.min(...values)),
          highs: kept.map(([, values]) => Math.max(...values)),
        });
        // Taken back by another guard, whose clock began later, it is the same.
        const savedMs = -given.length * 777;
        const again = new SampleRing(bucketsMax * 1_000, savedMs);
        again.restore(whole);
        expect(again.complete(savedMs)).toEqual(whole);
      }),
    );
  });
});
