import type { Incident, IncidentId, Ms } from '../model/index.ts';

type Acting = Extract<Incident, { state: 'acting' }>;

/**
 * How long attempts have waited until the guard knows the fleet (again). One that has not acted yet does not wait
 * longer than all of it may take: an open incident says why nothing is done, and people are told of it. One that has
 * begun to act waits for as long as it takes, since nobody may leave it half done.
 */
export class SettlingWait {
  readonly #waited = new Map<IncidentId, { readonly attempt: number; readonly ms: Ms }>();

  /** Only pauses are counted: while the guard was away nobody waited. */
  add({ id, attempt: { number: attempt } }: Acting, pauseMs: Ms): void {
    const before = this.#waited.get(id);
    this.#waited.set(id, { attempt, ms: pauseMs + (before?.attempt === attempt ? before.ms : 0) });
  }

  isTooLong({ id, attempt }: Acting): boolean {
    const waited = this.#waited.get(id);
    return waited?.attempt === attempt.number && waited.ms >= attempt.plan.timeoutMs && !hasBegunToAct(attempt);
  }

  /** The fleet is known, or nobody waits any more. */
  over(incidentId: IncidentId): void {
    this.#waited.delete(incidentId);
  }
}

/** Whether an action was begun, whatever came of it. To route around the agent, to drain it or to collect evidence is none. */
function hasBegunToAct({ steps }: Acting['attempt']): boolean {
  return steps.some(
    (step) =>
      (step.state === 'started' || step.state === 'finished') &&
      (step.effect.type === 'action' || step.effect.type === 'promote'),
  );
}
