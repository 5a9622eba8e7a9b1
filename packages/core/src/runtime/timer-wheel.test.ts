import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimerWheel } from './timer-wheel.ts';

function dueAt(wheel: TimerWheel, nowMs: number): number[] {
  const into: number[] = [];
  wheel.due(nowMs, into);
  return into.sort((a, b) => a - b);
}

describe('TimerWheel', () => {
  it('hands a slot out at its deadline, once, and not before', () => {
    const wheel = new TimerWheel(0);
    wheel.schedule(3, 1_234);
    expect(dueAt(wheel, 1_233.9)).toEqual([]);
    expect(dueAt(wheel, 1_234)).toEqual([3]);
    expect(dueAt(wheel, 10_000)).toEqual([]);
    expect(wheel.size).toBe(0);
  });

  it('keeps one deadline per slot: the last one set', () => {
    const wheel = new TimerWheel(0);
    wheel.schedule(1, 500);
    wheel.schedule(1, 90_000);
    expect(wheel.size).toBe(1);
    expect(dueAt(wheel, 89_999)).toEqual([]);
    expect(dueAt(wheel, 90_000)).toEqual([1]);
  });

  it('hands out what is overdue already at the next look', () => {
    const wheel = new TimerWheel(5_000);
    wheel.schedule(7, 10);
    expect(dueAt(wheel, 5_000)).toEqual([7]);
  });

  it('finds deadlines beyond its horizon', () => {
    const wheel = new TimerWheel(0, 1);
    const far = 256 ** 4 + 5_000;
    wheel.schedule(0, 256 ** 2 + 3);
    expect(dueAt(wheel, 256 ** 2 + 2)).toEqual([]);
    expect(dueAt(wheel, 256 ** 2 + 3)).toEqual([0]);
    wheel.schedule(1, far);
    expect(wheel.deadline(1)).toBe(far);
    wheel.cancel(1);
    expect(wheel.deadline(1)).toBeUndefined();
  });

  it('agrees with a plain map of deadlines, whatever is scheduled, cancelled and asked', () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('schedule' as const),
        slot: fc.nat(200),
        inMs: fc.double({ min: -500, max: 40_000_000, noNaN: true }),
      }),
      fc.record({
        do: fc.constant('schedule' as const),
        slot: fc.nat(200),
        inMs: fc.double({ min: 0, max: 2_000, noNaN: true }),
      }),
      fc.record({ do: fc.constant('cancel' as const), slot: fc.nat(200) }),
      fc.record({
        do: fc.constant('look' as const),
        afterMs: fc.oneof(fc.nat(300), fc.nat(60_000), fc.nat(20_000_000)),
      }),
    );
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.array(step, { maxLength: 120 }), (startMs, steps) => {
        const wheel = new TimerWheel(startMs);
        const plain = new Map<number, number>();
        let nowMs = startMs;
        for (const one of steps) {
          if (one.do === 'schedule') {
            wheel.schedule(one.slot, nowMs + one.inMs);
            plain.set(one.slot, nowMs + one.inMs);
          } else if (one.do === 'cancel') {
            wheel.cancel(one.slot);
            plain.delete(one.slot);
          } else nowMs += one.afterMs;
          // The wheel is asked after every step; without time passing there is nothing new that is due.
          const expected = [...plain].filter(([, at]) => at <= nowMs).map(([slot]) => slot);
          for (const slot of expected) plain.delete(slot);
          expect(dueAt(wheel, nowMs)).toEqual(expected.sort((a, b) => a - b));
          expect(wheel.size).toBe(plain.size);
        }
      }),
      { numRuns: 60 },
    );
  });
});
