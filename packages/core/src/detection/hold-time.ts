import type { Ms } from '../model/index.ts';

/** Raised above one value, cleared below another, and neither in a hurry. */
export interface Threshold {
  /** A value above this is bad. */
  readonly raiseAbove: number;
  /** How long it has to be bad without a break. */
  readonly forMs: Ms;
  /** Once raised, a value has to be at or below this to clear it; lower than `raiseAbove`, so that it does not flap. */
  readonly clearAt: number;
}

/**
 * One alert: raised when every value was bad for at least the hold time, cleared when one is better than the target by
 * the margin. Only values count: no value changes nothing (missing is not zero).
 */
export class HoldTime {
  #badSinceMs: Ms | undefined;
  #raised = false;

  get raised(): boolean {
    return this.#raised;
  }

  /** Since when every value was bad; `undefined` while the last one was good. */
  get badSinceMs(): Ms | undefined {
    return this.#badSinceMs;
  }

  /** Takes in a value; returns whether the alert is raised now. */
  observe(value: number, nowMs: Ms, threshold: Threshold): boolean {
    const bad = value > threshold.raiseAbove;
    if (!bad) this.#badSinceMs = undefined;
    else this.#badSinceMs ??= nowMs;
    if (this.#raised) this.#raised = value > threshold.clearAt;
    else this.#raised = this.#badSinceMs !== undefined && nowMs - this.#badSinceMs >= threshold.forMs;
    return this.#raised;
  }

  /** Nobody looked for this long: it does not count as bad time. */
  pause(lostMs: Ms): void {
    if (this.#badSinceMs !== undefined) this.#badSinceMs += lostMs;
  }

  /** Forgets everything: what is known is too old to mean anything. */
  clear(): void {
    this.#badSinceMs = undefined;
    this.#raised = false;
  }
}
