import type { AgentId, FleetBreaker, GroupId, Incident, Intent, Ms } from '../../model/index.ts';
import { hasActed } from './world-witness.ts';

/** A canary counts as verified after so many checks of the watch, at the earliest. */
const checks = 3;

/**
 * Holds what is done against the stored fleet breakers: while one is open nothing begins in its group, and half-open no
 * more canaries are in flight than it allows. What a person ordered, and what has acted already, may go on.
 */
export class BreakerWitness {
  readonly #breakers = new Map<GroupId, FleetBreaker>();

  /** A breaker was stored under this key. */
  stored(key: string, breaker: FleetBreaker): void {
    this.#breakers.set(key.slice(key.indexOf('/breaker/') + '/breaker/'.length), breaker);
  }

  /** Why an action of the incident must not be done now. */
  objection(incident: Incident, { action }: Intent): string | undefined {
    const breaker = this.#breakers.get(incident.group);
    if (!breaker || breaker.state === 'closed' || incident.state !== 'acting') return undefined;
    const { attempt } = incident;
    if (action.kind === 'isolate' || action.kind === 'reinstate') return undefined;
    if (attempt.orderedBy !== undefined || hasActed(incident)) return undefined;
    if (breaker.state === 'open') return `the fleet breaker of ${incident.group} is open`;
    return attempt.canary === breaker.trips ? undefined : 'it is no canary of the half-open fleet breaker';
  }

  /** Why so many canaries must not be in flight. */
  tooMany(group: GroupId, incidents: Iterable<Incident>, now: Ms): string | undefined {
    const breaker = this.#breakers.get(group);
    if (breaker?.state !== 'half-open') return undefined;
    const flying: AgentId[] = [];
    for (const incident of incidents)
      if (incident.group === group && isFlying(incident, breaker.trips, now)) flying.push(incident.agentId);
    if (flying.length <= breaker.allowed) return undefined;
    return `${flying.join(', ')} are canaries at once; ${breaker.allowed} are allowed`;
  }
}

function isFlying(incident: Incident, trip: number, now: number): boolean {
  if (incident.state === 'acting') return incident.attempt.canary === trip;
  if (incident.state !== 'watching' || incident.attempt?.canary !== trip) return false;
  return now - incident.watch.startedAt < checks * incident.policy.watch.everyMs;
}
