import type { BreakerState, Health, IncidentState } from '../model/index.ts';

/** Consecutive errors that open the breaker of an agent that still answers. */
export const breakerErrors = 3;

/**
 * The breaker of one agent, from what is known of it: open when it failed, is being repaired or waits for a person;
 * half-open during the watch; else closed. Not stored: it follows from stored things, so a restart forgets nothing.
 */
export function breakerFor(
  health: Health,
  incident: IncidentState | undefined,
  consecutiveErrors: number,
): BreakerState {
  if (incident === 'watching') return health === 'failed' ? 'open' : 'half-open';
  if (incident === 'acting' || incident === 'awaiting-approval') return 'open';
  if (health === 'failed' || consecutiveErrors >= breakerErrors) return 'open';
  return 'closed';
}
