import type { Readable } from 'node:stream';
import type { InventoryFeed, Locks } from '@praetorian-guard/core/kit';
import { type Clock, type Logger, messageOf, type Ms, type Subscription } from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine, ListedContainer } from '../engine/engine.ts';
import { EngineError, isLost } from '../engine/engine-error.ts';
import { type EngineEvent, eventsOf, stampAt } from '../engine/event-stream.ts';
import { selects } from '../engine/selector.ts';
import { Sight } from '../engine/sight.ts';
import type { Book } from './book.ts';
import type { Endings } from './endings.ts';
import { EventFollower } from './event-follower.ts';
import { inspectEach } from './inspect-each.ts';
import type { Leaving } from './leaving.ts';
import type { Member } from './member.ts';
import type { Roster } from './roster.ts';
import { inTurn } from './strangers.ts';

export interface WatcherParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Logger;
  readonly book: Book;
  readonly endings: Endings;
  readonly leaving: Leaving;
  readonly roster: Roster;
  readonly feed: InventoryFeed;
  readonly locks: Locks;
  /** Labels a container must have, all of them. */
  readonly select: readonly string[];
  readonly restartGraceMs: Ms;
  /** Puts right what was left half done, by an earlier guard or when the engine was lost; before the containers are listed. */
  readonly recover: () => Promise<void>;
  /** All containers are known as they are now. */
  readonly known: () => void;
  /** A container has begun to run, and was taken in. */
  readonly began: (event: EngineEvent) => void;
  /** How a container came to its end is known: the engine forgets it soon, so that it is worth writing down at once. */
  readonly ended: () => void;
}

/** The list is asked for again this often: for what no event told, and whether the engine still answers. */
const checkMs: Ms = 60_000;
const checksAtOnce = 16;
/** An engine remembers its last events, as many as this at least, of containers and whatever else it has. */
const remembersMax = 256;
const pastMs: Ms = 1_000;

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
 * Follows the containers of one engine: the list, then its events as they come, and the list again now and then. When the
 * engine is lost from sight the inventory breaks off; when it is back everything is listed anew.
 */
export class Watcher {
  readonly #parts: WatcherParts;
  readonly #follower: EventFollower;
  readonly #sight: Sight;
  #stamp: string | undefined;
  #heard = 0;
  /** Who joined or left a network before the containers were known: what was looked at may be of before that. */
  readonly #moved = new Set<string>();
  /** What ran when the engine was lost from sight, and since when: what still does proves that it was not stopped. */
  #ranBefore: ReadonlyMap<string, string> | undefined;

