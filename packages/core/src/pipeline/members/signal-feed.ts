import type { SignalDraft, SignalSource } from '../../contracts/index.ts';
import { messageOf } from '../../contracts/index.ts';

export interface SignalFeedOptions {
  readonly name: string;
  readonly source: SignalSource;
  report(signal: SignalDraft): void;
  degraded(why: string): void;
}

/** Listens to a source of signals until it is stopped; one that ends by a fault is told of. */
export class SignalFeed {
  readonly #o: SignalFeedOptions;
  readonly #stop = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  constructor(options: SignalFeedOptions) {
    this.#o = options;
  }

  start(): void {
    const { name, source } = this.#o;
    this.#watching = source
      .watch((signal) => this.#o.report(signal), { signal: this.#stop.signal, traceId: `source/${name}` })
      .catch((thrown: unknown) => this.#o.degraded(messageOf(thrown)));
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('the guard stops', 'AbortError'));
    await this.#watching;
  }
}
