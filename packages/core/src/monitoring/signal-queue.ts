import type { SlottedSignal } from '../contracts/index.ts';

/**
 * Signals between two ticks, in order of arrival and bounded. When it is full the oldest signal gives way, lifecycle
 * signals last of all: never. They are rare and each is a fact that nobody repeats.
 */
export class SignalQueue {
  readonly #max: number;
  #signals: SlottedSignal[] = [];
  /** Where the search for the next one to drop goes on; everything before it is lifecycle. */
  #cursor = 0;
  #dropped = 0;
  #holes = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Signals waiting. */
  get size(): number {
    return this.#signals.length - this.#holes;
  }

  /** Adds a signal; returns the one that had to give way, if any. */
  push(signal: SlottedSignal): SlottedSignal | undefined {
    const victim = this.size >= this.#max ? this.#dropOldest() : undefined;
    this.#signals.push(signal);
    return victim;
  }

  /** Everything that waits, and how many were dropped since the last time. */
  take(): { readonly signals: readonly SlottedSignal[]; readonly dropped: number } {
    const taken = this.#holes === 0 ? this.#signals : this.#signals.filter((signal) => signal !== hole);
    const dropped = this.#dropped;
    this.#signals = [];
    this.#cursor = 0;
    this.#holes = 0;
    this.#dropped = 0;
    return { signals: taken, dropped };
  }

  #dropOldest(): SlottedSignal | undefined {
    while (this.#cursor < this.#signals.length) {
      const at = this.#cursor;
      const candidate = this.#signals[at] as SlottedSignal;
      this.#cursor += 1;
      if (candidate === hole || candidate.signal.kind === 'lifecycle') continue;
      this.#signals[at] = hole;
      this.#holes += 1;
      this.#dropped += 1;
      if (this.#holes > this.#max) this.#compact();
      return candidate;
    }
    return undefined;
  }

  /** A flood must not grow the list for as long as no tick comes. */
  #compact(): void {
    this.#signals = this.#signals.filter((signal) => signal !== hole);
    this.#holes = 0;
    this.#cursor = 0;
  }
}

/** Stands where a signal was dropped, so that the others need not move. */
const hole: SlottedSignal = { slot: -1, signal: { kind: 'lifecycle', agentId: '', receivedMs: 0, event: 'removed' } };
