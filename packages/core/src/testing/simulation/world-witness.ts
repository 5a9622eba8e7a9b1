import type { Clock } from '../../contracts/index.ts';
import type { AgentId, Incident, Intent, Ms } from '../../model/index.ts';
import type { Scenario, SimulatedGroup } from './scenario.ts';
import { breaker } from './scenario.ts';
import type { WorldBook } from './world-book.ts';

type Acting = Extract<Incident, { state: 'acting' }>;

/** An action that is about to be done. */
export interface Deed {
  readonly incident: Incident;
  readonly intent: Intent;
  /** When the attempt was stored first. */
  readonly begunMs: Ms;
}

export interface WorldWitnessOptions {
  readonly scenario: Scenario;
  readonly clock: Clock;
  readonly book: WorldBook;
  /** When the agent's unresolved incident was opened, if it has one. */
  openedMs(agentId: AgentId): Ms | undefined;
}

/** Between an answer of the gate and the call lies a commit. */
const commitMs: Ms = 5_000;
const minute = 60_000;

/**
 * Holds what is done against the state of the world, and not against what the guard believes of it: who is stopped by
 * hand, rolled out, in maintenance, waits for another, or lies in a mass of dead.
 */
export class WorldWitness {
  readonly #o: WorldWitnessOptions;

  constructor(options: WorldWitnessOptions) {
    this.#o = options;
  }

  /** Why an action that destroys something must not be done now. */
  objection(deed: Deed): string | undefined {
    return (
      this.#byHand(deed) ??
      this.#rolling(deed) ??
      this.#inMaintenance(deed) ??
      this.#waits(deed) ??
      this.#massDead(deed)
    );
  }

  #byHand({ incident, intent }: Deed): string | undefined {
    if (isOrdered(incident)) return undefined;
    const stopped = intent.affects.find((agentId) => this.#isKnown(this.#o.book.since(agentId, 'stopped', 'paused')));
    return stopped === undefined ? undefined : `somebody stopped ${stopped} by hand`;
  }

  #rolling({ incident }: Deed): string | undefined {
    const { agentId, group, state } = incident;
    // What it has set going itself, and what is left to end of it, is its own.
    if (state !== 'acting' || hasActed(incident)) return undefined;
    return this.#isKnown(this.#o.book.rollingSince(agentId)) ? `group ${group} is being rolled out` : undefined;
  }

  #inMaintenance({ intent }: Deed): string | undefined {
    const { scenario, clock, book } = this.#o;
    const { window } = scenario;
    // A guard goes by the time before for as long as anything rests on it.
    if (!window || book.isSteppedSince(book.bootedMs)) return undefined;
    const sinceMs = (clock.now() - commitMs) % (window.everyMin * minute);
    if (sinceMs >= window.forMin * minute - commitMs) return undefined;
    const groups = new Set(intent.affects.map((agentId) => this.#groupOf(agentId).id));
    return window.group === undefined || groups.has(window.group) ? 'a window of maintenance is open' : undefined;
  }

  #waits(deed: Deed): string | undefined {
    if (isExempt(deed.incident)) return undefined;
    const { agentId } = deed.incident;
    const { book } = this.#o;
    const dead = this.#neededBy(agentId).find((needed) => this.#isOld(deed, [book.since(needed, 'exited')]));
    return dead === undefined ? undefined : `${agentId} depends on ${dead}, which is dead`;
  }

  /** By R01 the fleet breaker has to be open: only canaries may go, one after another. */
  #massDead(deed: Deed): string | undefined {
    const { incident } = deed;
    if (isExempt(incident) || (incident as Acting).attempt.canary !== undefined) return undefined;
    const { agents, id } = this.#groupOf(incident.agentId);
    const dead = agents.flatMap((agentId) => {
      const since = this.#o.book.since(agentId, 'exited');
      return since === undefined ? [] : [{ agentId, since }];
    });
    if (!this.#mustTrip(dead, agents.length)) return undefined;
    const isOld = this.#isOld(
      deed,
      dead.map(({ since }) => since),
    );
    return isOld ? `${dead.length} of ${agents.length} agents of ${id} are dead, and it is no canary` : undefined;
  }

  #mustTrip(dead: readonly { readonly agentId: AgentId; readonly since: Ms }[], size: number): boolean {
    if (dead.length >= breaker.least && dead.length >= breaker.threshold * size) return true;
    if (size < 2 || dead.length < size) return false;
    const times = dead.map(({ since }) => since);
    const first = Math.min(...times);
    // Who was in trouble before may count from then on, and the window goes by the wall clock.
    const wasWell = dead.every(({ agentId }) => (this.#o.openedMs(agentId) ?? Infinity) >= first);
    return wasWell && !this.#o.book.isSteppedSince(first) && Math.max(...times) - first < breaker.windowMs / 2;
  }

  /** The guard knew all of it when the attempt began. */
  #isOld({ begunMs }: Deed, since: readonly (Ms | undefined)[]): boolean {
    return since.every((ms) => {
      const known = ms === undefined ? undefined : this.#o.book.knownFrom(ms);
      return known !== undefined && begunMs >= known;
    });
  }

  #isKnown(sinceMs: Ms | undefined): boolean {
    const known = sinceMs === undefined ? undefined : this.#o.book.knownFrom(sinceMs);
    return known !== undefined && this.#o.clock.monotonic() >= known;
  }

  /** Everybody the agent depends on, directly or not. */
  #neededBy(agentId: AgentId): readonly AgentId[] {
    const direct = this.#groupOf(agentId).dependsOn;
    return [...direct, ...direct.flatMap((needed) => this.#neededBy(needed))];
  }

  #groupOf(agentId: AgentId): SimulatedGroup {
    return this.#o.scenario.groups.find(({ agents }) => agents.includes(agentId)) as SimulatedGroup;
  }
}

/** Ordered by a person, or under way already: carried to its end. */
function isExempt(incident: Incident): boolean {
  return incident.state !== 'acting' || isOrdered(incident) || hasActed(incident);
}

export function isOrdered(incident: Incident): boolean {
  return incident.state === 'acting' && incident.attempt.orderedBy !== undefined;
}

export function hasActed(incident: Incident): boolean {
  if (incident.state !== 'acting') return false;
  return incident.attempt.steps.some(
    (step) => step.state === 'finished' && step.effect.type === 'action' && step.receipt.result === 'succeeded',
  );
}
