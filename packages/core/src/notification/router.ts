import { guardError, messageOf } from '../contracts/errors.ts';
import type { Clock, Logger, Random } from '../contracts/call.ts';
import type { Notifier } from '../contracts/notifier.ts';
import type { StateStore, StoreOp } from '../contracts/state-store.ts';
import type { Delivery, GroupId, Ms, Notice } from '../model/index.ts';
import { canonicalJson } from '../model/index.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { SerialQueue } from '../runtime/serial-queue.ts';
import { type Job, Lane, type LanePorts, type LaneResult } from './lane.ts';
import { logNotifier } from './log-notifier.ts';
import { Outbox } from './outbox.ts';
import { mapTexts, type OutboxKeys, type OutboxRecord, type TargetState } from './outbox-record.ts';
import { fallbackAfter, lastResort, type NoticeRoute, targetsOf, tellsAPerson } from './routes.ts';
import { Seats } from './seats.ts';

export interface RouterDeps {
  readonly notifiers: ReadonlyMap<string, Notifier>;
  readonly routes: readonly NoticeRoute[];
  /** A delivery that fails is tried again for this long, then by another notifier. */
  readonly retryForMs: Ms;
  readonly store: StateStore;
  readonly keys: OutboxKeys;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The shard that owns a group. */
  readonly shardOf: (group: GroupId) => number;
  /** Token of the lease of a shard; `undefined` when this guard does not own it. */
  readonly fenceOf: (shard: number) => number | undefined;
  /** Takes secrets out of a text; stored and sent notices went through it. */
  readonly redact: (text: string) => string;
  /** Whether a maintenance hold keeps it back now. Never asked for the end of an incident (R14). */
  readonly suppressed: (notice: Notice) => boolean;
  readonly events: RouterEvents;
}

export interface RouterEvents {
  /** A notifier accepted a notice. */
  onSent(notice: Notice, notifier: string, delivery: Delivery): void;
  /** A delivery failed; it may be tried again. */
  onFailed(notice: Notice, notifier: string, error: string): void;
  /** A person was told: a notifier that reaches people accepted it. At least once; the outbox waits for it. */
  onTold(notice: Notice, notifier: string): Promise<void> | void;
  /** No notifier that reaches people accepted it, and none is left to try. At least once; the outbox waits for it. */
  onUndelivered(notice: Notice): Promise<void> | void;
}

/** Limit of one delivery. */
const deliverWithinMs: Ms = 20_000;
/** Deliveries at once per notifier, over all threads: a storm is no reason to flood a channel. */
const deliveriesMax = 4;
/** A notice that says exactly what another said within this time is one with it. */
const sameWithinMs: Ms = 60_000;

interface Settled {
  readonly atMs: Ms;
  readonly toldBy: string | undefined;
}

/**
 * Brings notices to people. Durable: a notice is stored by `opsFor` in the commit of what it tells of, taken over by
 * `accept`, and deleted when it is settled; `resume` takes over what an earlier run left. At least once, in order per
 * thread and notifier (one that falls back from another notifier comes late); receivers tell repetitions by
 * `notice.id`. One incident is one thread at every notifier.
 */
export class NotificationRouter {
  readonly #deps: RouterDeps;
  readonly #ports: LanePorts;
  readonly #notifiers: ReadonlyMap<string, Notifier>;
  readonly #outbox: Outbox;
  readonly #seats = new Seats(deliveriesMax);
  readonly #settling = new SerialQueue({ name: 'The outbox', max: 100_000 });
  readonly #lanes = new Map<string, Lane>();
  /** Notices under way, by id. */
  readonly #jobs = new Map<string, Job>();
  /** Notices under way, by what they say. */
  readonly #saying = new Map<string, Job>();
  /** Notices settled lately, by what they said; in order of time. */
  readonly #said = new Map<string, Settled>();
  #stopped = false;

  constructor(deps: RouterDeps) {
    this.#deps = deps;
    this.#outbox = new Outbox(deps);
    this.#notifiers = deps.notifiers.has(lastResort)
      ? deps.notifiers
      : new Map([...deps.notifiers, [lastResort, logNotifier(deps.log, deps.clock)]]);
    this.#ports = {
      clock: deps.clock,
      random: deps.random,
      log: deps.log,
      retryForMs: deps.retryForMs,
      suppressed: (notice) => this.#suppressed(notice),
      previous: (job, notifier) => this.#outbox.previous(job, notifier),
      deliver: (job, notifier, previous, signal) => this.#deliver(job, notifier, { previous, signal }),
      onFailure: (notice, notifier, error) =>
        this.#tell(() => deps.events.onFailed(notice, notifier, deps.redact(error))),
      // One after the other per notice: the record of an earlier outcome never overwrites that of a later one.
      settle: (job, notifier, result) => this.#settling.run(job.notice.id, () => this.#settle(job, notifier, result)),
      onEmpty: (lane) => {
        if (this.#lanes.get(lane.id) === lane) this.#lanes.delete(lane.id);
        for (const job of lane.left) this.#forget(job);
      },
    };
  }

