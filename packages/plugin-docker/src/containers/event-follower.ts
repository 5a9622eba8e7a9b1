import type { InventoryFeed, Locks } from '@praetorian-guard/core/kit';
import {
  type Clock,
  type EpochMs,
  type Logger,
  messageOf,
  type Ms,
  type Subscription,
} from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine } from '../engine/engine.ts';
import type { EngineEvent } from '../engine/event-stream.ts';
import { endOf } from './end-event.ts';
import { type Endings, policyActs } from './endings.ts';
import type { Leaving } from './leaving.ts';
import type { Member } from './member.ts';
import { healthOf } from './health-event.ts';
import type { Roster } from './roster.ts';

export interface EventFollowerParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Logger;
  readonly endings: Endings;
  readonly leaving: Leaving;
  readonly roster: Roster;
  readonly feed: InventoryFeed;
  readonly locks: Locks;
  readonly restartGraceMs: Ms;
  /** Aborts when nothing is followed any more. */
  readonly signal: AbortSignal;
  /** Looks at a container now, and takes it in as it is. */
  readonly refresh: (containerId: string) => Promise<Member | undefined>;
  /** A container has begun to run, and was taken in. */
  readonly began: (event: EngineEvent) => void;
  /** How a container came to its end is known: the engine forgets it soon, so that it is worth writing down at once. */
  readonly ended: () => void;
}

/** Pauses before a container is looked at again that could not be. */
const lookAgainMs: readonly Ms[] = [250, 1_000, 4_000];

/** What the events of an engine mean for the agents: who began, who ended and by whose hand, who is well. */
export class EventFollower {
  readonly #parts: EventFollowerParts;
  readonly #graces = new Map<string, Subscription>();
  /** Starts that were found by looking, and need not be told by their events. */
  readonly #found = new Map<string, string>();
  /** How much later than the engine says its last event arrived, clocks that differ included; and the least of it. */
  #lagMs: Ms = 0;
  #skewMs: Ms = Infinity;

  constructor(parts: EventFollowerParts) {
    this.#parts = parts;
  }

  /** A new connection, perhaps to an engine with another clock; all containers are known as they are now. */
  reset(): void {
    this.#skewMs = Infinity;
    this.#found.clear();
    for (const { facts } of this.#parts.roster.all()) {
      this.#found.set(facts.Id, facts.State.StartedAt);
      this.#expectEnd(facts);
    }
  }

