import type { Clock, Subscription } from '../contracts/index.ts';
import { invariant } from '../contracts/index.ts';
import type { EpochMs, Ms } from '../model/index.ts';
import { sleepOn, timeoutReason } from './system-clock.ts';

export interface VirtualClockOptions {
  /** Wall-clock time at the beginning. [2026-01-01T00:00:00Z] */
  readonly startAt?: EpochMs;
  /** Monotonic time at the beginning. [0] */
  readonly startMs?: Ms;
}

export interface AdvanceOptions {
  /** Turns of the real event loop between two timers; more than one lets real promises (files, sockets) settle. [1] */
  readonly turns?: number;
}

/** A clock that moves only when it is told to: for tests, simulations and replays. */
export interface VirtualClock extends Clock {
  /**
   * Moves both times on by `byMs`. Timers run in order of their time (then of their making), each at its own moment,
   * and everything a timer set off by promises is done before the next one runs. Rejects with what a timer throws.
   */
  advance(byMs: Ms, options?: AdvanceOptions): Promise<void>;
  /** Time of the first timer that waits; `undefined` while none does. */
  readonly nextMs: Ms | undefined;
  /** Runs the first timer that is due by `untilMs`, at its own moment or now if that is past; `false`: there is none. */
  step(untilMs: Ms): boolean;
  /** Sets both times on to `atMs` without running what falls due meanwhile, as when the process stood still. */
  skipTo(atMs: Ms): void;
  /** Sets the wall clock on or back, as an administrator or NTP does; no timer runs for it. */
  jumpWall(byMs: Ms): void;
  /** Lets everything that waits for promises go on, without moving time. */
  settle(turns?: number): Promise<void>;
  /** Timers and sleepers that wait; `timeout` signals are not counted, because nobody can cancel them. */
  readonly pendingTimers: number;
}

interface Timer {
  readonly atMs: Ms;
  readonly order: number;
  readonly run: () => void;
  readonly counts: boolean;
  cancelled: boolean;
}

/** Makes such a clock; its monotonic time begins at 0 unless told otherwise. */
export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  return new HeapClock(options.startAt ?? Date.UTC(2026, 0, 1), options.startMs ?? 0);
}

class HeapClock implements VirtualClock {
  readonly #heap: Timer[] = [];
  #wallAtZero: EpochMs;
  #nowMs: Ms = 0;
  #made = 0;
  #pending = 0;
  #advancing = false;

  constructor(startAt: EpochMs, startMs: Ms) {
    this.#wallAtZero = startAt - startMs;
    this.#nowMs = startMs;
  }

  get nextMs(): Ms | undefined {
    return this.#first()?.atMs;
  }

  step(untilMs: Ms): boolean {
    const timer = this.#next(untilMs);
    if (!timer) return false;
    this.#nowMs = Math.max(this.#nowMs, timer.atMs);
    timer.run();
    return true;
  }

  skipTo(atMs: Ms): void {
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  get pendingTimers(): number {
    return this.#pending;
  }

  now(): number {
    return Math.floor(this.#wallAtZero + this.#nowMs);
  }

  monotonic(): Ms {
    return this.#nowMs;
  }

  sleep(forMs: Ms, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, forMs, signal);
  }

  after(afterMs: Ms, run: () => void): Subscription {
    return this.#add(afterMs, run, true);
  }

  timeout(afterMs: Ms): AbortSignal {
    const controller = new AbortController();
    this.#add(afterMs, () => controller.abort(timeoutReason(afterMs)), false);
    return controller.signal;
  }

  jumpWall(byMs: Ms): void {
    this.#wallAtZero += byMs;
  }

  async settle(turns = 1): Promise<void> {
    // A turn of the event loop comes after every promise that can be resolved by then.
    for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  async advance(byMs: Ms, options: AdvanceOptions = {}): Promise<void> {
    invariant(byMs >= 0, `time does not go back (advance by ${byMs})`);
    invariant(!this.#advancing, 'one advance() at a time: await the one before');
    this.#advancing = true;
    const untilMs = this.#nowMs + byMs;
    try {
      await this.settle(options.turns);
      while (this.step(untilMs)) await this.settle(options.turns);
      this.#nowMs = untilMs;
    } finally {
      this.#advancing = false;
    }
  }

  #add(afterMs: Ms, run: () => void, counts: boolean): Subscription {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, afterMs), order: this.#made, run, counts, cancelled: false };
    this.#made += 1;
    if (counts) this.#pending += 1;
    push(this.#heap, timer);
    return {
      dispose: () => {
        if (!timer.cancelled) this.#retire(timer);
      },
    };
  }

  /** The first timer that waits; those cancelled before it are dropped. */
  #first(): Timer | undefined {
    while (this.#heap[0]?.cancelled) pop(this.#heap);
    return this.#heap[0];
  }

  /** Takes out the first timer that is due by `untilMs`. */
  #next(untilMs: Ms): Timer | undefined {
    const first = this.#first();
    if (!first || first.atMs > untilMs) return undefined;
    pop(this.#heap);
    this.#retire(first);
    return first;
  }

  /** It ran or was cancelled: it no longer waits. */
  #retire(timer: Timer): void {
    timer.cancelled = true;
    if (timer.counts) this.#pending -= 1;
  }
}

const isBefore = (a: Timer, b: Timer): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

function push(heap: Timer[], timer: Timer): void {
  let at = heap.length;
  while (at > 0) {
    const above = (at - 1) >>> 1;
    const parent = heap[above] as Timer;
    if (!isBefore(timer, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop() as Timer;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && isBefore(heap[below + 1] as Timer, heap[below] as Timer)) below += 1;
    if (!isBefore(heap[below] as Timer, last)) break;
    heap[at] = heap[below] as Timer;
    at = below;
  }
  heap[at] = last;
}
