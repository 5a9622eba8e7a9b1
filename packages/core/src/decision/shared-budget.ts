import type { EpochMs, IncidentId, Ms, Rung, SharedLimit } from '../model/index.ts';

/**
 * What the recoveries of a group, or of the whole fleet, have used up; durable, so that a restart of the guard refills
 * nothing (R09). Kept as a share of the budget, so that a group that grows or shrinks mixes nothing up.
 */
export interface SharedBudget {
  /** Theoretical arrival time, as GCRA has it. */
  readonly tat: EpochMs;
  readonly spentAt: EpochMs;
  /** When people were last told that it is used up. */
  readonly toldAt?: EpochMs;
  /** Its record was found damaged then: it counts as used up. [it never was] */
  readonly usedUpAt?: EpochMs;
  /** For whom it was spent last. [nobody knows] */
  readonly spentBy?: Spender;
}

/** An attempt that takes its weight from a budget. */
export interface Spender {
  readonly incidentId: IncidentId;
  readonly attempt: number;
  readonly weight: number;
}

export const freshSharedBudget: SharedBudget = { tat: 0, spentAt: 0 };

/** What a rung costs of the budgets of its group and of the fleet. */
export const rungWeights: Readonly<Record<Rung, number>> = { restart: 1, recreate: 2, respawn: 4, escalate: 0 };

export interface SharedAsk {
  readonly limit: SharedLimit;
  /** Agents of the group, or of the fleet. */
  readonly size: number;
  readonly weight: number;
  readonly now: EpochMs;
}

export interface SharedAnswer {
  readonly allowed: boolean;
  /** When this much is allowed. */
  readonly at: EpochMs;
  /** Weight the budget has at most. */
  readonly most: number;
  readonly weight: number;
  readonly limit: SharedLimit;
}

/** Weight that a budget for `size` agents holds. */
export function mostOf({ least, share }: SharedLimit, size: number): number {
  return Math.max(least, Math.floor(share * size));
}

/**
 * GCRA with weights: T = per / most, TAT' = max(now, TAT) + weight · T, allowed iff TAT' − now ≤ per. In any window of
 * length W at most most · (1 + W / per) is spent: all of it at once, and then the steady rate.
 */
export function askShared(budget: SharedBudget, ask: SharedAsk): SharedAnswer {
  const { limit, size, weight, now } = ask;
  // Rounded to whole milliseconds: sums of thirds must not lock the last rung of a ladder out.
  const at = weight === 0 ? now : Math.round(nextTat(budget, ask) - limit.perMs);
  return { allowed: at <= now, at: Math.max(at, now), most: mostOf(limit, size), weight, limit };
}

/** So long a place that was taken is kept for an attempt that could not be stored, or whose answer was lost. */
const keptForMs: Ms = 60_000;

/** Whether the attempt has just taken its place: the answer of the store was lost, and it asks once more. */
export function isSpentBy({ spentBy, spentAt }: SharedBudget, by: Spender, now: EpochMs): boolean {
  if (spentBy?.incidentId !== by.incidentId || spentBy.attempt !== by.attempt) return false;
  return spentBy.weight >= by.weight && now - spentAt < keptForMs;
}

/** The budget after one more recovery. Reserved before acting. */
export function spendShared(budget: SharedBudget, ask: SharedAsk): SharedBudget {
  return { ...budget, tat: nextTat(budget, ask), spentAt: ask.now };
}

function nextTat(budget: SharedBudget, { limit, size, weight, now }: SharedAsk): EpochMs {
  const { tat, usedUpAt = -Infinity } = budget;
  return Math.max(now, tat, usedUpAt + limit.perMs) + (weight * limit.perMs) / mostOf(limit, size);
}

/** Whether people have to be told that it is used up: once in the time in which it fills up again, at least an hour. */
export function isUntold({ toldAt = -Infinity }: SharedBudget, { perMs }: SharedLimit, now: EpochMs): boolean {
  return now - toldAt >= Math.max(perMs, 3_600_000) || toldAt > now;
}

/**
 * The wall clock was set back: a moment that was written down lies ahead. As much is left to wait as was then, and no
 * recovery waits for the clock to catch up.
 */
export function rebaseShared(budget: SharedBudget, now: EpochMs): SharedBudget {
  const aheadMs = budget.spentAt - now;
  return aheadMs <= 0 ? budget : { ...budget, tat: budget.tat - aheadMs, spentAt: now };
}
