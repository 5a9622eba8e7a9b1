import type { Clock, StateStore } from '../../contracts/index.ts';
import type { EpochMs, Ms } from '../../model/index.ts';

/**
 * The time by which budgets are kept. Of a store that several guards share it is the store's own, so that a group that
 * moves to a machine whose clock is off neither wins nor loses attempts; else it is the guard's.
 */
export class StoreTime {
  readonly #store: Pick<StateStore, 'now' | 'supports'>;
  readonly #clock: Clock;
  /** The store's time minus ours. */
  #aheadMs: Ms = 0;

  constructor(store: Pick<StateStore, 'now' | 'supports'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Asked before a decision. */
  async refresh(): Promise<void> {
    if (!this.#store.supports.shared) return;
    const now = await this.#store.now();
    this.#aheadMs = now - this.#clock.now();
  }

  now(): EpochMs {
    return this.#clock.now() + this.#aheadMs;
  }

  /** A moment of the store by the guard's clock. */
  toLocal(at: EpochMs): EpochMs {
    return at - this.#aheadMs;
  }

  /** A moment of the guard's clock by the store's. */
  toStore(at: EpochMs): EpochMs {
    return at + this.#aheadMs;
  }
}
