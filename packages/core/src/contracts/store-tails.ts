import type { Call } from './call.ts';
import type { StateStore, StreamEntry } from './state-store.ts';

export interface TailSource {
  readonly read: StateStore['read'];
  /** Number of the last entry of a stream that `read` has been asked for; answered at once. */
  readonly lastSeq: (stream: string) => number;
}

/** `tail` for stores that know of every append themselves: they call `wake` after each. */
export class StreamTails {
  readonly #source: TailSource;
  readonly #waiting = new Map<string, Set<() => void>>();
  /** Counts the calls of `wakeAll`: who was reading meanwhile and waited for nothing has to ask again as well. */
  #rounds = 0;

  constructor(source: TailSource) {
    this.#source = source;
  }

  /** Entries after `after`, then each new one, until the call aborts; ends with the error of `read` when that fails. */
  async *tail(stream: string, after: number, call: Call): AsyncGenerator<StreamEntry> {
    let last = after;
    while (!call.signal.aborted) {
      const round = this.#rounds;
      for (const entry of await this.#source.read(stream, last, 256)) {
        if (call.signal.aborted) return;
        yield entry;
        last = entry.seq;
      }
      // Asked without a pause before waiting, so that no entry slips through between.
      if (this.#source.lastSeq(stream) <= last && round === this.#rounds) await this.#next(stream, call.signal);
    }
  }

  /** There is a new entry in the stream. */
  wake(stream: string): void {
    for (const wake of this.#waiting.get(stream) ?? []) wake();
  }

  /** The store is closing: whoever waits asks again and is told so. */
  wakeAll(): void {
    this.#rounds += 1;
    for (const stream of this.#waiting.keys()) this.wake(stream);
  }

  #next(stream: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        const waiting = this.#waiting.get(stream);
        waiting?.delete(wake);
        if (waiting?.size === 0) this.#waiting.delete(stream);
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
      const waiting = this.#waiting.get(stream) ?? new Set();
      this.#waiting.set(stream, waiting.add(wake));
    });
  }
}
