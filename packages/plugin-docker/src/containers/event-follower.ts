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
import { type Endings, policyActs } from './endings.ts';
import type { Member } from './member.ts';
import { endOf, type Roster, unhealthyEvent } from './roster.ts';

export interface EventFollowerParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Logger;
  readonly endings: Endings;
  readonly roster: Roster;
  readonly feed: InventoryFeed;
  readonly locks: Locks;
  readonly restartGraceMs: Ms;
  /** Aborts when nothing is followed any more. */
  readonly signal: AbortSignal;
  /** Looks at a container now, and takes it in as it is. */
  readonly refresh: (containerId: string) => Promise<Member | undefined>;
}

/** What the events of an engine mean for the agents: who began, who ended and by whose hand, who is well. */
export class EventFollower {
  readonly #parts: EventFollowerParts;
  readonly #graces = new Map<string, Subscription>();
  /** How much later than the engine says its last event arrived, clocks that differ included; and the least of it. */
  #lagMs: Ms = 0;
  #skewMs: Ms = Infinity;

  constructor(parts: EventFollowerParts) {
    this.#parts = parts;
  }

  /** A new connection, perhaps to an engine with another clock. */
  reset(): void {
    this.#skewMs = Infinity;
  }

  stop(): void {
    for (const grace of this.#graces.values()) grace.dispose();
    this.#graces.clear();
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
    void locks
      .run(`container/${event.id}`, () => this.#handle(event))
      .catch((error: unknown) => {
        if (!this.#parts.signal.aborted)
          log.warn(
            { container: event.id.slice(0, 12), action: event.action, why: messageOf(error) },
            'an event was not followed',
          );
      });
  }

  async #handle(event: EngineEvent): Promise<void> {
    const { endings, roster } = this.#parts;
    const member = roster.member(event.id);
    if (isOver(event, member)) return;
    endings.note(event, member?.facts, roster.wasInHand(event.id, event.at + this.#skewMs));
    const [action] = event.action.split(':', 1);
    switch (action) {
      case 'start':
        return this.#started(event, member);
      case 'die':
        return this.#died(event, member);
      case 'stop':
        // Only now it is known that it was stopped, and not killed by a signal of long ago.
        if (member && !member.facts.State.Running) this.#settle(member.facts);
        return;
      case 'destroy':
        roster.drop(event.id);
        return;
      case 'kill':
      case 'oom':
        return;
      default:
        await this.#changed(event);
    }
  }

  async #started(event: EngineEvent, before: Member | undefined): Promise<void> {
    const { roster, feed } = this.#parts;
    const byPolicy = this.#endGrace(event.id);
    const member = await this.#parts.refresh(event.id);
    if (!member || roster.current(member.agentId) !== member) return;
    const { agentId, instanceId } = member;
    const kind = byPolicy && before && !member.inHand ? 'restarted' : 'started';
    feed.publish({ type: 'lifecycle', agentId, instanceId, event: kind });
  }

  async #died(event: EngineEvent, member: Member | undefined): Promise<void> {
    const { roster, endings, clock, restartGraceMs } = this.#parts;
    const known = member ?? (await this.#parts.refresh(event.id));
    if (!known) return;
    const facts = endedAs(known.facts, event);
    const byItself = endings.handOf(event.id) === 'itself' && !roster.isInHand(event.id);
    if (!byItself || !policyActs(facts)) {
      this.#settle(facts);
      return;
    }
    this.#endGrace(event.id);
    const look = (): void =>
      void this.#parts.locks.run(`container/${event.id}`, () => this.#graceOver(event.id)).catch(() => undefined);
    this.#graces.set(event.id, clock.after(restartGraceMs, look));
  }

  /** The policy had its time. Whoever runs by now was restarted, and the event that says so comes. */
  async #graceOver(containerId: string): Promise<void> {
    if (!this.#endGrace(containerId)) return;
    const facts = await this.#parts.engine.container(containerId, { signal: this.#parts.signal });
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

  async #changed(event: EngineEvent): Promise<void> {
    const { roster, feed } = this.#parts;
    const member = await this.#parts.refresh(event.id);
    if (!member || roster.current(member.agentId) !== member) return;
    const { agentId, instanceId } = member;
    const of = { type: 'lifecycle', agentId, instanceId } as const;
    if (event.action === 'pause') feed.publish({ ...of, event: 'paused' });
    if (event.action === 'unpause') feed.publish({ ...of, event: 'started' });
    if (!event.action.startsWith('health_status')) return;
    const health = event.action.split(':')[1]?.trim() ?? event.attributes['health_status'];
    if (health === 'healthy') feed.publish({ ...of, event: 'healthy' });
    if (health === 'unhealthy') feed.publish(unhealthyEvent(member));
  }
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
