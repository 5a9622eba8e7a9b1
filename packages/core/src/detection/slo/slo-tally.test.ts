import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tally } from './slo-tally.ts';

const minute = 60_000;
const day = 86_400_000;
const windows = [5 * minute, 30 * minute, 60 * minute, 2 * 60 * minute, 6 * 60 * minute, day, 3 * day, 30 * day];

describe('Tally', () => {
  it('counts what lies in the window, and is short of it by at most one bucket', () => {
    const events = fc.array(
      fc.record({ gapMs: fc.integer({ min: 0, max: day }), total: fc.integer({ min: 1, max: 100 }) }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(
        events,
        fc.constantFrom(...windows),
        fc.integer({ min: -40 * day, max: day }),
        (all, windowMs, startMs) => {
          const tally = new Tally();
          let nowMs = startMs;
          const seen: { readonly atMs: number; readonly total: number }[] = [];
          for (const { gapMs, total } of all) {
            nowMs += gapMs;
            seen.push({ atMs: nowMs, total });
            tally.add(nowMs, { total, bad: total / 2 });
          }
          const sum = (overMs: number): number =>
            seen.filter(({ atMs }) => atMs > nowMs - overMs).reduce((whole, { total }) => whole + total, 0);
          const { total, bad } = tally.read(windowMs, nowMs);
          expect(total).toBeLessThanOrEqual(sum(windowMs));
          expect(total).toBeGreaterThanOrEqual(sum(windowMs * (4 / 5)));
          expect(bad).toBeCloseTo(total / 2, 3);
        },
      ),
    );
  });

  it('counts time as it lies in the buckets', () => {
    const tally = new Tally();
    tally.addSpan(-day, -minute, false);
    tally.addSpan(-minute, 0, true);
    expect(tally.read(30 * day, 0)).toEqual({ total: day, bad: minute });
    expect(tally.read(5 * minute, 0).bad).toBe(minute);
    expect(tally.read(30 * day, 31 * day).total).toBe(0);
  });

  it('leaves out exactly what came before the instance', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 * minute }), { maxLength: 40 }),
        fc.nat({ max: 39 }),
        fc.constantFrom(...windows),
        (gaps, markAt, windowMs) => {
          const tally = new Tally();
          const fresh = new Tally();
          let nowMs = 0;
          for (const [at, gapMs] of gaps.entries()) {
            nowMs += gapMs;
            if (at === markAt) tally.mark();
            tally.add(nowMs, { total: 2, bad: 1 });
            if (at >= markAt) fresh.add(nowMs, { total: 2, bad: 1 });
          }
          if (markAt >= gaps.length) tally.mark();
          expect(tally.read(windowMs, nowMs, true)).toEqual(fresh.read(windowMs, nowMs));
        },
      ),
    );
  });

  it('gives back what it saved, also on a clock that began anew', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 * 60 * minute }), { minLength: 1, maxLength: 60 }),
        fc.constantFrom(...windows),
        (gaps, windowMs) => {
          const tally = new Tally();
          let nowMs = 0;
          for (const gapMs of gaps) tally.add((nowMs += gapMs), { total: 2, bad: 1 });
          const same = new Tally();
          same.load(JSON.parse(JSON.stringify(tally.save(nowMs))), nowMs);
          expect(same.read(windowMs, nowMs)).toEqual(tally.read(windowMs, nowMs));
          const later = new Tally();
          later.load(tally.save(nowMs), -5 * minute);
          expect(later.read(30 * day, 0).total).toBeLessThanOrEqual(2 * gaps.length);
          expect(later.read(30 * day, 0)).toEqual(tally.read(30 * day, nowMs));
        },
      ),
    );
  });
});
