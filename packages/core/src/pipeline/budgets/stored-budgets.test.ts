import { describe, expect, it } from 'vitest';
import { askBudget, freshBudget, reserve } from '../../decision/budget.ts';
import { askShared, spendShared } from '../../decision/shared-budget.ts';
import type { Json } from '../../model/index.ts';
import { recordingLogger } from '../../testing/index.ts';
import { budgetFrom, sharedBudgetFrom } from './stored-budgets.ts';

const now = 1_000_000;
const minute = 60_000;
const limits = [{ max: 3, perMs: 9 * minute }];
const stored = (value: Json) => ({ key: 'shard/1/budget/web.1', version: '1', value });
const damaged: readonly Json[] = [null, [], {}, { ...freshBudget, tats: null }, { tats: { x: 'y' }, streak: 0 }];

describe('the stored budget of an agent', () => {
  it('is what was stored', () => {
    const budget = reserve(freshBudget, limits, now, minute);
    expect(budgetFrom(stored(budget as unknown as Json), now, recordingLogger())).toEqual(budget);
  });

  it.each(damaged)('counts as used up when it is damaged (%#), which is said, and fills up again', (value) => {
    const log = recordingLogger();
    const budget = budgetFrom(stored(value), now, log);
    expect(askBudget(budget, limits, now)).toMatchObject({ allowed: false, at: now + 3 * minute });
    expect(askBudget(budget, limits, now + 3 * minute).allowed).toBe(true);
    expect(log.entries).toMatchObject([{ level: 'error' }]);
  });
});

it.each([null, [], {}, { tat: 'x', spentAt: 0 }] as readonly Json[])(
  'a budget that many share counts as used up when its record is damaged (%#), and fills up again',
  (value) => {
    const budget = sharedBudgetFrom(stored(value), now, recordingLogger());
    const ask = { limit: { share: 0.1, least: 6, perMs: 6 * minute }, size: 5, weight: 2 };
    expect(askShared(budget, { ...ask, now })).toMatchObject({ allowed: false, at: now + 2 * minute });
    const later = now + 2 * minute;
    expect(askShared(budget, { ...ask, now: later }).allowed).toBe(true);
    expect(askShared(spendShared(budget, { ...ask, now: later }), { ...ask, now: later }).allowed).toBe(false);
  },
);
