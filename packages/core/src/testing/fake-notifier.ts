import type { Call, Delivery, Notice, Notifier } from '../contracts/index.ts';

export interface FakeNotifierOptions {
  /** [true] */
  readonly threads?: boolean;
  /** Wall-clock time of deliveries. [the notice's own] */
  readonly now?: () => number;
}

/** One accepted notice, with what the notifier was given and answered. */
export interface FakeDelivery {
  readonly notice: Notice;
  readonly previous: Delivery | undefined;
  readonly delivery: Delivery;
}

/** A channel in memory: keeps what it accepted, fails or hangs when it is told to. */
export class FakeNotifier implements Notifier {
  readonly supports: { readonly threads: boolean };
  /** What was accepted, oldest first. */
  readonly delivered: FakeDelivery[] = [];
  /** How often it was asked, also in vain. */
  asked = 0;
  readonly #now: (() => number) | undefined;
  readonly #faults: ('hang' | { readonly error: unknown })[] = [];

  constructor(options: FakeNotifierOptions = {}) {
    this.supports = { threads: options.threads ?? true };
    this.#now = options.now;
  }

  /** The next deliveries throw this. */
  failNext(error: unknown, times = 1): void {
    for (let n = 0; n < times; n += 1) this.#faults.push({ error });
  }

  /** The next delivery does not answer; it ends only when its call aborts. */
  hangNext(): void {
    this.#faults.push('hang');
  }

  /** From now on it works. */
  mend(): void {
    this.#faults.length = 0;
  }

  async deliver(notice: Notice, previous: Delivery | undefined, call: Call): Promise<Delivery> {
    this.asked += 1;
    call.signal.throwIfAborted();
    const fault = this.#faults.shift();
    if (fault === 'hang') return untilAborted(call.signal);
    if (fault) throw fault.error;
    const threadRef = this.supports.threads ? (previous?.threadRef ?? `thread-of-${notice.threadId}`) : undefined;
    const delivery = {
      noticeId: notice.id,
      at: this.#now?.() ?? notice.at,
      ...(threadRef === undefined ? {} : { threadRef }),
    };
    this.delivered.push({ notice, previous, delivery });
    return delivery;
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
}
