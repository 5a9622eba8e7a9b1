import type { Clock, Ms, Subscription } from '@praetorian-guard/core/plugin';

/** Running containers whose end somebody has asked for by the API, and that may yet come. */
export class Leaving {
  readonly #clock: Clock;
  readonly #waits = new Map<string, Subscription | undefined>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(containerId: string): boolean {
    return this.#waits.has(containerId);
  }

  /** It may end within this time, which may be without end; if it has not by then, `stayed` is called. */
  expect(containerId: string, forMs: Ms, stayed: () => void): void {
    this.forget(containerId);
    const over = (): void => {
      this.#waits.delete(containerId);
      stayed();
    };
    this.#waits.set(containerId, Number.isFinite(forMs) ? this.#clock.after(forMs, over) : undefined);
  }

  forget(containerId: string): void {
    this.#waits.get(containerId)?.dispose();
    this.#waits.delete(containerId);
  }

  clear(): void {
    for (const containerId of this.#waits.keys()) this.forget(containerId);
  }
}
