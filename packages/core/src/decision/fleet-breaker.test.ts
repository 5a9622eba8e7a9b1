import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BreakerPolicy, FleetBreaker } from '../model/index.ts';
import type { FleetBreakerEvent, GroupCounts } from './fleet-breaker.ts';
import { closedBreaker, stepBreaker } from './fleet-breaker.ts';

const policy: BreakerPolicy = {
  threshold: 0.5,
  least: 3,
  windowMs: 30_000,
  coolDownMs: 120_000,
  coolDownCapMs: 1_800_000,
};
const looked = { type: 'looked' } as const;

type Stand = GroupCounts & { readonly inFlight?: number };

function step(breaker: FleetBreaker, event: FleetBreakerEvent, now: number, stand: Stand): FleetBreaker {
  const { inFlight = 0, ...of } = stand;
  return stepBreaker(breaker, event, { now, counts: of, policy, inFlight });
}

function counts(unhealthy: number, size: number, firstAt = 0): GroupCounts {
  return { unhealthy, size, firstAt };
}

function opened(size = 10): FleetBreaker {
  return step(closedBreaker, looked, 0, counts(size, size));
}

function halfOpened(size = 10): Extract<FleetBreaker, { state: 'half-open' }> {
  const breaker = step(opened(size), looked, 120_000, counts(size, size));
  if (breaker.state !== 'half-open') throw new TypeError(breaker.state);
  return breaker;
}

describe('when the fleet breaker opens', () => {
  it.each([
    ['a fleet of 1 whose only agent failed', 1, 1, 'closed'],
    ['a fleet of 2 with one failed', 1, 2, 'closed'],
    ['a fleet of 2 with both failed at once', 2, 2, 'open'],
    ['a fleet of 3 with two failed', 2, 3, 'closed'],
    ['a fleet of 3 with all failed', 3, 3, 'open'],
    ['a fleet of 5 with three failed', 3, 5, 'open'],
    ['a fleet of 10 with four failed', 4, 10, 'closed'],
    ['a fleet of 10 with five failed', 5, 10, 'open'],
    ['an empty group', 0, 0, 'closed'],
  ])('%s: %i of %i, %s', (_name, unhealthy, size, state) => {
    expect(step(closedBreaker, looked, 10_000, counts(unhealthy, size)).state).toBe(state);
  });

  it('does not take two failures an hour apart for one event in a fleet of 2', () => {
    expect(step(closedBreaker, looked, 3_600_000, counts(2, 2, 0)).state).toBe('closed');
    expect(step(closedBreaker, looked, 3_600_000, counts(2, 2, 3_590_000)).state).toBe('open');
  });

  it('says why, with the figures', () => {
    expect(opened()).toMatchObject({
      reason: { code: 'fleet-breaker-open', text: expect.stringContaining('10 of 10') },
    });
  });
});

describe('an open fleet breaker', () => {
  it('tries one canary after the cool-down, not before', () => {
    expect(step(opened(), looked, 119_999, counts(10, 10)).state).toBe('open');
    expect(step(opened(), looked, 120_000, counts(10, 10))).toMatchObject({ state: 'half-open', allowed: 1 });
  });

  it('closes when all recovered by themselves', () => {
    expect(step(opened(), looked, 5_000, counts(0, 10)).state).toBe('closed');
  });

  it('waits for the cool-down when only most of them recovered, and then closes', () => {
    expect(step(opened(), looked, 5_000, counts(2, 10)).state).toBe('open');
    expect(step(opened(), looked, 120_000, counts(2, 10)).state).toBe('closed');
  });
});

