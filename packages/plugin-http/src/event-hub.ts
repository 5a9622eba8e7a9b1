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
  on(event: 'close', listener: () => void): unknown;
}

export interface EventHubOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly heartbeatMs: Ms;
  readonly maxClients: number;
  /** Events kept for clients that come back. */
  readonly keep?: number;
  /** A client that has not read this many bytes is dropped. */
  readonly maxPendingBytes?: number;
}

/** What a client asks for. */
export interface StreamWish {
  /** Last event it saw, from `Last-Event-ID`. */
  readonly after?: number;
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
}

/**
 * Server-sent events: keeps the last events in a ring, writes each to every client that wants its type, and drops a
 * client that reads too slowly instead of keeping more and more for it. An event is made text once, and only if a
 * client wants it.
 */
export class EventHub {
  readonly #options: Required<EventHubOptions>;
  readonly #guard: GuardApi;
  readonly #subscription: Subscription;
  readonly #ring: Kept[] = [];
  readonly #clients = new Set<Client>();
  #ping: Subscription | undefined;
  #closed = false;

  constructor(guard: GuardApi, options: EventHubOptions) {
    this.#options = { keep: 1_000, maxPendingBytes: 1024 * 1024, ...options };
    this.#guard = guard;
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

  /** Writes what the client missed, then every event as it comes, until the sink closes. */
  join(sink: EventSink, { after, types }: StreamWish): void {
    const client: Client = { sink, types };
    sink.on('close', () => this.#leave(client));
    if (this.#closed) return sink.end();
    this.#clients.add(client);
    this.#armPing();
    this.#write(client, this.#greeting(after));
    if (after === undefined) return;
    // A copy: a client that is dropped while it catches up must not disturb the walk.
    for (const kept of this.#ring.filter(({ event }) => event.seq > after)) this.#offer(client, kept);
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
    const kept: Kept = { event };
    this.#ring.push(kept);
    if (this.#ring.length > this.#options.keep) this.#ring.shift();
    for (const client of this.#clients) this.#offer(client, kept);
  }

  #offer(client: Client, kept: Kept): void {
    const { event } = kept;
    if (client.types !== undefined && !client.types.has(event.type)) return;
    kept.text ??= `event: ${event.type}\nid: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;
    this.#write(client, kept.text);
  }

  #write(client: Client, text: string): void {
    if (!this.#clients.has(client)) return;
    client.sink.write(text);
    if (client.sink.writableLength <= this.#options.maxPendingBytes) return;
    this.#options.log.warn(
      { pendingBytes: client.sink.writableLength },
      'event stream dropped: its client reads too slowly',
    );
    this.#leave(client);
    client.sink.destroy();
  }

  /**
   * The first thing on every stream. `complete: false` says that events between the client's last one and the oldest
   * kept are lost, or that the guard was started anew since: the client has to read everything again.
   */
  #greeting(after: number | undefined): string {
    const { guardId, startedAt } = this.#guard.status();
    const oldest = this.#ring[0]?.event.seq;
    const latest = this.#ring.at(-1)?.event.seq ?? 0;
    const complete = after === undefined || (after <= latest && (oldest === undefined || after >= oldest - 1));
    return `retry: 2000\nevent: stream.opened\ndata: ${JSON.stringify({ guardId, startedAt, latest, complete })}\n\n`;
  }

  #leave(client: Client): void {
    if (!this.#clients.delete(client) || this.#clients.size > 0) return;
    this.#ping?.dispose();
    this.#ping = undefined;
  }

  #armPing(): void {
    this.#ping ??= this.#options.clock.after(this.#options.heartbeatMs, () => {
      this.#ping = undefined;
      for (const client of this.#clients) this.#write(client, ': ping\n\n');
      if (this.#clients.size > 0) this.#armPing();
    });
  }
}
