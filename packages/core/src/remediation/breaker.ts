import type { BreakerState, Health, IncidentState } from '../model/index.ts';

/** Consecutive errors that open the breaker of an agent that still answers. */
const breakerErrors = 3;

export interface BreakerFacts {
  readonly health: Health;
  readonly incident?: IncidentState;
  /** What the policy leaves behind when a person has to take over. */
  readonly safeState?: 'isolate' | 'leave';
  readonly consecutiveErrors: number;
}

/**
 * The breaker of one agent, from what is known of it: open when it failed, is being repaired or waits for a person;
 * half-open during the watch; else closed. Not stored: it follows from stored things, so a restart forgets nothing.
 */
export function breakerFor({ health, incident, safeState, consecutiveErrors }: BreakerFacts): BreakerState {
  if (incident === 'watching') return health === 'failed' ? 'open' : 'half-open';
  if (incident === 'acting' || incident === 'awaiting-approval') return 'open';
  if (incident === 'escalated' && safeState === 'isolate') return 'open';
  return health === 'failed' || consecutiveErrors >= breakerErrors ? 'open' : 'closed';
}
