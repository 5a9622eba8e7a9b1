import type { Clock, Logger, Subscription } from '../../contracts/index.ts';
import { messageOf } from '../../contracts/index.ts';
import { leftoversOf } from '../../incident/index.ts';
import type { Incident, IncidentId, Ms } from '../../model/index.ts';

/** Pause before the first try, and after one that the store or a plugin broke off. */
const soonMs: Ms = 1_000;
const againMs: Ms = 5_000;

export interface LeftoversOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Tries to end what was left behind; says when to look again, or that nothing is left. */
  tidy(incidentId: IncidentId): Promise<Ms | undefined>;
}

/** Sees to it that instances which attempts left behind are ended later; costs nothing while there are none. */
export class Leftovers {
  readonly #o: LeftoversOptions;
  readonly #timers = new Map<IncidentId, Subscription>();
  readonly #busy = new Set<IncidentId>();
  #stopped = false;

  constructor(options: LeftoversOptions) {
    this.#o = options;
  }

  /** An incident changed, or was taken up again. */
  consider(incident: Incident): void {
    if (incident.state === 'resolved' || leftoversOf(incident).length === 0) this.#forget(incident.id);
    else if (!this.#timers.has(incident.id) && !this.#busy.has(incident.id)) this.#later(incident.id, soonMs);
  }

  /** A hold ended: what waited for that is looked at now. */
  kick(): void {
    const waiting = new Set(this.#timers.keys());
    for (const id of waiting) this.#later(id, 0);
  }

  stop(): void {
    this.#stopped = true;
    for (const id of this.#timers.keys()) this.#forget(id);
  }

  #forget(id: IncidentId): void {
    this.#timers.get(id)?.dispose();
    this.#timers.delete(id);
  }

  #later(id: IncidentId, afterMs: Ms): void {
    this.#forget(id);
    if (!this.#stopped)
      this.#timers.set(
        id,
        this.#o.clock.after(afterMs, () => void this.#try(id)),
      );
  }

  async #try(id: IncidentId): Promise<void> {
    this.#timers.delete(id);
    this.#busy.add(id);
    let nextMs: Ms | undefined = againMs;
    try {
      nextMs = await this.#o.tidy(id);
    } catch (thrown) {
      if (!this.#stopped)
        this.#o.log.warn({ incidentId: id, err: messageOf(thrown) }, 'an instance left behind could not be ended now');
    }
    this.#busy.delete(id);
    if (nextMs !== undefined) this.#later(id, nextMs);
  }
}
