import type { Clock } from '../contracts/index.ts';
import type { EpochMs, Ms } from '../model/index.ts';

/** Up to this the wall clock is followed at once: drift, and the small steps of NTP. */
const followMs: Ms = 1_000;

/**
 * A clock whose `now` does not jump. Watches, holds and backoffs end at a wall-clock time that was written down; if the
 * wall clock is set on by an hour, an agent has not been healthy for an hour, and if it is set back nobody has to wait
 * another (R08: durations are measured, not read off the wall).
 */
export interface SteadyClock extends Clock {
  /** How far the wall clock is ahead of `now`: 0 while `now` follows it. */
  readonly stepMs: Ms;
  /** From now on `now` is what the wall clock says. */
  adopt(): void;
}

export function steadyClock(inner: Clock): SteadyClock {
  return new AnchoredClock(inner);
}

class AnchoredClock implements SteadyClock {
  readonly #inner: Clock;
  #wallAtZero: EpochMs;

  constructor(inner: Clock) {
    this.#inner = inner;
    this.#wallAtZero = inner.now() - inner.monotonic();
  }

  get stepMs(): Ms {
    const wall = this.#inner.now();
    return wall - this.#at(wall);
  }

  adopt(): void {
    this.#wallAtZero = this.#inner.now() - this.#inner.monotonic();
  }

  now(): EpochMs {
    return this.#at(this.#inner.now());
  }

  monotonic(): Ms {
    return this.#inner.monotonic();
  }

  sleep(forMs: Ms, signal?: AbortSignal): Promise<void> {
    return this.#inner.sleep(forMs, signal);
  }

  after(afterMs: Ms, run: () => void): ReturnType<Clock['after']> {
    return this.#inner.after(afterMs, run);
  }

  timeout(afterMs: Ms): AbortSignal {
    return this.#inner.timeout(afterMs);
  }

  /** What `now` is while the wall clock says this. One reading for both, or a millisecond in between looks like a step. */
  #at(wall: EpochMs): EpochMs {
    const steady = this.#wallAtZero + this.#inner.monotonic();
    if (Math.abs(wall - steady) > followMs) return Math.floor(steady);
    this.#wallAtZero += wall - steady;
    return wall;
  }
}
