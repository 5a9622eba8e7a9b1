import { type GuardApi, guardError } from '../contracts/index.ts';
import type { EpochMs, Hold } from '../model/index.ts';

/** The holds of a `FakeGuard`; they end only when they are released. */
export class FakeHolds {
  readonly #holds = new Map<string, Hold>();
  #placed = 0;

  list(): readonly Hold[] {
    return [...this.#holds.values()];
  }

  place(wish: Parameters<GuardApi['hold']>[0], at: EpochMs): Hold {
    const { scope, reason, by, maintenance = false, ttlMs } = wish;
    this.#placed += 1;
    const hold: Hold = { id: `hold-${this.#placed}`, scope, reason, by, at, until: at + ttlMs, maintenance };
    this.#holds.set(hold.id, hold);
    return hold;
  }

  /** @throws GUARD_HOLD_UNKNOWN */
  release(holdId: string): void {
    if (!this.#holds.delete(holdId)) throw guardError('GUARD_HOLD_UNKNOWN', { holdId });
  }
}
