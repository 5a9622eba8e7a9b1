import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askBudget, backoffMs, backoffUntil, freshBudget, reserve } from './budget.ts';

const limits = [
  { max: 3, perMs: 600_000 },
  { max: 8, perMs: 86_400_000 },
];

describe('attempt budget', () => {
  it('allows the whole burst at once, then one per emission interval', () => {
    let budget = freshBudget;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(askBudget(budget, limits, 1_000).allowed).toBe(true);
      budget = reserve(budget, limits, 1_000, 600_000);
    }
    expect(askBudget(budget, limits, 1_000)).toMatchObject({ allowed: false, at: 201_000, limit: { max: 3 } });
    expect(askBudget(budget, limits, 201_000).allowed).toBe(true);
  });

  it('never lets more than max attempts into any window, however they are spread', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200_000), { maxLength: 80 }), (gaps) => {
        let budget = freshBudget;
        let now = 0;
        const allowed: number[] = [];
        for (const gap of gaps) {
          now += gap;
          if (!askBudget(budget, [limits[0] as (typeof limits)[0]], now).allowed) continue;
          budget = reserve(budget, [limits[0] as (typeof limits)[0]], now, 600_000);
          allowed.push(now);
        }
        // GCRA admits a burst of max and then the steady rate: within any window at most 2·max − 1.
        for (const start of allowed)
          expect(allowed.filter((at) => at >= start && at < start + 600_000).length).toBeLessThanOrEqual(5);
        for (const start of allowed)
          expect(allowed.filter((at) => at >= start && at < start + 199_000).length).toBeLessThanOrEqual(3);
      }),
    );
  });

  it('counts a streak until the agent was left alone for the reset time', () => {
    const once = reserve(freshBudget, limits, 1_000_000, 600_000);
    expect(reserve(once, limits, 1_100_000, 600_000).streak).toBe(2);
    expect(reserve(once, limits, 1_600_000, 600_000).streak).toBe(1);
  });
});

describe('attempt budget: a changed config', () => {
  it('keeps what was used up when the limits change their order', () => {
    const spent = reserve(freshBudget, limits, 1_000, 600_000);
    expect(reserve(spent, limits.toReversed(), 1_000, 600_000).tats).toEqual(
      reserve(spent, limits, 1_000, 600_000).tats,
    );
  });
});

describe('backoff', () => {
  it('is a share of a ceiling that doubles up to the cap', () => {
    const policy = { baseMs: 5_000, capMs: 300_000 };
    expect(backoffMs(1, 1, policy)).toBe(5_000);
    expect(backoffMs(3, 1, policy)).toBe(20_000);
    expect(backoffMs(3, 0.5, policy)).toBe(10_000);
    expect(backoffMs(50, 1, policy)).toBe(300_000);
    expect(backoffMs(3, 0, policy)).toBe(0);
  });

  it('does not wait for a wall clock that was set back to catch up', () => {
    const budget = { ...freshBudget, notBefore: 100_000 };
    expect(backoffUntil(budget, 30_000, 80_000)).toBe(100_000);
    expect(backoffUntil(budget, 30_000, 60_000)).toBe(60_000);
  });
});
