import type { Call, InventoryEvent } from '@praetorian-guard/core/plugin';

interface Follower {
  readonly hear: (event: InventoryEvent) => void;
  readonly end: () => void;
}

/** Tells inventory events to every follower: first the listing, then what happens, until it aborts or we close. */
export class InventoryFeed {
  readonly #followers = new Set<Follower>();

  publish(event: InventoryEvent): void {
    for (const follower of this.#followers) follower.hear(event);
  }

  close(): void {
    for (const follower of this.#followers) follower.end();
  }

  async *follow(listing: readonly InventoryEvent[], { signal }: Call): AsyncGenerator<InventoryEvent> {
    const queue = [...listing];
    const state = { ended: signal.aborted, wake: (): void => undefined };
    const follower: Follower = {
      hear: (event) => {
        queue.push(event);
        state.wake();
      },
      end: () => {
        state.ended = true;
        state.wake();
      },
    };
    this.#followers.add(follower);
    signal.addEventListener('abort', follower.end);
    try {
      while (!state.ended) {
        const event = queue.shift();
        if (event) yield event;
        else await new Promise<void>((resolve) => void (state.wake = resolve));
      }
    } finally {
      this.#followers.delete(follower);
      signal.removeEventListener('abort', follower.end);
    }
  }
}
