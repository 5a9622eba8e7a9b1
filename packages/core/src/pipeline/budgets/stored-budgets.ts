import type { Logger, Versioned } from '../../contracts/index.ts';
import type { Budget } from '../../decision/budget.ts';
import type { SharedBudget } from '../../decision/shared-budget.ts';
import type { EpochMs, Json } from '../../model/index.ts';

const damaged = 'the record of a budget is damaged; it counts as used up';

/**
 * The budget of an agent as it was stored. Of one that is damaged nobody knows what was used up: it counts as used up now,
 * since a budget is never refilled by what goes wrong (R09).
 */
export function budgetFrom({ key, value }: Versioned, now: EpochMs, log: Logger): Budget {
  const { tats, streak, lastAttemptAt, notBefore, usedUpAt } = (value ?? {}) as Partial<Record<keyof Budget, Json>>;
  const isWhole =
    typeof tats === 'object' && tats !== null && Object.values(tats).every(isMoment) && !Array.isArray(tats);
  if (isWhole && [streak, lastAttemptAt, notBefore, usedUpAt ?? 0].every(isMoment)) return value as unknown as Budget;
  log.error({ key }, damaged);
  return { tats: {}, streak: 0, lastAttemptAt: now, notBefore: 0, usedUpAt: now };
}

/** The same of a budget that many share. */
export function sharedBudgetFrom({ key, value }: Versioned, now: EpochMs, log: Logger): SharedBudget {
  const { tat, spentAt, toldAt, usedUpAt } = (value ?? {}) as Partial<Record<keyof SharedBudget, Json>>;
  if ([tat, spentAt, toldAt ?? 0, usedUpAt ?? 0].every(isMoment)) return value as unknown as SharedBudget;
  log.error({ key }, damaged);
  return { tat: 0, spentAt: now, usedUpAt: now };
}

function isMoment(value: Json | undefined): boolean {
  return typeof value === 'number' && Number.isFinite(value);
}
