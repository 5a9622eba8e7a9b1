import type { Clock, Subscription } from '../contracts/index.ts';
import type { EpochMs, Ms } from '../model/index.ts';
import { sleepOn } from '../runtime/system-clock.ts';

/** A timer this late means that the process stood still. */
const stallMs: Ms = 100;
/** The wall clock may creep by this before it counts as set; NTP slews slowly. */
const stepMs: Ms = 5;

export interface ClockWatch {
  /** The wall clock was set on or back. */
  wall(byMs: Ms): void;
  /** A timer came late by so much, and none of the time before it was told of. */
  stall(lateMs: Ms): void;
}

/**
 * A clock that counts the timers it runs: at equal times their number tells what came before an input and what after.
 * Record and replay use the same, so that both count alike.
 */
export class RecordingClock implements Clock {
  readonly #inner: Clock;
  readonly #watch: ClockWatch | undefined;
  #ahead: Ms;
  #atMs: Ms = -1;
  #ran = 0;
  #toldUntilMs: Ms = 0;

  constructor(inner: Clock, watch?: ClockWatch) {
    this.#inner = inner;
    this.#watch = watch;
    this.#ahead = inner.now() - inner.monotonic();
  }

  now(): EpochMs {
    return this.#inner.now();
  }

  monotonic(): Ms {
    return this.#inner.monotonic();
  }

  sleep(forMs: Ms, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, forMs, signal);
  }

  after(afterMs: Ms, run: () => void): Subscription {
    const dueMs = this.#inner.monotonic() + Math.max(0, afterMs);
    return this.#inner.after(afterMs, () => {
      this.#count(dueMs);
      run();
    });
  }

  timeout(afterMs: Ms): AbortSignal {
    const dueMs = this.#inner.monotonic() + Math.max(0, afterMs);
    const signal = this.#inner.timeout(afterMs);
    // The first listener: it counts before anybody acts on the abort.
    signal.addEventListener('abort', () => this.#count(dueMs), { once: true });
    return signal;
  }

  /** Timers that ran at this moment so far. */
  ranAt(ms: Ms): number {
    return this.#atMs === ms ? this.#ran : 0;
  }

  #count(dueMs: Ms): void {
    const nowMs = this.#inner.monotonic();
    if (nowMs !== this.#atMs) {
      this.#atMs = nowMs;
      this.#ran = 0;
      if (this.#watch) this.#look(this.#watch, nowMs, dueMs);
    }
    this.#ran += 1;
  }

  /** Once a moment, before its first timer. */
  #look(watch: ClockWatch, nowMs: Ms, dueMs: Ms): void {
    const ahead = this.#inner.now() - nowMs;
    const byMs = ahead - this.#ahead;
    if (Math.abs(byMs) > stepMs) {
      this.#ahead = ahead;
      watch.wall(Math.round(byMs));
    }
    const lateMs = nowMs - Math.max(dueMs, this.#toldUntilMs);
    if (lateMs > stallMs) watch.stall(lateMs);
    if (lateMs > stallMs) this.#toldUntilMs = nowMs;
  }
}