  /** Takes an event of before everything was listed only for how its container came to its end. */
  learn(event: EngineEvent, facts: ContainerFacts | undefined): void {
    const { endings, roster } = this.#parts;
    const byGuard = Number.isFinite(this.#skewMs) && roster.wasInHand(event.id, event.at + this.#skewMs);
    endings.note(event, facts, byGuard);
  }

  stop(): void {
    for (const grace of this.#graces.values()) grace.dispose();
    this.#graces.clear();
    this.#parts.leaving.clear();
  }

  /** The present by the engine's clock, as near as its last event tells. */
  engineTime(): EpochMs {
    return this.#parts.clock.now() - this.#lagMs;
  }

  /** Follows up an event, those of one container one after another. */
  take(event: EngineEvent): void {
    const { clock, locks, log } = this.#parts;
    this.#lagMs = clock.now() - event.at;
    this.#skewMs = Math.min(this.#skewMs, this.#lagMs);
    const told = { container: event.id.slice(0, 12), action: event.action };
    void locks
      .run(`container/${event.id}`, () => this.#handle(event))
      .catch((error: unknown) => {
        if (!this.#parts.signal.aborted) log.warn({ ...told, why: messageOf(error) }, 'an event was not followed');
      });
  }

  /**
   * Looks at a container of which no event told what the list says, and tells what became of it. `true`: it was otherwise
   * than it was known.
   */
  async check(containerId: string): Promise<boolean> {
    const { locks, log, signal } = this.#parts;
    try {
      return await locks.run(`container/${containerId}`, () => this.#check(containerId));
    } catch (error) {
      const container = containerId.slice(0, 12);
      if (!signal.aborted) log.warn({ container, why: messageOf(error) }, 'a container could not be looked at');
      return false;
    }
  }

  async #check(containerId: string): Promise<boolean> {
    const { roster, feed } = this.#parts;
    // Both tell by themselves how it went on.
    if (this.#graces.has(containerId) || roster.isInHand(containerId)) return false;
    const before = roster.member(containerId);
    const after = await this.#look(containerId);
    if (!after || roster.current(after.agentId) !== after) return after !== before;
    const { agentId, instanceId, facts } = after;
    const is = lifeOf(after);
    if (lifeOf(before) === is && before?.facts.State.StartedAt === facts.State.StartedAt) return false;
    this.#found.set(containerId, facts.State.StartedAt);
    if (is === 'ended') for (const told of endOf(after)) feed.publish(told);
    else if (is === 'paused') feed.publish({ type: 'lifecycle', agentId, instanceId, event: 'paused' });
    else this.#tellStarted(after, 'started');
    return true;
  }

  #tellStarted(member: Member, event: 'started' | 'restarted'): void {
    const { agentId, instanceId } = member;
    const { feed, clock } = this.#parts;
    feed.publish({ type: 'lifecycle', agentId, instanceId, event });
    // What was known of its health counts no more, and this may have been told just before.
    for (const told of healthOf(member, clock.now())) feed.publish(told);
  }

  #look(containerId: string): Promise<Member | undefined> {
    return this.#again(() => this.#parts.refresh(containerId));
  }

  /** The engine may be slow, or have too much to do for a moment. */
  async #again<T>(look: () => Promise<T>): Promise<T> {
    const { clock, signal } = this.#parts;
    for (const pauseMs of lookAgainMs) {
      try {
        return await look();
      } catch {
        await clock.sleep(pauseMs, signal);
      }
    }
    return look();
  }

  async #handle(event: EngineEvent): Promise<void> {
    const { endings, roster } = this.#parts;
    const member = roster.member(event.id);
    if (isOver(event, member)) return;
    endings.note(event, member?.facts, roster.wasInHand(event.id, event.at + this.#skewMs));
    const [action] = event.action.split(':', 1);
    switch (action) {
      case 'start':
        await this.#started(event, member);
        return this.#parts.began(event);
      case 'die':
        this.#parts.ended();
        return this.#died(event, member);
      case 'stop':
        // Only now it is known that it was stopped, and not killed by a signal of long ago.
        if (member && !member.facts.State.Running) this.#settle(member.facts);
        return;
      case 'destroy':
        this.#found.delete(event.id);
        roster.drop(event.id);
        return;
      case 'kill':
        if (member) this.#expectEnd(member.facts);
        return;
      case 'oom':
        return;
      default:
        await this.#changed(event, member);
    }
  }

  /** Somebody may have asked for its end: until that has come, or was not heeded, it is left alone. */
  #expectEnd(facts: ContainerFacts): void {
    const { endings, leaving, roster } = this.#parts;
    const { Id: id, State } = facts;
    const leftMs = State.Running ? endings.leavesWithin(id, facts, this.engineTime()) : 0;
    if (leftMs === 0) return;
    const known = (): ContainerFacts => roster.member(id)?.facts ?? facts;
    leaving.expect(id, leftMs, () => void roster.take(known()));
    roster.take(known());
  }

  async #started(event: EngineEvent, before: Member | undefined): Promise<void> {
    const { roster } = this.#parts;
    const byPolicy = this.#endGrace(event.id);
    this.#parts.leaving.forget(event.id);
    const member = await this.#look(event.id);
    if (!member || roster.current(member.agentId) !== member) return;
    if (this.#found.get(event.id) === member.facts.State.StartedAt) return;
    this.#tellStarted(member, byPolicy && before && !member.inHand ? 'restarted' : 'started');
  }

  async #died(event: EngineEvent, member: Member | undefined): Promise<void> {
    const { roster, endings, clock, restartGraceMs } = this.#parts;
    const known = member ?? (await this.#look(event.id));
    if (!known) return;
    const facts = endedAs(known.facts, event);
    const byItself = endings.handOf(event.id) === 'itself' && !roster.isInHand(event.id);
    if (!byItself || !policyActs(facts)) {
      this.#settle(facts);
      return;
    }
    this.#endGrace(event.id);
    this.#graces.set(
      event.id,
      clock.after(restartGraceMs, () => this.#graceEnds(event.id)),
    );
  }

  #graceEnds(containerId: string): void {
    const { locks, log, signal } = this.#parts;
    void locks
      .run(`container/${containerId}`, () => this.#graceOver(containerId))
      .catch((error: unknown) => {
        const container = containerId.slice(0, 12);
        if (!signal.aborted) log.warn({ container, why: messageOf(error) }, 'whether it was restarted is not known');
      });
  }

  /** The policy had its time. Whoever runs by now was restarted, and the event that says so comes. */
  async #graceOver(containerId: string): Promise<void> {
    if (!this.#endGrace(containerId)) return;
    const { engine, signal } = this.#parts;
    const facts = await this.#again(() => engine.container(containerId, { signal }));
    if (!facts) return;
    const { Restarting, Running } = facts.State;
    // While its policy pauses between two tries the engine calls it running.
    if (Restarting)
      this.#settle({ ...facts, State: { ...facts.State, Status: 'exited', Running: false, Restarting: false } });
    else if (!Running) this.#settle(facts);
  }

  #endGrace(containerId: string): boolean {
    this.#graces.get(containerId)?.dispose();
    return this.#graces.delete(containerId);
  }

  /** It has ended: takes it in as that, and tells how it came. */
  #settle(facts: ContainerFacts): void {
    const { roster, feed } = this.#parts;
    const member = roster.take(facts);
    if (!member || roster.current(member.agentId) !== member) return;
    for (const told of endOf(member)) feed.publish(told);
  }

