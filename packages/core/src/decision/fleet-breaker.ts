import type { BreakerPolicy, EpochMs, FleetBreaker, Ms, Reason } from '../model/index.ts';
import { formatDuration } from '../model/index.ts';

/** How a group stands now. */
export interface GroupCounts {
  readonly unhealthy: number;
  readonly size: number;
  /** When the first of those that are unhealthy now became so. */
  readonly firstAt?: EpochMs;
}

/** What can happen to a fleet breaker. */
export type FleetBreakerEvent =
  /** The counts of the group may be others now, or time has passed. */
  | { readonly type: 'looked' }
  /** A canary of the trip was verified. */
  | { readonly type: 'canary-succeeded'; readonly trip: number }
  /** A canary of the trip did not heal its agent. */
  | { readonly type: 'canary-failed'; readonly trip: number; readonly text: string };

export interface FleetBreakerFacts {
  readonly now: EpochMs;
  readonly counts: GroupCounts;
  readonly policy: BreakerPolicy;
  /** Canaries of the present trip that are not verified yet. */
  readonly inFlight: number;
}

export const closedBreaker: FleetBreaker = Object.freeze({ state: 'closed', trips: 0 });

type Open = Extract<FleetBreaker, { state: 'open' }>;
type HalfOpen = Extract<FleetBreaker, { state: 'half-open' }>;

/**
 * The fleet breaker of a group (R01) as a pure state machine. It opens when too many of the group are unhealthy at once
 * and stays so for a cool-down; then it lets one canary through, and twice as many when that is verified, and so on. A
 * canary that fails opens it again for twice as long. A group of one never opens it: budgets and backoff are its limit.
 *
 * @returns the same object when nothing changed.
 */
export function stepBreaker(breaker: FleetBreaker, event: FleetBreakerEvent, facts: FleetBreakerFacts): FleetBreaker {
  switch (breaker.state) {
    case 'closed':
      return closed(breaker, facts);
    case 'open':
      return open(rebased(breaker, facts.now), facts);
    case 'half-open':
      return halfOpen(breaker.since > facts.now ? { ...breaker, since: facts.now } : breaker, event, facts);
  }
}

/** The wall clock was set back: as long as a cool-down is left to wait, and not until the clock has caught up (R26). */
function rebased(breaker: Open, now: EpochMs): Open {
  const { since, coolDownMs } = breaker;
  return since > now ? { ...breaker, since: now, probeAt: now + coolDownMs } : breaker;
}

/** Whether so many are unhealthy that an open breaker does not close. */
function isTripping({ unhealthy, size }: GroupCounts, { least, threshold }: BreakerPolicy): boolean {
  if (size < 2) return false;
  return unhealthy >= size || (unhealthy >= least && unhealthy >= threshold * size);
}

function closed(breaker: FleetBreaker, { now, counts, policy }: FleetBreakerFacts): FleetBreaker {
  const reason = tripReason(counts, policy, now);
  return reason ? opened({ trips: breaker.trips + 1, reason, coolDownMs: policy.coolDownMs }, now) : breaker;
}

function tripReason(counts: GroupCounts, policy: BreakerPolicy, now: EpochMs): Reason | undefined {
  if (!isTripping(counts, policy)) return undefined;
  const { unhealthy, size, firstAt = now } = counts;
  const code = 'fleet-breaker-open';
  if (unhealthy >= policy.least && unhealthy >= policy.threshold * size) {
    const limit = `${policy.least} and ${Math.round(policy.threshold * 100)} % are the limit`;
    return { code, text: `${unhealthy} of ${size} agents are unhealthy at once; ${limit}.` };
  }
  // All of a small group: one event only if they failed within the window.
  if (now - firstAt > policy.windowMs) return undefined;
  return { code, text: `All ${size} agents became unhealthy within ${formatDuration(policy.windowMs)}.` };
}

function opened(
  of: { readonly trips: number; readonly reason: Reason; readonly coolDownMs: Ms },
  now: EpochMs,
): FleetBreaker {
  return { state: 'open', since: now, probeAt: now + of.coolDownMs, ...of };
}

function open(breaker: Open, facts: FleetBreakerFacts): FleetBreaker {
  const { now, counts, policy } = facts;
  if (counts.unhealthy === 0) return closedAgain(breaker);
  if (now < breaker.probeAt) return breaker;
  // So few are left that they got well by themselves: the rest is healed like any other.
  if (!isTripping(counts, policy)) return closedAgain(breaker);
  const { trips, reason, coolDownMs } = breaker;
  return { state: 'half-open', trips, since: now, reason, coolDownMs, allowed: 1, successes: 0 };
}

function halfOpen(breaker: HalfOpen, event: FleetBreakerEvent, facts: FleetBreakerFacts): FleetBreaker {
  const { now, counts, policy } = facts;
  if (event.type === 'canary-failed' && event.trip === breaker.trips) {
    const coolDownMs = Math.max(policy.coolDownMs, Math.min(policy.coolDownCapMs, breaker.coolDownMs * 2));
    const text = `A canary did not heal (${event.text.replace(/\.$/, '')}); the next is tried after ${formatDuration(coolDownMs)}.`;
    return opened({ trips: breaker.trips + 1, reason: { code: 'fleet-breaker-open', text }, coolDownMs }, now);
  }
  const next = event.type === 'canary-succeeded' && event.trip === breaker.trips ? widened(breaker, facts) : breaker;
  if (counts.unhealthy === 0) return closedAgain(next);
  if (isTripping(counts, policy)) return next;
  // Few enough are left: proven by canaries, or for as long as a cool-down.
  const isProven = next.successes > 0 || now - next.since >= next.coolDownMs;
  return isProven && facts.inFlight === 0 ? closedAgain(next) : next;
}

function widened(breaker: HalfOpen, { counts }: FleetBreakerFacts): HalfOpen {
  const successes = breaker.successes + 1;
  // 1 success makes it 2, 2 more make it 4, 4 more 8: as many as were allowed have to succeed before twice as many go.
  const isRound = successes >= 2 * breaker.allowed - 1;
  const allowed = isRound ? Math.min(Math.max(1, counts.size), breaker.allowed * 2) : breaker.allowed;
  return { ...breaker, allowed, successes };
}

/** The count of trips goes on, so that a canary of an earlier one is never taken for one of a later. */
function closedAgain({ trips }: FleetBreaker): FleetBreaker {
  return { state: 'closed', trips };
}
