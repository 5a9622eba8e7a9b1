import { setMaxListeners } from 'node:events';
import { type Locks, type InventoryFeed } from '@praetorian-guard/core/kit';
import { type Clock, type Logger, messageOf, type Ms } from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine } from '../engine/engine.ts';
import { EngineError } from '../engine/engine-error.ts';
import { eventsOf } from '../engine/event-stream.ts';
import type { Book } from './book.ts';
import type { Endings } from './endings.ts';
import { EventFollower } from './event-follower.ts';
import type { Member } from './member.ts';
import type { Roster } from './roster.ts';

export interface WatcherParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Logger;
  readonly book: Book;
  readonly endings: Endings;
  readonly roster: Roster;
  readonly feed: InventoryFeed;
  readonly locks: Locks;
  /** Labels a container must have, all of them. */
  readonly select: readonly string[];
  readonly restartGraceMs: Ms;
}

/** Pauses before the engine is asked again, the last one over and over. */
const againMs: readonly Ms[] = [100, 250, 500, 1_000, 2_000];
/** Whoever wants the list waits this long for an engine that is away. */
const patienceMs: Ms = 15_000;
const historyMs: Ms = 5_000;
const inspectsAtOnce = 16;

/** What of a container's life is of interest; the checks of a HEALTHCHECK alone would flood it otherwise. */
const actions = [
  'start',
  'die',
  'kill',
  'oom',
  'stop',
  'pause',
  'unpause',
  'rename',
  'update',
  'destroy',
  'health_status',
];

/**
 * Follows the containers of one engine: the list, then its events as they come. When the engine is lost from sight the
 * inventory breaks off; when it is back everything is listed anew.
 */
export class Watcher {
  readonly #parts: WatcherParts;
  readonly #end = new AbortController();
  readonly #follower: EventFollower;
  #run: Promise<void> = Promise.resolve();
  #listed = deferred();
  #why: unknown = new EngineError('the engine was not asked yet', { lost: false });
  #stamp: string | undefined;

  constructor(parts: WatcherParts) {
    // One signal for every question under way.
    setMaxListeners(0, this.#end.signal);
    this.#parts = parts;
    this.#follower = new EventFollower({
      ...parts,
      refresh: (containerId) => this.refresh(containerId),
      signal: this.#end.signal,
    });
  }

  start(): void {
    this.#run = this.#follow();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    this.#follower.stop();
    await this.#run;
  }

  /** Up to where the events were seen. */
  get stamp(): string | undefined {
    return this.#stamp;
  }

  /** Whether the containers are known, and followed. */
  get isListed(): boolean {
    return this.#listed.done;
  }

  /** Resolves when the containers are known; throws why they are not after a while. */
  async listed(): Promise<void> {
    const { clock } = this.#parts;
    const waiting = new AbortController();
    const late = clock.sleep(patienceMs, AbortSignal.any([waiting.signal, this.#end.signal])).then(
      () => this.#fail(),
      () => undefined,
    );
    try {
      await Promise.race([this.#listed.promise, late]);
    } finally {
      waiting.abort();
    }
  }

  /** Looks at one container now, and takes it in as it is. */
  async refresh(containerId: string): Promise<Member | undefined> {
    const { engine, roster } = this.#parts;
    const facts = await engine.container(containerId, { signal: this.#end.signal });
    if (facts && this.#isSelected(facts.Config.Labels)) return roster.take(facts);
    roster.drop(containerId);
    return undefined;
  }

  #fail(): never {
    throw this.#why;
  }

  async #follow(): Promise<void> {
    const { clock, log } = this.#parts;
    const { signal } = this.#end;
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        await this.#live(() => void (failures = 0));
      } catch (error) {
        if (signal.aborted) return;
        this.#lost(error);
        if (failures < 3) log.warn({ why: messageOf(error) }, 'the Docker engine is lost from sight');
      }
      await clock.sleep(againMs[Math.min(failures, againMs.length - 1)] as Ms, signal).catch(() => undefined);
    }
  }

  /** One connection, from the list to its end. */
  async #live(onListed: () => void): Promise<void> {
    const { engine } = this.#parts;
    const { signal } = this.#end;
    await engine.connect({ signal });
    this.#follower.reset();
    // Listening begins before the listing, so that nothing falls between the two.
    const stream = await engine.events(this.#filters, {}, { signal });
    const onAbort = (): void => void stream.destroy();
    signal.addEventListener('abort', onAbort);
    try {
      await this.#catchUp();
      await this.#list();
      onListed();
      this.#listed.resolve();
      for await (const event of eventsOf(stream)) {
        this.#stamp = event.stamp;
        this.#follower.take(event);
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      stream.destroy();
    }
    throw new EngineError('follow the events: the engine ended the stream', { lost: true });
  }

  #lost(error: unknown): void {
    const { endings, feed } = this.#parts;
    this.#why = error;
    endings.engineLost(this.#follower.engineTime());
    if (!this.#listed.done) return;
    this.#listed = deferred();
    feed.breakOff(error);
  }

  /** How containers ended while nobody looked, as far as the engine remembers it. */
  async #catchUp(): Promise<void> {
    const { engine, clock, endings, book } = this.#parts;
    const since = this.#stamp ?? book.cursor;
    if (since === undefined) return;
    const between = { since, until: (clock.now() / 1_000).toFixed(3) };
    const within = { signal: AbortSignal.any([this.#end.signal, clock.timeout(historyMs)]) };
    const stream = await engine.events(this.#filters, between, within);
    const cut = clock.after(historyMs, () => void stream.destroy());
    try {
      for await (const event of eventsOf(stream)) endings.note(event, undefined);
    } finally {
      cut.dispose();
    }
  }

  async #list(): Promise<void> {
    const { engine, roster } = this.#parts;
    const { signal } = this.#end;
    const found = this.#selectsNothing ? [] : await engine.containers({ label: [...this.#parts.select] }, { signal });
    const ids = found.map(({ Id }) => Id);
    const facts: (ContainerFacts | undefined)[] = [];
    for (let at = 0; at < ids.length; at += inspectsAtOnce) {
      const some = ids.slice(at, at + inspectsAtOnce).map((id) => engine.container(id, { signal }));
      facts.push(...(await Promise.all(some)));
    }
    const present = new Set(ids);
    for (const { facts: known } of roster.all()) if (!present.has(known.Id)) roster.drop(known.Id);
    for (const one of facts) if (one) roster.take(one);
  }

  get #selectsNothing(): boolean {
    return this.#parts.select.length === 0;
  }

  get #filters(): { [name: string]: string[] } {
    return { type: ['container'], event: actions, label: [...this.#parts.select] };
  }

  #isSelected(labels: { readonly [name: string]: string }): boolean {
    if (this.#selectsNothing) return false;
    return this.#parts.select.every((wanted) => {
      const at = wanted.indexOf('=');
      return at < 0 ? wanted in labels : labels[wanted.slice(0, at)] === wanted.slice(at + 1);
    });
  }
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly done: boolean;
  resolve(): void;
}

function deferred(): Deferred {
  let settle = (): void => undefined;
  let done = false;
  const promise = new Promise<void>((resolve) => void (settle = resolve));
  return {
    promise,
    get done() {
      return done;
    },
    resolve: () => {
      done = true;
      settle();
    },
  };
}
