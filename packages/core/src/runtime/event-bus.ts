import { EventEmitter } from 'eventemitter3';
import type {
  AnyGuardEvent,
  Clock,
  GuardEvent,
  GuardEvents,
  GuardEventType,
  Logger,
  Metrics,
  Subscription,
} from '../contracts/index.ts';
import { messageOf } from '../contracts/index.ts';

export interface EventBusOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** How many past events `since` can give. [1024] */
  readonly backlog?: number;
}

type Listener = (event: AnyGuardEvent) => unknown;

const any = '*';

/**
 * Tells what happened, in order. Events tell and never command: nothing may hang on an event being heard.
 * A listener that throws or rejects is logged and counted, and disturbs neither the emitter nor other listeners. An
 * event emitted by a listener is delivered after the present one, so that everyone sees the same order.
 */
export class EventBus {
  readonly #options: EventBusOptions;
  readonly #emitter = new EventEmitter<string>();
  readonly #ring: AnyGuardEvent[] = [];
  readonly #backlog: number;
  readonly #undelivered: AnyGuardEvent[] = [];
  #delivering = false;
  #seq = 0;

  constructor(options: EventBusOptions) {
    this.#options = options;
    this.#backlog = options.backlog ?? 1024;
  }

  /** Number of the last event; 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  emit<K extends GuardEventType>(type: K, data: GuardEvents[K]): GuardEvent<K> {
    this.#seq += 1;
    const event: GuardEvent<K> = { type, seq: this.#seq, at: this.#options.clock.now(), data };
    const asAny = event as AnyGuardEvent;
    if (this.#backlog > 0) this.#ring[(this.#seq - 1) % this.#backlog] = asAny;
    this.#undelivered.push(asAny);
    if (!this.#delivering) this.#deliver();
    return event;
  }

  on<K extends GuardEventType>(type: K, listener: (event: GuardEvent<K>) => unknown): Subscription {
    return this.#listen(type, listener as Listener);
  }

  /** Every event, in order. */
  onAny(listener: (event: AnyGuardEvent) => unknown): Subscription {
    return this.#listen(any, listener);
  }

  /**
   * The events after number `seq`, oldest first, for a stream that resumes.
   * @returns `missed`: how many of them are too old to be known.
   */
  since(seq: number): { readonly events: readonly AnyGuardEvent[]; readonly missed: number } {
    const first = Math.max(0, seq) + 1;
    const oldest = this.#seq - Math.min(this.#backlog, this.#seq) + 1;
    const events: AnyGuardEvent[] = [];
    for (let at = Math.max(first, oldest); at <= this.#seq; at += 1) {
      events.push(this.#ring[(at - 1) % this.#backlog] as AnyGuardEvent);
    }
    return { events, missed: Math.max(0, oldest - first) };
  }

  #listen(name: string, listener: Listener): Subscription {
    let live = true;
    const guarded: Listener = (event) => {
      // The emitter goes on over the old list when a listener is removed meanwhile.
      if (live) this.#call(listener, event);
    };
    this.#emitter.on(name, guarded);
    return {
      dispose: () => {
        live = false;
        this.#emitter.off(name, guarded);
      },
    };
  }

  #deliver(): void {
    this.#delivering = true;
    for (let event = this.#undelivered.shift(); event; event = this.#undelivered.shift()) {
      this.#emitter.emit(event.type, event);
      this.#emitter.emit(any, event);
    }
    this.#delivering = false;
  }

  #call(listener: Listener, event: AnyGuardEvent): void {
    try {
      const result = listener(event);
      if (isThenable(result)) result.then(undefined, (error: unknown) => this.#failed(event, error));
    } catch (error) {
      this.#failed(event, error);
    }
  }

  #failed(event: AnyGuardEvent, error: unknown): void {
    const { log, metrics } = this.#options;
    metrics.count('praetorian_listener_failures', 1, { type: event.type });
    log.error(
      { err: error, event: event.type, seq: event.seq },
      `a listener of ${event.type} failed: ${messageOf(error)}`,
    );
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}