  /** What has to be committed for a notice not to be lost. Call `accept` once it was. */
  opsFor(notice: Notice): readonly StoreOp[] {
    const shard = this.#deps.shardOf(notice.group);
    return [this.#outbox.put(shard, { notice: mapTexts(notice, this.#deps.redact), targets: {} })];
  }

  /** Takes over a committed notice. One that is under way already is not sent twice. */
  accept(notice: Notice): void {
    this.#take({ notice: mapTexts(notice, this.#deps.redact), targets: {} });
  }

  /** Looks at once at what waits for a retry or for the end of a hold. */
  kick(): void {
    for (const lane of this.#lanes.values()) lane.wake();
  }

  /** Takes over what lies in the outboxes of shards, after a start or a change of ownership. */
  async resume(shards: readonly number[]): Promise<void> {
    for (const shard of shards) {
      for (const record of await this.#outbox.load(shard)) this.#take(record);
    }
  }

  /** The shard goes to another guard: its notices are left to that one. */
  async release(shard: number): Promise<void> {
    const lanes = [...this.#lanes.values()].filter((lane) => lane.shard === shard);
    for (const job of this.#jobs.values()) if (job.shard === shard) this.#forget(job);
    // Taken out first, so that a shard that comes back at once begins with lanes of its own.
    for (const lane of lanes) this.#lanes.delete(lane.id);
    await Promise.all(lanes.map((lane) => lane.stop()));
  }

  /** Ends all deliveries; what is not settled stays in the outbox. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop()));
    this.#jobs.clear();
    this.#saying.clear();
  }

  /** Notices that are not settled. */
  get pending(): number {
    return this.#jobs.size;
  }

  #take(record: OutboxRecord): void {
    const { notice } = record;
    if (this.#stopped || this.#jobs.has(notice.id)) return;
    const shard = this.#deps.shardOf(notice.group);
    const same = this.#saying.get(sayingOf(notice));
    if (same) {
      if (!same.same.some((other) => other.id === notice.id)) same.same.push(notice);
      return;
    }
    const { wanted, joining } = targetsOf(notice, this.#deps.routes);
    const targets = new Map<string, TargetState>([...wanted, ...joining].map((name) => [name, 'pending']));
    for (const [name, state] of Object.entries(record.targets)) targets.set(name, state);
    const job: Job = { notice, shard, targets, joining: new Set(joining), same: [], toldOf: new Set() };
    const told = [...targets].find(([name, state]) => state === 'sent' && tellsAPerson(name, this.#deps.routes));
    if (told) job.toldBy = told[0];
    const before = this.#saidLately(notice);
    // A repetition of what was just said goes nowhere; its lane only takes it out of the outbox.
    if (before) {
      for (const name of targets.keys()) targets.set(name, 'skipped');
      if (before.toldBy !== undefined) job.toldBy = before.toldBy;
    }
    this.#jobs.set(notice.id, job);
    this.#saying.set(sayingOf(notice), job);
    const open = [...targets].filter(([, state]) => state === 'pending').map(([name]) => name);
    for (const name of open.length > 0 ? open : [...targets.keys()].slice(0, 1)) this.#lane(job, name).push(job);
  }

  #lane(job: Job, notifier: string): Lane {
    const id = `${job.shard} ${job.notice.threadId} ${notifier}`;
    let lane = this.#lanes.get(id);
    if (!lane) {
      lane = new Lane(id, notifier, job.shard, this.#ports);
      this.#lanes.set(id, lane);
    }
    return lane;
  }

  async #deliver(
    job: Job,
    name: string,
    given: { previous: Delivery | undefined; signal: AbortSignal },
  ): Promise<Delivery> {
    const notifier = this.#notifiers.get(name);
    if (!notifier) {
      const known = [...this.#notifiers.keys()];
      throw guardError('GUARD_PLUGIN_UNKNOWN', { kind: 'notifier', name, known });
    }
    const free = await this.#seats.take(name, given.signal);
    try {
      const work = (signal: AbortSignal): Promise<Delivery> =>
        notifier.deliver(job.notice, given.previous, { signal, traceId: job.notice.incidentId });
      const what = { what: `The delivery by ${name}`, signal: given.signal };
      const delivery = this.#cleaned(
        job.notice,
        given.previous,
        await withDeadline(this.#deps.clock, work, deliverWithinMs, what),
      );
      this.#tell(() => this.#deps.events.onSent(job.notice, name, delivery));
      return delivery;
    } finally {
      free();
    }
  }

  /** What a plugin answered, fit to be stored; a thread once named stays known. */
  #cleaned(notice: Notice, previous: Delivery | undefined, given: Partial<Delivery> | undefined): Delivery {
    const threadRef = given?.threadRef ?? previous?.threadRef;
    const at = Number.isFinite(given?.at) ? (given?.at as number) : this.#deps.clock.now();
    return { noticeId: notice.id, at, ...(typeof threadRef === 'string' ? { threadRef } : {}) };
  }

  /** Stores what became of a notice at one notifier, and ends it or goes on to the next one. May be called again. */
  async #settle(job: Job, name: string, result: LaneResult): Promise<void> {
    const { next, ended } = this.#mark(job, name, result);
    // From here on a repetition is one of something said, and no longer joins.
    if (ended) this.#close(job);
    await this.#passOnTold(job);
    if (ended) await this.#passOnUndelivered(job);
    await this.#outbox.settle(job, name, { result, ended });
    delete job.next;
    // Stopped or released meanwhile: whoever resumes the outbox goes on from there.
    const isOurs = !this.#stopped && this.#jobs.get(job.notice.id) === job;
    if (next !== undefined && isOurs) this.#lane(job, next).push(job);
    if (ended) this.#forget(job);
  }

  #mark(
    job: Job,
    name: string,
    { result }: LaneResult,
  ): { readonly next: string | undefined; readonly ended: boolean } {
    if (job.targets.get(name) === 'pending') job.targets.set(name, result);
    if (result === 'sent' && tellsAPerson(name, this.#deps.routes)) job.toldBy ??= name;
    const states = [...job.targets.values()];
    const next = job.next ?? this.#next(job, states);
    if (next === undefined) return { next, ended: !states.includes('pending') };
    job.next = next;
    job.targets.set(next, 'pending');
    return { next, ended: false };
  }

  async #passOnUndelivered(job: Job): Promise<void> {
    if (job.toldBy !== undefined || ![...job.targets.values()].includes('failed')) return;
    for (const notice of [job.notice, ...job.same]) await this.#deps.events.onUndelivered(notice);
  }

  async #passOnTold(job: Job): Promise<void> {
    if (job.toldBy === undefined) return;
    for (const notice of [job.notice, ...job.same]) {
      if (job.toldOf.has(notice.id)) continue;
      await this.#deps.events.onTold(notice, job.toldBy);
      job.toldOf.add(notice.id);
    }
  }

  /** The notifier to fall back to, once all of them failed. */
  #next(job: Job, states: readonly TargetState[]): string | undefined {
    if (job.toldBy !== undefined || states.includes('pending') || !states.includes('failed')) return undefined;
    const next = fallbackAfter(new Set(job.targets.keys()), this.#deps.routes);
    if (next !== undefined)
      this.#deps.log.warn(
        { noticeId: job.notice.id, notifier: next },
        'no notifier accepted a notice; the next one is tried',
      );
    return next;
  }

  #close(job: Job): void {
    const nowMs = this.#deps.clock.monotonic();
    const saying = sayingOf(job.notice);
    if (this.#saying.get(saying) === job) this.#saying.delete(saying);
    this.#said.delete(saying);
    this.#said.set(saying, { atMs: nowMs, toldBy: job.toldBy });
    for (const [text, { atMs }] of this.#said) {
      if (atMs > nowMs - sameWithinMs) break;
      this.#said.delete(text);
    }
  }

  #forget(job: Job): void {
    if (this.#jobs.get(job.notice.id) === job) this.#jobs.delete(job.notice.id);
    if (this.#saying.get(sayingOf(job.notice)) === job) this.#saying.delete(sayingOf(job.notice));
  }

  #saidLately(notice: Notice): Settled | undefined {
    const said = this.#said.get(sayingOf(notice));
    return said && said.atMs > this.#deps.clock.monotonic() - sameWithinMs ? said : undefined;
  }

  #suppressed(notice: Notice): boolean {
    try {
      return this.#deps.suppressed(notice);
    } catch (thrown) {
      // In doubt a person is told.
      this.#deps.log.error(
        { noticeId: notice.id, why: messageOf(thrown) },
        'it could not be found out whether a notice is held back',
      );
      return false;
    }
  }

  /** A listener's fault is not the notifier's. */
  #tell(listen: () => void): void {
    try {
      listen();
    } catch (thrown) {
      this.#deps.log.error({ why: messageOf(thrown) }, 'a listener to notices failed');
    }
  }
}

/** Equal for notices that say exactly the same of the same incident. */
function sayingOf(notice: Notice): string {
  const { threadId, incidentId, kind, priority, title, text } = notice;
  return canonicalJson([threadId, incidentId, kind, priority, title, text]);
}
