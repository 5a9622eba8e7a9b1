import type { Call, InventoryEvent } from '../contracts/index.ts';
import { unlessAborted } from './unless-aborted.ts';

/** Hands inventory events to everyone who listens. */
export class InventoryFeed {
  readonly #listeners = new Set<(event: InventoryEvent) => void>();
  readonly #closed = new AbortController();

  publish(event: InventoryEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Ends every iteration. */
  close(): void {
    this.#closed.abort();
  }

  /** First what `list` gives, then what is published from now on, until the call aborts or the feed is closed. */
  async *follow(list: () => Promise<readonly InventoryEvent[]>, call: Call): AsyncGenerator<InventoryEvent> {
    const signal = AbortSignal.any([call.signal, this.#closed.signal]);
    const queue: InventoryEvent[] = [];
    let wake = (): void => undefined;
    const listener = (event: InventoryEvent): void => {
      queue.push(event);
      wake();
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
        else await new Promise<void>((resolve) => void (wake = resolve));
      }
    } finally {
      this.#listeners.delete(listener);
      signal.removeEventListener('abort', onAbort);
    }
  }
}
