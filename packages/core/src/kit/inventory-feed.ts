import type { Call, InventoryEvent } from '../contracts/index.ts';
import { unlessAborted } from './unless-aborted.ts';

interface Listener {
  hear(event: InventoryEvent): void;
  fail(error: unknown): void;
}

/** Hands inventory events to everyone who listens. */
export class InventoryFeed {
  readonly #listeners = new Set<Listener>();
  readonly #closed = new AbortController();

  publish(event: InventoryEvent): void {
    for (const listener of this.#listeners) listener.hear(event);
  }

  /** What is followed is lost from sight: every iteration throws the error, after what was published before. */
  breakOff(error: unknown): void {
    for (const listener of this.#listeners) listener.fail(error);
  }

  /** Ends every iteration. */
  close(): void {
    this.#closed.abort();
  }

  /** First what `list` gives, then what is published from now on, until the call aborts or the feed is closed. */
  async *follow(list: () => Promise<readonly InventoryEvent[]>, call: Call): AsyncGenerator<InventoryEvent> {
    const signal = AbortSignal.any([call.signal, this.#closed.signal]);
    const queue: InventoryEvent[] = [];
    let broken: { readonly error: unknown } | undefined;
    let wake = (): void => undefined;
    const listener: Listener = {
      hear: (event) => {
        if (broken) return;
        queue.push(event);
        wake();
      },
      fail: (error) => {
        broken ??= { error };
        wake();
      },
    };
    const onAbort = (): void => wake();
    // Listening begins before the listing, so that nothing falls between the two.
    this.#listeners.add(listener);
    signal.addEventListener('abort', onAbort);
    try {
      if (signal.aborted) return;
      for (const event of await unlessAborted(list(), signal, () => [])) yield event;
      while (!signal.aborted) {
        const event = queue.shift();
        if (event) yield event;
        else if (broken) throw broken.error;
        else await new Promise<void>((resolve) => void (wake = resolve));
      }
    } finally {
      this.#listeners.delete(listener);
      signal.removeEventListener('abort', onAbort);
    }
  }
}