  /** Of its health the roster tells. */
  async #changed(event: EngineEvent, before: Member | undefined): Promise<void> {
    const { roster, feed } = this.#parts;
    const member = await this.#look(event.id);
    if (!member || roster.current(member.agentId) !== member) return;
    const { agentId, instanceId } = member;
    const life = lifeOf(member);
    if (event.action === 'pause' && life === 'paused')
      feed.publish({ type: 'lifecycle', agentId, instanceId, event: 'paused' });
    if (event.action === 'unpause' && life === 'running' && lifeOf(before) === 'paused')
      this.#tellStarted(member, 'started');
  }
}

function lifeOf(member: Member | undefined): 'running' | 'paused' | 'ended' | undefined {
  if (!member) return undefined;
  const { Running: runs, Paused: pauses, Restarting: restarts } = member.facts.State;
  if (pauses) return 'paused';
  return runs && !restarts ? 'running' : 'ended';
}

/** An end of before the container was started as it is known to run now. */
function isOver(event: EngineEvent, member: Member | undefined): boolean {
  if (event.action !== 'die' || !member?.facts.State.Running) return false;
  return event.at < Date.parse(member.facts.State.StartedAt);
}

/** A container as it is after the event of its end, without asking the engine. */
function endedAs(facts: ContainerFacts, event: EngineEvent): ContainerFacts {
  const code = Number(event.attributes['exitCode'] ?? facts.State.ExitCode);
  const State = {
    ...facts.State,
    Status: 'exited',
    Running: false,
    Paused: false,
    Restarting: false,
    Pid: 0,
    ExitCode: Number.isFinite(code) ? code : 1,
    FinishedAt: new Date(event.at).toISOString(),
  };
  return { ...facts, State };
}
