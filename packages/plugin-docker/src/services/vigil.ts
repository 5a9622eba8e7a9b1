import type { Clock, Ms } from '@praetorian-guard/core/plugin';

/** An event of a container comes before Swarm has drawn its conclusions: it is looked at again for this long. */
const echoMs: Ms = 5_000;
/** Where something is on its way that never arrives, looks become rare again after this. */
const watchMs: Ms = 120_000;
const stepMs: Ms = 500;

interface Stirred {
  readonly at: Ms;
  readonly nextAt: Ms;
}

/** Which services are to be looked at, and when. */
export class Vigil {
  readonly #clock: Clock;
  readonly #stirred = new Map<string, Stirred>();
  #wake = (): void => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something happened to the service. */
  stir(serviceId: string): void {
    const at = this.#clock.monotonic();
    this.#stirred.set(serviceId, { at, nextAt: at });
    this.#wake();
  }

  /** Resolves when somebody is due, at the latest at the time that is given. */
  async until(latest: Ms, signal: AbortSignal): Promise<void> {
    const next = Math.min(latest, ...[...this.#stirred.values()].map(({ nextAt }) => nextAt));
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const forMs = Math.max(0, next - this.#clock.monotonic());
    await this.#clock.sleep(forMs, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
  }

  due(): readonly string[] {
    const now = this.#clock.monotonic();
    return [...this.#stirred].filter(([, { nextAt }]) => nextAt <= now).map(([serviceId]) => serviceId);
  }

  forget(serviceId: string): void {
    this.#stirred.delete(serviceId);
  }

  /** It was looked at, and is or is not yet as it is to be. */
  looked(serviceId: string, unsettled: boolean): void {
    const now = this.#clock.monotonic();
    const stirred = this.#stirred.get(serviceId);
    if (!stirred) return;
    const { at } = stirred;
    if (now - at < (unsettled ? watchMs : echoMs)) this.#stirred.set(serviceId, { at, nextAt: now + stepMs });
    else this.#stirred.delete(serviceId);
  }
}
