import type { EpochMs, Ms } from '@praetorian-guard/core/plugin';

/** The guard at work on a container: by how many actions, and in which time. */
interface Hand {
  readonly at: number;
  readonly from: EpochMs;
  readonly until: EpochMs;
}

/** Clocks of guard and engine are compared by the events, which take a little to arrive. */
const marginMs: Ms = 25;
/** An event that arrives later than this after the work on its container is judged without it. */
const keepMs: Ms = 10 * 60_000;

/** On which containers the guard is at work, and when it last was. */
export class Hands {
  readonly #hands = new Map<string, Hand>();
  readonly #now: () => EpochMs;

  constructor(now: () => EpochMs) {
    this.#now = now;
  }

  isOn(containerId: string): boolean {
    return (this.#hands.get(containerId)?.at ?? 0) > 0;
  }

  /** Whether the guard was at work on it at that time, by the guard's clock. */
  wasOn(containerId: string, at: EpochMs): boolean {
    const hand = this.#hands.get(containerId);
    return hand !== undefined && at >= hand.from - marginMs && at <= hand.until + marginMs;
  }

  lay(containerId: string): void {
    this.#sweep();
    const hand = this.#hands.get(containerId);
    const begun = hand && hand.at > 0 ? hand : { at: 0, from: this.#now() };
    this.#hands.set(containerId, { at: begun.at + 1, from: begun.from, until: Infinity });
  }

  /** `true`: it was the last that was on it. */
  lift(containerId: string): boolean {
    const hand = this.#hands.get(containerId);
    if (!hand) return false;
    const at = hand.at - 1;
    this.#hands.set(containerId, { ...hand, at, until: at === 0 ? this.#now() : hand.until });
    return at === 0;
  }

  #sweep(): void {
    const before = this.#now() - keepMs;
    for (const [containerId, { until }] of this.#hands) if (until < before) this.#hands.delete(containerId);
  }
}
