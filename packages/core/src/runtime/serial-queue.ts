import { guardError } from '../contracts/index.ts';

export interface SerialQueueOptions {
  /** What it is called in errors. */
  readonly name: string;
  /** How many may wait or run, over all keys. [10 000] */
  readonly max?: number;
}

/** Runs asynchronous work one after another per key, and keys beside each other. A failure concerns its caller alone. */
export class SerialQueue {
  readonly #name: string;
  readonly #max: number;
  readonly #tails = new Map<string | number, Promise<void>>();
  readonly #idlers: (() => void)[] = [];
  #size = 0;

  constructor(options: SerialQueueOptions) {
    this.#name = options.name;
    this.#max = options.max ?? 10_000;
  }

  /** Work that waits or runs. */
  get size(): number {
    return this.#size;
  }

  /** Runs `work` when everything queued under the key before has settled. Rejects with `GUARD_OVERLOADED` when full. */
  async run<T>(key: string | number, work: () => Promise<T> | T): Promise<T> {
    if (this.#size >= this.#max) throw guardError('GUARD_OVERLOADED', { what: this.#name, max: this.#max });
    this.#size += 1;
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(work);
    const tail = result.then(
      () => undefined,
      () => undefined,
    );
    this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
      this.#size -= 1;
      if (this.#size === 0) for (const resolve of this.#idlers.splice(0)) resolve();
    }
  }

  /** Resolves as soon as nothing waits or runs. */
  idle(): Promise<void> {
    return this.#size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idlers.push(resolve));
  }
}