  constructor(parts: WatcherParts) {
    this.#parts = parts;
    this.#sight = new Sight({
      ...parts,
      what: 'the Docker engine',
      live: (listed) => this.#live(listed),
      lost: () => this.#lost(),
    });
    this.#follower = new EventFollower({
      ...parts,
      refresh: (containerId) => this.refresh(containerId),
      signal: this.#sight.signal,
    });
  }

  start(): void {
    this.#sight.start();
  }

  async stop(): Promise<void> {
    this.#follower.stop();
    await this.#sight.stop();
  }

  /** Up to where the events were seen. */
  get stamp(): string | undefined {
    return this.#stamp;
  }

  /** Whether the containers are known, and followed. */
  get isListed(): boolean {
    return this.#sight.isListed;
  }

  /** Resolves when the containers are known; throws why they are not after a while. */
  listed(): Promise<void> {
    return this.#sight.listed();
  }

  /** Looks at one container now, and takes it in as it is. */
  async refresh(containerId: string): Promise<Member | undefined> {
    const { engine, roster } = this.#parts;
    const facts = await engine.container(containerId, { signal: this.#sight.signal });
    if (facts && this.#isSelected(facts.Config.Labels)) return roster.take(facts);
    roster.drop(containerId);
    return undefined;
  }

  /** One connection, from the list to its end. */
  async #live(listed: () => void): Promise<void> {
    const { engine, book } = this.#parts;
    const { signal } = this.#sight;
    await engine.connect({ signal });
    const since = this.#stamp ?? book.cursor;
    // Listening begins before the listing, so that nothing falls between the two.
    const stream = await this.#listen(since);
    const over = new AbortController();
    const open = [stream];
    const close = (): void => open.forEach((one) => void one.destroy());
    signal.addEventListener('abort', close);
    try {
      const line = readAhead(eventsOf(stream));
      const networks = await engine.events({ type: ['network'], event: ['connect', 'disconnect'] }, {}, { signal });
      open.push(networks);
      this.#moved.clear();
      const addresses = this.#followNetworks(networks);
      // That it broke is told below, once the list is made.
      addresses.catch(() => undefined);
      await this.#parts.recover();
      await this.#list(line.waiting, since);
      listed();
      for (const id of this.#moved) void this.#follower.check(id);
      this.#parts.known();
      const checking = this.#check(AbortSignal.any([signal, over.signal]));
      const following = line.each((event) => event.stamp !== since && this.#take(event));
      await Promise.race([checking, following, addresses]);
    } finally {
      over.abort();
      signal.removeEventListener('abort', close);
      close();
    }
  }

  /** Whoever joins or leaves a network is reached by another address from then on. */
  async #followNetworks(stream: Readable): Promise<void> {
    for await (const { attributes } of eventsOf(stream)) {
      const { container = '' } = attributes;
      if (container === '') continue;
      if (!this.isListed) this.#moved.add(container);
      else if (this.#parts.roster.member(container)) void this.#follower.check(container);
    }
  }

  /** Events as they come, and before them those since a time by the engine's own clock, as far as it remembers. */
  async #listen(since: string | undefined): Promise<Readable> {
    const { engine, log } = this.#parts;
    const { signal } = this.#sight;
    try {
      return await engine.events(this.#filters, since === undefined ? {} : { since }, { signal });
    } catch (error) {
      if (since === undefined || isLost(error) || signal.aborted) throw error;
      log.warn({ why: messageOf(error) }, 'the engine does not tell its past events');
      return engine.events(this.#filters, {}, { signal });
    }
  }

  #take(event: EngineEvent): void {
    this.#heard += 1;
    this.#stamp = event.stamp;
    this.#follower.take(event);
  }

  #lost(): void {
    const { endings, roster } = this.#parts;
    const ran = roster.all().filter(({ facts }) => facts.State.Running);
    this.#ranBefore = new Map(ran.map(({ facts }) => [facts.Id, facts.State.StartedAt]));
    endings.engineLost(this.#follower.engineTime(), [...this.#ranBefore.keys()]);
  }

  /** Lists everything. `waiting`: the events that have come so far, those first that were asked for `since` a time. */
  async #list(waiting: EngineEvent[], since: string | undefined): Promise<void> {
    const { roster, endings } = this.#parts;
    const { signal } = this.#sight;
    const isYoung = this.#ranBefore !== undefined && (await this.#isYoung());
    const found = await this.#listing();
    const present = new Set(found.map(({ Id }) => Id));
    // What has come before they are looked at shows in them, so it is not followed: it tells how they ended.
    const past = waiting.splice(0);
    const { facts, failed } = await inspectEach(this.#parts, [...present], signal);
    this.#learn([...past, ...waiting], facts, { since, isYoung });
    for (const id of roster.ids()) if (!present.has(id)) roster.drop(id);
    endings.keepOnly(present);
    for (const one of inTurn(facts)) roster.take(one);
    this.#follower.reset();
    // One that came while the list was made stands only in the events.
    const missed = new Set(past.map(({ id }) => id).filter((id) => !present.has(id)));
    for (const { id, action } of past) if (action === 'destroy') missed.delete(id);
    for (const id of [...failed, ...missed]) void this.#follower.check(id);
  }

  /** Whether the engine has not been there for long: it remembers all that has happened, for that is less than it could. */
  async #isYoung(): Promise<boolean> {
    const { engine, clock } = this.#parts;
    const { signal } = this.#sight;
    const until = stampAt(new Date(this.#follower.engineTime()).toISOString());
    if (until === undefined) return false;
    let late: Subscription | undefined;
    let count = 0;
    try {
      const past = await engine.events({}, { since: '1', until }, { signal });
      late = clock.after(pastMs, () =>
        past.destroy(new EngineError('tell past events: took too long', { lost: false })),
      );
      for await (const _ of eventsOf(past)) {
        count += 1;
        if (count >= remembersMax) return false;
      }
      return true;
    } catch (error) {
      if (isLost(error)) throw error;
      return false;
    } finally {
      late?.dispose();
    }
  }

  #learn(
    events: readonly EngineEvent[],
    facts: readonly ContainerFacts[],
    { since, isYoung }: { readonly since: string | undefined; readonly isYoung: boolean },
  ): void {
    const { endings } = this.#parts;
    const seen = this.#stamp;
    const byId = new Map(facts.map((one) => [one.Id, one]));
    for (const event of events) {
      this.#stamp = event.stamp;
      if (event.stamp !== seen) this.#follower.learn(event, byId.get(event.id));
    }
    // Before the first event the engine's clock is known from what it says of its containers.
    this.#stamp ??= since ?? lastChange(facts);
    if (!this.#ranBefore) return;
    // An engine that was stopped has forgotten also the last event that was seen.
    const remembers = since !== undefined && events.some(({ stamp }) => stamp === since);
    const runsOn = facts.some(({ Id, State }) => State.Running && this.#ranBefore?.get(Id) === State.StartedAt);
    const isAnother = !remembers && since !== undefined && isYoung;
    endings.engineBack(!remembers && !runsOn ? 'stopped' : isAnother ? 'restarted' : 'out of reach', facts);
    this.#ranBefore = undefined;
  }

  async #listing(): Promise<readonly ListedContainer[]> {
    const { engine, select } = this.#parts;
    if (this.#selectsNothing) return [];
    return engine.containers({ label: [...select] }, { signal: this.#sight.signal });
  }

  /** Compares what is known with the list, over and over. Throws when the engine does not answer, or tells nothing any more. */
  async #check(signal: AbortSignal): Promise<never> {
    const { clock, log } = this.#parts;
    for (;;) {
      const heard = this.#heard;
      await clock.sleep(checkMs, signal);
      try {
        const changed = await this.#checkAll(await this.#differing());
        if (changed && this.#heard === heard)
          throw new EngineError('follow the events: containers have changed and no event told it', { lost: true });
      } catch (error) {
        if (!(error instanceof EngineError) || error.status === undefined) throw error;
        log.warn({ why: messageOf(error) }, 'the containers could not be listed again');
      }
    }
  }

  async #checkAll(ids: readonly string[]): Promise<boolean> {
    let changed = false;
    for (let at = 0; at < ids.length; at += checksAtOnce) {
      const some = ids.slice(at, at + checksAtOnce);
      const each = await Promise.all(some.map((id) => this.#follower.check(id)));
      changed ||= each.includes(true);
    }
    return changed;
  }

  async #differing(): Promise<readonly string[]> {
    const { roster } = this.#parts;
    const listed = await this.#listing();
    const present = new Set(listed.map(({ Id }) => Id));
    const gone = roster.ids().filter((id) => !present.has(id));
    const otherwise = listed.filter((one) => !roster.isAsListed(one));
    return [...gone, ...otherwise.map(({ Id }) => Id)];
  }

  get #selectsNothing(): boolean {
    return this.#parts.select.length === 0;
  }

  get #filters(): { [name: string]: string[] } {
    return { type: ['container'], event: actions, label: [...this.#parts.select] };
  }

  #isSelected(labels: { readonly [name: string]: string }): boolean {
    return selects(this.#parts.select, labels);
  }
}

interface Line {
  /** What has come and was not handed on yet. */
  readonly waiting: EngineEvent[];
  /** Hands on what waits, and then whatever comes, to the end. */
  each(take: (event: EngineEvent) => void): Promise<void>;
}

/** Reads from now on, whoever listens. */
function readAhead(events: AsyncIterable<EngineEvent>): Line {
  const waiting: EngineEvent[] = [];
  let hand = (event: EngineEvent): void => void waiting.push(event);
  const reading = (async () => {
    for await (const event of events) hand(event);
  })();
  // Whoever listens is told of a failure; until then nobody does.
  reading.catch(() => undefined);
  return {
    waiting,
    each: (take) => {
      for (const event of waiting.splice(0)) take(event);
      hand = take;
      return reading;
    },
  };
}

/** When the last of the containers began or ended. */
function lastChange(facts: readonly ContainerFacts[]): string | undefined {
  const times = facts.flatMap(({ State }) => [stampAt(State.StartedAt), stampAt(State.FinishedAt)]);
  return times.toSorted((a = '', b = '') => a.localeCompare(b)).findLast((one) => one !== undefined);
}
