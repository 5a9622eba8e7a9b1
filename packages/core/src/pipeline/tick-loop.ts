import type { Clock, Subscription } from '../contracts/index.ts';
import type { Ms } from '../model/index.ts';

/** What one event tells of is gathered for this long, so that many ends at once are seen as many. */
const gatherMs: Ms = 20;

export interface TickLoopOptions {
  readonly clock: Clock;
  readonly everyMs: Ms;
  /** Must not throw. */
  readonly tick: () => void;
  /** A tick of the rhythm is over; those ahead of it say nothing of how late the guard is. */
  readonly ticked: (lateMs: Ms, tookMs: Ms) => void;
}

/**
 * Looks at what came in, again and again. Ticks keep their rhythm: what one is late does not put off those after it, and
 * those slept through are left out. What must not wait is looked at ahead of the rhythm, which goes on as before.
 */
export class TickLoop {
  readonly #o: TickLoopOptions;
  #next: Subscription | undefined;
  #nextDueMs: Ms = 0;
  #ahead: Subscription | undefined;
  #lastMs: Ms = 0;
  #lagMs: Ms = 0;

  constructor(options: TickLoopOptions) {
    this.#o = options;
  }

  /** How long the last tick took, and how late the last one of the rhythm was. */
  get status(): { readonly lastMs: Ms; readonly lagMs: Ms } {
    return { lastMs: this.#lastMs, lagMs: this.#lagMs };
  }

  start(): void {
    this.#arm(this.#o.clock.monotonic());
  }

  stop(): void {
    this.#next?.dispose();
    this.#next = undefined;
    this.#ahead?.dispose();
    this.#ahead = undefined;
  }

  /** Something came in that must not wait for the next tick, should that be further off than a moment. */
  hurry(): void {
    const { clock } = this.#o;
    if (this.#next === undefined || this.#ahead !== undefined) return;
    if (this.#nextDueMs - clock.monotonic() <= gatherMs) return;
    this.#ahead = clock.after(gatherMs, () => {
      this.#ahead = undefined;
      this.#run();
    });
  }

  #arm(lastDueMs: Ms): void {
    const { clock, everyMs, ticked } = this.#o;
    const nowMs = clock.monotonic();
    const dueMs = lastDueMs + everyMs * Math.max(1, Math.ceil((nowMs - lastDueMs) / everyMs));
    this.#nextDueMs = dueMs;
    this.#next = clock.after(dueMs - nowMs, () => {
      this.#lagMs = Math.max(0, clock.monotonic() - dueMs);
      this.#run();
      ticked(this.#lagMs, this.#lastMs);
      if (this.#next !== undefined) this.#arm(dueMs);
    });
  }

  #run(): void {
    const { clock, tick } = this.#o;
    const startMs = clock.monotonic();
    tick();
    this.#lastMs = clock.monotonic() - startMs;
  }
}
