import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freshBudget, rebaseBudget, reserve } from './budget.ts';
import {
  askShared,
  freshSharedBudget,
  isUntold,
  mostOf,
  rebaseShared,
  rungWeights,
  spendShared,
} from './shared-budget.ts';

const limit = { share: 0.1, least: 7, perMs: 600_000 };
const start = 1_700_000_000_000;

describe('shared budget', () => {
  it('pays one whole ladder at once, and then nothing before enough has come back', () => {
    let budget = freshSharedBudget;
    for (const weight of [rungWeights.restart, rungWeights.recreate, rungWeights.respawn]) {
      const ask = { limit, size: 3, weight, now: start };
      expect(askShared(budget, ask).allowed).toBe(true);
      budget = spendShared(budget, ask);
    }
    const answer = askShared(budget, { limit, size: 3, weight: 1, now: start });
    expect(answer).toMatchObject({ allowed: false, most: 7, at: start + Math.round(600_000 / 7) });
    expect(askShared(budget, { limit, size: 3, weight: 1, now: answer.at }).allowed).toBe(true);
    expect(askShared(budget, { limit, size: 3, weight: 4, now: answer.at }).allowed).toBe(false);
  });

  it('holds a tenth of a large group', () => {
    expect([1, 70, 79, 80, 1_000].map((size) => mostOf(limit, size))).toEqual([7, 7, 7, 8, 100]);
  });

  it('is never overspent in any window, whatever is asked and however the group grows and shrinks', () => {
    const ask = fc.record({
      gapMs: fc.nat(200_000),
      weight: fc.constantFrom(1, 2, 4),
      size: fc.integer({ min: 1, max: 400 }),
    });
    fc.assert(
      fc.property(fc.array(ask, { maxLength: 120 }), (asks) => {
        let budget = freshSharedBudget;
        let now = start;
        const spent: { readonly at: number; readonly share: number }[] = [];
        for (const { gapMs, weight, size } of asks) {
          now += gapMs;
          const one = { limit, size, weight, now };
          const answer = askShared(budget, one);
          if (!answer.allowed) continue;
          budget = spendShared(budget, one);
          spent.push({ at: now, share: weight / answer.most });
        }
        for (const [from, { at }] of spent.entries()) {
          let share = 0;
          for (const later of spent.slice(from)) {
            share += later.share;
            // The whole budget once, and what has come back meanwhile; a millisecond for rounding.
            expect(share).toBeLessThanOrEqual(1 + (later.at - at + 1) / limit.perMs);
          }
        }
      }),
    );
  });

  it('allows at the moment it names, and not a millisecond earlier', () => {
    const ask = fc.record({ gapMs: fc.nat(60_000), weight: fc.constantFrom(1, 2, 4) });
    fc.assert(
      fc.property(fc.array(ask, { minLength: 8, maxLength: 60 }), (asks) => {
        let budget = freshSharedBudget;
        let now = start;
        const wrong: unknown[] = [];
        for (const { gapMs, weight } of asks) {
          now += gapMs;
          const one = { limit, size: 5, weight, now };
          const { allowed, at } = askShared(budget, one);
          if (allowed) budget = spendShared(budget, one);
          else if (!askShared(budget, { ...one, now: at }).allowed) wrong.push({ one, at, why: 'not yet' });
          else if (askShared(budget, { ...one, now: at - 1 }).allowed) wrong.push({ one, at, why: 'sooner' });
        }
        expect(wrong).toEqual([]);
      }),
    );
  });

  it('neither freezes nor is refilled when the wall clock is set back', () => {
    const ask = { limit, size: 5, weight: 4, now: start };
    const spent = spendShared(freshSharedBudget, ask);
    const back = start - 86_400_000;
    const rebased = rebaseShared(spent, back);
    expect(askShared(rebased, { ...ask, now: back }).allowed).toBe(false);
    expect(askShared(rebased, { ...ask, now: back + 100_000 }).allowed).toBe(true);
    expect(rebaseShared(spent, start + 1)).toBe(spent);
  });

  it('is told of once while it fills up again', () => {
    expect(isUntold(freshSharedBudget, limit, start)).toBe(true);
    const told = { ...freshSharedBudget, toldAt: start };
    expect(isUntold(told, limit, start + 3_599_999)).toBe(false);
    expect(isUntold(told, limit, start + 3_600_000)).toBe(true);
    expect(isUntold(told, limit, start - 1)).toBe(true);
  });
});

describe("an agent's budget when the wall clock is set back", () => {
  it('keeps what was used up and lets it come back in the new time', () => {
    const limits = [{ max: 3, perMs: 600_000 }];
    let budget = freshBudget;
    for (let attempt = 0; attempt < 3; attempt += 1) budget = reserve(budget, limits, start, 600_000);
    const back = start - 86_400_000;
    const rebased = rebaseBudget({ ...budget, notBefore: start + 4_000 }, back);
    expect(rebased).toMatchObject({ streak: 3, lastAttemptAt: back, notBefore: back + 4_000 });
    expect(rebased.tats['3/600000']).toBe(back + 600_000);
  });
});
