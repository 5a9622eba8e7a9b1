import {
  type AnyGuardEvent,
  type Clock,
  guardError,
  type GuardApi,
  type Logger,
  type Ms,
  type Subscription,
} from '@praetorian-guard/core/plugin';

/** The part of a response that a stream of events is written to. */
export interface EventSink {
  /** Bytes that were written and not yet taken by the peer. */
  readonly writableLength: number;
  write(text: string): boolean;
  end(): void;
  destroy(): void;
  on(event: 'drain', listener: () => void): unknown;
}

export interface EventHubOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly heartbeatMs: Ms;
  readonly maxClients: number;
  /** Events kept for clients that come back. */
  readonly keep?: number;
  /** A client that has this many bytes still to read gets no more until it has read them. */
  readonly maxPendingBytes?: number;
}

/** What a client asks for. */
export interface StreamWish {
  /** Id of the last event it saw, from `Last-Event-ID`. */
  readonly after?: string;
  /** Only these types; all without it. */
  readonly types?: ReadonlySet<string>;
}

interface Kept {
  readonly event: AnyGuardEvent;
  text?: string;
}

interface Client {
  readonly sink: EventSink;
  readonly types: ReadonlySet<string> | undefined;
  /** Place of the next event for it, counted from the first that was ever kept. */
  next: number;
}

/** Where the last event that a client saw stands; of another life of the guard there is only that it was one. */
type Seen = number | 'of another life' | undefined;

/**
 * Server-sent events: keeps the last events in a ring, writes each to every client that wants its type, and nothing
 * more to a client that has much to read. Such a client goes on where it stood once it has read; when the ring has
 * passed it, it is dropped and has to come back. An event is made text once, and only if a client wants it.
 */
export class EventHub {
  readonly #options: Required<EventHubOptions>;
  readonly #guard: GuardApi;
  readonly #subscription: Subscription;
  readonly #ring: Kept[] = [];
  readonly #clients = new Set<Client>();
  /** Begins the ids: numbers count from 1 again when the guard is started anew. */
  readonly #life: string;
  /** How many events the ring has passed. */
  #passed = 0;
  #ping: Subscription | undefined;
  #closed = false;

  constructor(guard: GuardApi, options: EventHubOptions) {
    this.#options = { keep: 1_000, maxPendingBytes: 1024 * 1024, ...options };
    this.#guard = guard;
    this.#life = options.clock.now().toString(36);
    this.#subscription = guard.onAny((event) => this.#publish(event));
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** @throws GUARD_HTTP_BUSY when there are as many clients as allowed. */
  requireRoom(): void {
    const { maxClients } = this.#options;
    if (this.#clients.size >= maxClients) throw guardError('GUARD_HTTP_BUSY', { max: maxClients });
  }

  /**
   * Writes what the client missed, then every event as it comes.
   * @returns what is to be called when the sink has closed, for whatever reason.
   */
  join(sink: EventSink, { after, types }: StreamWish): () => void {
    const seen = this.#seen(after);
    const client: Client = { sink, types, next: this.#placeAfter(seen) };
    const leave = (): void => this.#leave(client);
    if (this.#closed) {
      sink.end();
      return leave;
    }
    this.#clients.add(client);
    this.#armPing();
    sink.write(this.#greeting(seen));
    sink.on('drain', () => this.#catchUp(client));
    this.#catchUp(client);
    return leave;
  }

  /** Ends every stream and forgets everything. */
  close(): void {
    this.#closed = true;
    this.#subscription.dispose();
    this.#ping?.dispose();
    this.#ping = undefined;
    for (const { sink } of this.#clients) sink.end();
    this.#clients.clear();
    this.#ring.length = 0;
  }

  #publish(event: AnyGuardEvent): void {
    this.#ring.push({ event });
    if (this.#ring.length > this.#options.keep) {
      this.#ring.shift();
      this.#passed += 1;
    }
    for (const client of this.#clients) this.#catchUp(client);
  }

  #seen(id: string | undefined): Seen {
    if (id === undefined) return undefined;
    const [life, seq = ''] = id.split('-', 2);
    const isKnown = life === this.#life && /^\d{1,15}$/.test(seq) && Number(seq) <= (this.#ring.at(-1)?.event.seq ?? 0);
    return isKnown ? Number(seq) : 'of another life';
  }

  /** Place of the first kept event that the client has not seen; of the event to come for one that has seen none. */
  #placeAfter(seen: Seen): number {
    if (seen === 'of another life') return this.#passed;
    const at = seen === undefined ? -1 : this.#ring.findIndex(({ event }) => event.seq > seen);
    return this.#passed + (at < 0 ? this.#ring.length : at);
  }

  /** Writes what the client has not got yet, as far as it takes it; the rest follows when it has read. */
  #catchUp(client: Client): void {
    const { sink, types } = client;
    if (!this.#clients.has(client)) return;
    if (client.next < this.#passed) return this.#drop(client);
    while (sink.writableLength <= this.#options.maxPendingBytes) {
      const kept = this.#ring[client.next - this.#passed];
      if (kept === undefined) return;
      client.next += 1;
      if (types === undefined || types.has(kept.event.type)) sink.write(this.#textOf(kept));
    }
  }

  #drop(client: Client): void {
    const { keep } = this.#options;
    const pendingBytes = client.sink.writableLength;
    this.#options.log.warn({ pendingBytes, keep }, 'event stream dropped: its client reads too slowly');
    this.#leave(client);
    client.sink.destroy();
  }

  /**
   * The first thing on every stream. `complete: false` says that events between the client's last one and the oldest
   * kept are lost, or that the guard was started anew since: the client has to read everything again.
   */
  #greeting(seen: Seen): string {
    const { guardId, startedAt } = this.#guard.status();
    const oldest = this.#ring[0]?.event.seq;
    const latest = this.#ring.at(-1)?.event.seq ?? 0;
    const complete = seen === undefined || (seen !== 'of another life' && seen >= (oldest ?? 1) - 1);
    const { heartbeatMs } = this.#options;
    const opened = { guardId, startedAt, latest, complete, heartbeatMs };
    return `retry: 2000\nevent: stream.opened\ndata: ${JSON.stringify(opened)}\n\n`;
  }

  #textOf(kept: Kept): string {
    const { event } = kept;
    kept.text ??= `event: ${event.type}\nid: ${this.#life}-${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;
    return kept.text;
  }

  #leave(client: Client): void {
    if (!this.#clients.delete(client) || this.#clients.size > 0) return;
    this.#ping?.dispose();
    this.#ping = undefined;
  }

  #armPing(): void {
    this.#ping ??= this.#options.clock.after(this.#options.heartbeatMs, () => {
      this.#ping = undefined;
      // One that has much to read needs no sign of life.
      for (const { sink } of this.#clients) if (sink.writableLength === 0) sink.write(': ping\n\n');
      if (this.#clients.size > 0) this.#armPing();
    });
  }
}
