import type { AttemptLimit, EpochMs, Ms } from '../model/index.ts';

/**
 * What an agent's attempts have used up; durable, so that a restart of the guard refills nothing (R09).
 * One theoretical arrival time per limit, as GCRA has it.
 */
export interface Budget {
  readonly tats: { readonly [limit: string]: EpochMs };
  /** Attempts since the agent was last well for the reset time. */
  readonly streak: number;
  readonly lastAttemptAt: EpochMs;
  /** No attempt before this; drawn with jitter when an attempt ends (R10). */
  readonly notBefore: EpochMs;
  /** Its record was found damaged then: a limit of which nothing is known counts as used up. [it never was] */
  readonly usedUpAt?: EpochMs;
}

export const freshBudget: Budget = { tats: {}, streak: 0, lastAttemptAt: 0, notBefore: 0 };

export interface BudgetAnswer {
  readonly allowed: boolean;
  /** When the next attempt is allowed. */
  readonly at: EpochMs;
  /** The limit that says no. */
  readonly limit?: AttemptLimit;
}

/**
 * GCRA with emission interval T = per / max and burst tolerance τ = per − T:
 * TAT' = max(now, TAT) + T; allowed iff TAT' − now ≤ τ + T = per.
 */
export function askBudget(budget: Budget, limits: readonly AttemptLimit[], now: EpochMs): BudgetAnswer {
  let at = now;
  let limit: AttemptLimit | undefined;
  for (const one of limits) {
    const next = nextTat(budget, one, now);
    const allowedAt = next - one.perMs;
    if (allowedAt > at) {
      at = allowedAt;
      limit = one;
    }
  }
  return limit ? { allowed: false, at, limit } : { allowed: true, at: now };
}

/** A limit is known by its figures, so that another order in the config mixes nothing up. */
function nameOf({ max, perMs }: AttemptLimit): string {
  return `${max}/${perMs}`;
}

function nextTat({ tats, usedUpAt = -Infinity }: Budget, limit: AttemptLimit, now: EpochMs): EpochMs {
  return Math.max(now, tats[nameOf(limit)] ?? usedUpAt + limit.perMs) + limit.perMs / limit.max;
}

/** The budget after one more attempt. Reserved before acting, in the commit that begins the attempt. */
export function reserve(budget: Budget, limits: readonly AttemptLimit[], now: EpochMs, resetAfterMs: Ms): Budget {
  const rested = now - budget.lastAttemptAt >= resetAfterMs;
  return {
    tats: Object.fromEntries(limits.map((one) => [nameOf(one), nextTat(budget, one, now)])),
    streak: (rested ? 0 : budget.streak) + 1,
    lastAttemptAt: now,
    notBefore: budget.notBefore,
  };
}

/**
 * The wall clock was set back: moments that were written down lie ahead. As much is left to wait as was then; a budget
 * is neither refilled by it nor frozen until the clock has caught up.
 */
export function rebaseBudget(budget: Budget, now: EpochMs): Budget {
  const aheadMs = budget.lastAttemptAt - now;
  if (aheadMs <= 0) return budget;
  const tats = Object.fromEntries(Object.entries(budget.tats).map(([name, tat]) => [name, tat - aheadMs]));
  return { ...budget, tats, lastAttemptAt: now, notBefore: Math.max(0, budget.notBefore - aheadMs) };
}

/**
 * When the backoff is over. Longer than the longest that can be drawn it never is: then the wall clock was set back, and
 * a recovery must not wait for it to catch up.
 */
export function backoffUntil({ notBefore }: Budget, capMs: Ms, now: EpochMs): EpochMs {
  return notBefore > now + capMs ? now : notBefore;
}

/** Full jitter: a share of min(cap, base · 2^(streak − 1)), `share` in 0–1. */
export function backoffMs(streak: number, share: number, policy: { readonly baseMs: Ms; readonly capMs: Ms }): Ms {
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** Math.max(0, streak - 1));
  return Math.round(share * ceiling);
}