describe('a half-open fleet breaker', () => {
  it('doubles what may be in flight with each round of canaries that is verified', () => {
    let breaker: FleetBreaker = halfOpened();
    // One makes it two; two more make it four; four more make it eight; and never more than there are agents.
    for (const allowed of [2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 8, 8, 8, 8, 10]) {
      breaker = step(breaker, { type: 'canary-succeeded', trip: 1 }, 130_000, counts(9, 10));
      expect(breaker).toMatchObject({ state: 'half-open', allowed });
    }
  });

  it('opens again for twice as long when a canary fails, up to the cap', () => {
    let breaker: FleetBreaker = halfOpened();
    let now = 120_000;
    for (const coolDownMs of [240_000, 480_000, 960_000, 1_800_000, 1_800_000]) {
      breaker = step(breaker, { type: 'canary-failed', trip: breaker.trips, text: 'x' }, now, counts(10, 10));
      expect(breaker).toMatchObject({ state: 'open', coolDownMs, probeAt: now + coolDownMs });
      now += coolDownMs;
      breaker = step(breaker, looked, now, counts(10, 10));
      expect(breaker).toMatchObject({ state: 'half-open', allowed: 1 });
    }
  });

  it('closes when few enough are left, a canary was verified and none is in flight', () => {
    const one = step(halfOpened(), { type: 'canary-succeeded', trip: 1 }, 130_000, counts(5, 10));
    expect(one.state).toBe('half-open');
    expect(step(one, looked, 131_000, { ...counts(4, 10), inFlight: 1 }).state).toBe('half-open');
    expect(step(one, looked, 131_000, counts(4, 10)).state).toBe('closed');
  });

  it('does not stay for ever when few are left and nobody can be tried', () => {
    expect(step(halfOpened(), looked, 239_999, counts(1, 10)).state).toBe('half-open');
    expect(step(halfOpened(), looked, 240_000, { ...counts(1, 10), inFlight: 1 }).state).toBe('half-open');
    expect(step(halfOpened(), looked, 240_000, counts(1, 10)).state).toBe('closed');
  });

  it('does not hear of a canary of an earlier trip', () => {
    const breaker = halfOpened();
    expect(step(breaker, { type: 'canary-succeeded', trip: 0 }, 130_000, counts(10, 10))).toBe(breaker);
    expect(step(breaker, { type: 'canary-failed', trip: 0, text: 'x' }, 130_000, counts(10, 10))).toBe(breaker);
  });
});

describe('any run of events', () => {
  const event = fc.oneof(
    fc.constant(looked),
    fc.record({ type: fc.constant('canary-succeeded' as const), trip: fc.integer({ min: 0, max: 6 }) }),
    fc.record({
      type: fc.constant('canary-failed' as const),
      trip: fc.integer({ min: 0, max: 6 }),
      text: fc.constant('x'),
    }),
  );
  const happening = fc.record({
    event,
    afterMs: fc.integer({ min: 0, max: 400_000 }),
    unhealthy: fc.integer({ min: 0, max: 12 }),
    inFlight: fc.integer({ min: 0, max: 3 }),
  });

  /** What is wrong about the step from one state to the next. */
  function* faults(before: FleetBreaker, after: FleetBreaker, size: number): Iterable<string> {
    if (after.trips < before.trips) yield 'trips counted down';
    if (size === 1 && after.state !== 'closed') yield 'open in a fleet of one';
    if (after.state === 'open' && after.probeAt - after.since !== after.coolDownMs) yield 'open without an end';
    if (after.state === 'open' && after.coolDownMs > policy.coolDownCapMs) yield 'open for longer than the cap';
  }

  function* halfOpenFaults(
    before: FleetBreaker,
    after: FleetBreaker,
    of: { size: number; by: FleetBreakerEvent },
  ): Iterable<string> {
    if (after.state !== 'half-open') return;
    const known = before.state === 'half-open' ? before.allowed : 0;
    if (known === 0 && after.allowed !== 1) yield 'began with more than one canary';
    if (known === 0 || after.allowed === known) return;
    if (of.by.type !== 'canary-succeeded' || of.by.trip !== before.trips) yield 'widened without a canary';
    if (after.allowed !== Math.min(of.size, 2 * known)) yield 'widened by more than the double';
    if (after.successes < 2 * known - 1) yield 'widened before the round was verified';
  }

  it('never widens but by a round of canaries that is verified, always ends an open state, and counts trips upward', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(happening, { maxLength: 60 }), (size, happenings) => {
        let breaker: FleetBreaker = closedBreaker;
        let now = 0;
        const wrong: string[] = [];
        for (const { event: by, afterMs, unhealthy, inFlight } of happenings) {
          now += afterMs;
          const after = step(breaker, by, now, { ...counts(Math.min(unhealthy, size), size, now), inFlight });
          wrong.push(...faults(breaker, after, size), ...halfOpenFaults(breaker, after, { size, by }));
          breaker = after;
        }
        expect(wrong).toEqual([]);
      }),
    );
  });
});

describe('when the wall clock is set back', () => {
  const day = 86_400_000;

  it('an open breaker waits for a cool-down, and not until the clock has caught up', () => {
    const set = step(opened(), looked, -day, counts(10, 10));
    expect(set).toMatchObject({ state: 'open', since: -day, probeAt: -day + 120_000 });
    expect(step(set, looked, -day + 119_000, counts(10, 10))).toBe(set);
    expect(step(set, looked, -day + 120_000, counts(10, 10)).state).toBe('half-open');
  });

  it('a half-open breaker with few left closes after a cool-down', () => {
    const set = step(halfOpened(), looked, -day, counts(2, 10));
    expect(set).toMatchObject({ state: 'half-open', since: -day });
    expect(step(set, looked, -day + 120_000, counts(2, 10)).state).toBe('closed');
  });
});
