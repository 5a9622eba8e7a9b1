import type { Clock } from '../../contracts/index.ts';
import type { FleetBreakerEvent } from '../../decision/fleet-breaker.ts';
import { stepBreaker } from '../../decision/fleet-breaker.ts';
import type { BreakerFacts } from '../../decision/together-facts.ts';
import type { AgentId, BreakerPolicy, EpochMs, GroupId, Incident, IncidentId, Reason } from '../../model/index.ts';
import type { Ailing } from './ailing.ts';
import type { IncidentChange } from '../incidents/incident-change.ts';
import { isProven } from './proof.ts';
import type { StormLog } from './storm-log.ts';

export interface FleetBreakersOptions {
  readonly clock: Clock;
  readonly log: StormLog;
  readonly ailing: Ailing;
  policyOf(group: GroupId): BreakerPolicy;
  /** Looks again at everybody of the group who is counted as unhealthy. */
  refresh(group: GroupId): void;
  /** Whether nothing stands against the agent and it shows life. */
  isSound(agentId: AgentId): boolean;
}

interface Canary {
  readonly group: GroupId;
  readonly trip: number;
  readonly verified: boolean;
  /** From then on it is not waited for: one that flaps is neither verified nor failed, and must not stop the others. */
  readonly until: EpochMs;
}

/** The fleet breakers of all groups: fed with counts and with what becomes of canaries (R01). */
export class FleetBreakers {
  readonly #o: FleetBreakersOptions;
  readonly #canaries = new Map<IncidentId, Canary>();
  /** Plans that wait for people's word, and since when. */
  readonly #asking = new Map<IncidentId, { readonly group: GroupId; readonly since: EpochMs }>();

  constructor(options: FleetBreakersOptions) {
    this.#o = options;
  }

  /** Takes back the canaries that were in flight when the guard stopped. */
  load(incidents: readonly Incident[]): void {
    for (const incident of incidents) {
      this.#noteAsking(incident);
      const trip = canaryOf(incident);
      if (trip === undefined) continue;
      const verified = isProven(incident, this.#o.clock.now());
      this.#canaries.set(incident.id, { group: incident.group, trip, verified, until: untilOf(incident) });
    }
  }

  /** Looks at the breaker of a group again; says whether it changed. */
  look(group: GroupId, event: FleetBreakerEvent = { type: 'looked' }): boolean {
    const { log } = this.#o;
    const before = log.wanted(group);
    let after = this.#step(group, event);
    if (after === before) return false;
    if (before.state === 'closed') {
      // Before everything stops: whoever is counted may have become well without an event.
      this.#o.refresh(group);
      after = this.#step(group, event);
      if (after === before) return false;
    }
    log.want(group, after);
    return true;
  }

  #step(group: GroupId, event: FleetBreakerEvent): ReturnType<typeof stepBreaker> {
    const { log, ailing, clock } = this.#o;
    const breaker = log.wanted(group);
    return stepBreaker(breaker, event, {
      now: clock.now(),
      counts: ailing.counts(group),
      policy: this.#o.policyOf(group),
      inFlight: this.#inFlight(group, breaker.trips),
    });
  }

  /** An incident moved on: what it says of a canary. */
  after({ incident, decided }: IncidentChange): void {
    this.#noteAsking(incident);
    const trip = canaryOf(incident);
    if (trip !== undefined) return this.#flies(incident, trip);
    const wasVerified = this.#canaries.get(incident.id)?.verified === true;
    this.#canaries.delete(incident.id);
    const { canary, verdict } = decided.ended ?? {};
    if (canary === undefined) return;
    if (verdict === 'healed' && !wasVerified) this.look(incident.group, { type: 'canary-succeeded', trip: canary });
    if (verdict !== 'failed' && verdict !== 'ambiguous') return;
    const text = decided.entry?.reason.text ?? '';
    this.look(incident.group, { type: 'canary-failed', trip: canary, text });
  }

  #flies(incident: Incident, trip: number): void {
    const { id, group, agentId } = incident;
    const known = this.#canaries.get(id);
    const was = known?.trip === trip && known.verified;
    const verified = was || (isProven(incident, this.#o.clock.now()) && this.#o.isSound(agentId));
    this.#canaries.set(id, { group, trip, verified, until: untilOf(incident) });
    if (verified && !was) this.look(group, { type: 'canary-succeeded', trip });
  }

  /** An attempt of the group that begins now is a canary of this trip; `undefined` while the breaker is not half-open. */
  canaryTrip(group: GroupId): number | undefined {
    const breaker = this.#o.log.breaker(group);
    return breaker.state === 'half-open' ? breaker.trips : undefined;
  }

  /**
   * Why people are not asked about this one now: after a mass failure they get as many questions at once as there may be
   * canaries, and not one for each agent.
   */
  crowd({ id, group }: Incident): Reason | undefined {
    const breaker = this.#o.log.breaker(group);
    if (breaker.state !== 'half-open') return undefined;
    let asked = 0;
    for (const [other, asking] of this.#asking)
      if (other !== id && asking.group === group && asking.since >= breaker.since) asked += 1;
    const flying = this.#inFlight(group, breaker.trips, id);
    if (asked === 0 || asked + flying < breaker.allowed) return undefined;
    const text = `The fleet breaker is half-open: people are asked about ${asked} of group ${group} already, and ${breaker.allowed} may be tried at once.`;
    return { code: 'fleet-breaker-half-open', text, remedy: 'Answer what waits; this one is asked about then.' };
  }

  #noteAsking(incident: Incident): void {
    if (incident.state !== 'awaiting-approval') this.#asking.delete(incident.id);
    else this.#asking.set(incident.id, { group: incident.group, since: incident.approval.requestedAt });
  }

  /** How the breaker stands to the incident's next action; `undefined` while it is closed. */
  facts(incident: Incident): BreakerFacts | undefined {
    const { log, ailing } = this.#o;
    const breaker = log.breaker(incident.group);
    if (breaker.state === 'closed') return undefined;
    const { unhealthy, size } = ailing.counts(incident.group);
    return {
      breaker,
      unhealthy,
      size,
      inFlight: this.#inFlight(incident.group, breaker.trips, incident.id),
      admitted: canaryOf(incident) === breaker.trips,
    };
  }

  #inFlight(group: GroupId, trip: number, but?: IncidentId): number {
    const now = this.#o.clock.now();
    let count = 0;
    for (const [id, canary] of this.#canaries)
      if (id !== but && canary.group === group && canary.trip === trip && !canary.verified && now < canary.until)
        count += 1;
    return count;
  }
}

/** An attempt ends by itself; a watch is prolonged while its agent flaps. */
function untilOf(incident: Incident): EpochMs {
  return incident.state === 'watching' ? incident.watch.startedAt + 2 * incident.policy.watch.forMs : Infinity;
}

function canaryOf(incident: Incident): number | undefined {
  if (incident.state !== 'acting' && incident.state !== 'watching') return undefined;
  return incident.attempt?.canary;
}
