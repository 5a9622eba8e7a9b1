import type { EventBus } from '../runtime/index.ts';

/** Parts of the guard that do not work now, with the reason; each change is an event. */
export class Degradations {
  readonly #bus: EventBus;
  readonly #parts = new Map<string, string>();

  constructor(bus: EventBus) {
    this.#bus = bus;
  }

  /** `why` undefined: the part works again. */
  set(what: string, why: string | undefined): void {
    if (this.#parts.get(what) === why) return;
    if (why === undefined) {
      this.#parts.delete(what);
      this.#bus.emit('guard.recovered', { what });
      return;
    }
    this.#parts.set(what, why);
    this.#bus.emit('guard.degraded', { what, why });
  }

  list(): readonly { readonly what: string; readonly why: string }[] {
    return [...this.#parts].map(([what, why]) => ({ what, why }));
  }
}
