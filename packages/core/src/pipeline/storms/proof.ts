import type { EpochMs, Incident, Ms, Policy } from '../../model/index.ts';

/** Checks of the watch after which a recovery is believed far enough to let others follow. */
const checks = 3;

/**
 * How long a recovery has to hold before others follow it: canaries, dependants. Shorter than the watch, which proves
 * it for the incident; a failure later in the watch still counts.
 */
export function proofMs({ watch }: Policy): Ms {
  return Math.min(watch.forMs, checks * watch.everyMs);
}

/** Whether the agent of an incident is watched and has held so long already. */
export function isProven(incident: Incident, now: EpochMs): boolean {
  return incident.state === 'watching' && now - incident.watch.startedAt >= proofMs(incident.policy);
}
