import type { Subscription } from '../contracts/index.ts';

/** Most changes a slow reader may lag behind; then it is cut off and has to read everything anew. */
const backlogMax = 100_000;

interface Reader<T> {
  readonly backlog: T[];
  wake: (() => void) | undefined;
  ended: boolean;
}

/** Hands every value to every reader, in order. Readers that end, or lag too far behind, are let go. */
export class ChangeFeed<T> {
  readonly #readers = new Set<Reader<T>>();

  /** Values pushed from now on, until the signal aborts or the subscription is disposed of. */
  open(signal: AbortSignal): AsyncIterable<T> & Subscription {
    const reader: Reader<T> = { backlog: [], wake: undefined, ended: false };
    const stop = (): void => {
      signal.removeEventListener('abort', stop);
      this.#end(reader);
    };
    this.#readers.add(reader);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop);
    return { [Symbol.asyncIterator]: () => valuesOf(reader), dispose: stop };
  }

  push(value: T): void {
    for (const reader of this.#readers) {
      reader.backlog.push(value);
      if (reader.backlog.length > backlogMax) this.#end(reader);
      else reader.wake?.();
    }
  }

  #end(reader: Reader<T>): void {
    reader.ended = true;
    this.#readers.delete(reader);
    reader.wake?.();
  }
}

async function* valuesOf<T>(reader: Reader<T>): AsyncGenerator<T> {
  while (!reader.ended) {
    const value = reader.backlog.shift();
    if (value !== undefined) yield value;
    else await new Promise<void>((resolve) => (reader.wake = resolve));
  }
}
