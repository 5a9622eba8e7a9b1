import type { Clock, Doubt, Random } from '../../contracts/index.ts';
import type { SilenceFacts, TogetherFacts } from '../../decision/together-facts.ts';
import { isSilenceOnly } from '../../decision/gate-storm.ts';
import type {
  Agent,
  AgentId,
  BreakerPolicy,
  FleetBreaker,
  GroupId,
  Incident,
  Ms,
  Notice,
  Reason,
  Storm,
  StormCause,
  StormEntry,
  StormId,
} from '../../model/index.ts';
import type { EventBus } from '../../runtime/index.ts';
import type { Ailing, AilingChange } from './ailing.ts';
import type { Dependencies } from './dependencies.ts';
import type { FleetBreakers } from './fleet-breakers.ts';
import type { Inbox, IncidentChange } from '../incidents/incident-change.ts';
import type { IncidentLog } from '../incidents/incident-log.ts';
import type { Partitions } from './partitions.ts';
import type { StormLog } from './storm-log.ts';
import type { StormVoice } from './storm-voice.ts';
import { closedNow, joinedBy, newStorm, withBreaker, withCause, withLine } from './storm-changes.ts';

/** So much later people are told of a storm, so that the message knows its size. */
const gatherMs: Ms = 5_000;
/** So long after the canaries answer again silence still proves nothing. */
const calmMs: Ms = 30_000;
/** Groups in trouble are looked at this often without an event. */
const lookMs: Ms = 1_000;

export interface StormsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly bus: EventBus;
  readonly doubt: Doubt;
  readonly ailing: Ailing;
  readonly partitions: Partitions;
  readonly breakers: FleetBreakers;
  readonly dependencies: Dependencies;
  readonly voice: StormVoice;
  readonly log: StormLog;
  readonly incidentLog: IncidentLog;
  readonly incidents: () => Inbox;
  /** Others went quiet when the agent did, of which nothing is suspected yet. */
  quietWith(agentId: AgentId): SilenceFacts | undefined;
  groupSize(group: GroupId): number;
  fleetSize(): number;
  policyOf(group: GroupId): BreakerPolicy;
  makeNotice(kind: 'storm' | 'storm-over', storm: Storm): Notice;
  accept(notice: Notice): void;
}

interface Trouble {
  readonly cause: StormCause;
  readonly reason: Reason;
}

/**
 * Sees that many failures are one: fleet breakers, partitions and dependencies, and the one storm that people are told
 * of instead of all its incidents (R01, R04, R17). Everything is counted as it happens.
 */
export class Storms {
  readonly #o: StormsOptions;
  /** The open storm a group is in. */
  readonly #stormOf = new Map<GroupId, StormId>();
  /** Everybody who ever was in an open storm. */
  readonly #members = new Map<StormId, Set<AgentId>>();
  /** The breaker of a group in trouble, as its storm was told of it last. */
  readonly #turned = new Map<GroupId, FleetBreaker>();
  #lookedMs: Ms = -Infinity;
  #canary: string | undefined;
  /** When a canary was seen to fail last. */
  #canaryMs: Ms = -Infinity;
  #running = false;

  constructor(options: StormsOptions) {
    this.#o = options;
  }

  /** Takes up what was under way when the guard stopped. */
  async load(): Promise<void> {
    const { log, ailing, breakers, partitions, incidentLog } = this.#o;
    await log.load();
    const incidents = [...incidentLog.unresolved()].sort((a, b) => a.openedAt - b.openedAt);
    ailing.load(incidents);
    breakers.load(incidents);
    for (const { agentId } of incidents) {
      const after = ailing.of(agentId);
      if (after) partitions.note({ agentId, before: undefined, after });
    }
    for (const storm of log.open()) {
      this.#members.set(storm.id, new Set(storm.members));
      for (const group of storm.groups) {
        this.#stormOf.set(group, storm.id);
        this.#turned.set(group, log.wanted(group));
        if (storm.cause === 'silence') partitions.restore(group);
      }
    }
    for (const { parent, agentId } of incidents) if (parent) this.#members.get(parent)?.add(agentId);
  }

  /** The guard runs. */
  resume(): void {
    this.#running = true;
    this.#o.voice.resume();
  }

  /** An agent joined the fleet or says something else of itself now. */
  track(agent: Agent): void {
    this.#o.dependencies.track(agent);
    this.#look(agent.group);
  }

  /** The agent left. */
  removed(agent: Agent): void {
    this.#o.dependencies.forget(agent.id);
    this.mark(agent.id);
    this.#look(agent.group);
  }

  /** Something changed about an agent. */
  mark(agentId: AgentId): void {
    this.#o.dependencies.mark(agentId);
    const change = this.#o.ailing.mark(agentId);
    if (change) this.#changed(change);
  }

  #changed(change: AilingChange): void {
    this.#o.partitions.note(change);
    const groups = new Set([change.before?.group, change.after?.group]);
    for (const group of groups) if (group !== undefined) this.#look(group);
    if (change.after) this.#join(change.agentId, change.after.group);
  }

  /** Looks again at everybody of the group who is counted as unhealthy. */
  refresh(group: GroupId): void {
    for (const agentId of this.#o.ailing.members(group)) {
      const change = this.#o.ailing.mark(agentId);
      if (change) this.#o.partitions.note(change);
    }
  }

  /** An incident moved on. */
  after(change: IncidentChange): void {
    const { incident, decided } = change;
    this.#o.breakers.after(change);
    this.mark(incident.agentId);
    this.#look(incident.group);
    // Its place is free for another canary.
    if (decided.ended?.canary !== undefined) this.#wake(incident.group);
  }

  /** Once a tick: what is due, and what has to be stored. Costs what is in trouble. */
  tick(nowMs: Ms): void {
    if (!this.#running) return;
    const { doubt, log, partitions } = this.#o;
    this.#watchCanary(doubt.canaryFailed, nowMs);
    if (nowMs - this.#lookedMs >= lookMs) {
      this.#lookedMs = nowMs;
      const troubled = new Set([...log.notClosed(), ...this.#stormOf.keys(), ...partitions.groups()]);
      for (const group of troubled) {
        this.refresh(group);
        this.#look(group);
      }
    }
    this.#o.voice.tick();
    log.flush();
  }

  /** After the canaries answer again agents get the time to be heard again. */
  #watchCanary(failed: string | undefined, nowMs: Ms): void {
    if (failed !== undefined) this.#canaryMs = nowMs;
    const canary = failed ?? (nowMs - this.#canaryMs < calmMs ? this.#canary : undefined);
    if (canary === this.#canary) return;
    this.#canary = canary;
    for (const group of this.#o.partitions.groups()) this.#look(group, true);
  }

  /** What of this concerns the incident's next action. */
  facts(incident: Incident): TogetherFacts {
    const { breakers, dependencies, partitions } = this.#o;
    const fleetBreaker = breakers.facts(incident);
    const dependency = dependencies.blocker(incident.agentId);
    const known = this.#silence(incident.group, partitions.silent(incident.group));
    const silence = known ?? (isSilenceOnly(incident.findings) ? this.#o.quietWith(incident.agentId) : undefined);
    return {
      ...(fleetBreaker ? { fleetBreaker } : {}),
      ...(dependency ? { dependency } : {}),
      ...(silence ? { silence } : {}),
    };
  }

  /** An attempt of the group that begins now is a canary of this trip. */
  canaryTrip(group: GroupId): number | undefined {
    return this.#o.breakers.canaryTrip(group);
  }

  /** Why people are not asked about this one of many now. */
  crowd(incident: Incident): Reason | undefined {
    return this.#o.breakers.crowd(incident);
  }

  /** The storm that a new incident of an agent belongs to. */
  parentOf(agentId: AgentId): StormId | undefined {
    const group = this.#o.ailing.of(agentId)?.group;
    return group === undefined ? undefined : this.#stormOf.get(group);
  }

  /** A storm was stored. */
  stored(before: Storm | undefined, storm: Storm, notices: readonly Notice[]): void {
    const { bus } = this.#o;
    if (!before) bus.emit('storm.opened', { storm });
    else bus.emit(storm.state === 'closed' ? 'storm.closed' : 'storm.changed', { storm });
    for (const notice of notices) this.#o.accept(notice);
  }

  /** A breaker allows more than before. */
  widened(group: GroupId): void {
    this.#wake(group);
  }

  /** Breaker, partition and storm of a group, after something changed. */
  #look(group: GroupId, wake = false): void {
    const { breakers, partitions, clock, log } = this.#o;
    // While the fleet is being read its groups look smaller than they are.
    if (!this.#running) return;
    const covered = partitions.covers(group);
    const policy = this.#o.policyOf(group);
    partitions.look(group, {
      now: clock.now(),
      groupSize: this.#o.groupSize(group),
      fleetSize: this.#o.fleetSize(),
      // A guard that doubts itself waits longer for each of them: what happened at once is noticed one after another.
      policy: { ...policy, windowMs: policy.windowMs * this.#o.doubt.stretch() },
    });
    breakers.look(group);
    if (wake || (covered && !partitions.covers(group))) this.#wake(group);
    const trouble = this.#trouble(group);
    const storm = this.#storm(group);
    if (trouble && storm) {
      const breaker = log.wanted(storm.group);
      if (this.#turned.get(group) !== log.wanted(group))
        this.#put(withBreaker(storm, breaker), breakerLine(group, log.wanted(group)));
      else if (weightier(trouble.cause, storm.cause))
        this.#put(withCause(storm, trouble.cause), { type: 'cause', text: trouble.reason.text });
    } else if (trouble) this.#begin(group, trouble);
    else if (storm) this.#end(storm);
    if (trouble) this.#turned.set(group, log.wanted(group));
    else this.#turned.delete(group);
  }

  /** Why a group is in a storm now, if it is. */
  #trouble(group: GroupId): Trouble | undefined {
    const { log, partitions } = this.#o;
    const silence = this.#silence(group, partitions.silent(group));
    if (silence) return { cause: silence.code === 'canary-failed' ? 'canary' : 'silence', reason: silence };
    const breaker = log.wanted(group);
    return breaker.state === 'closed' ? undefined : { cause: 'mass-failure', reason: breaker.reason };
  }

  #silence(group: GroupId, silent: number): TogetherFacts['silence'] {
    const { partitions } = this.#o;
    if (this.#canary !== undefined && silent > 0) {
      const text = `The guard may be cut off (${this.#canary}), so the silence of ${silent === 1 ? 'one agent' : `${silent} agents`} of group ${group} proves nothing.`;
      return { code: 'canary-failed', text };
    }
    if (!partitions.covers(group)) return undefined;
    const all = partitions.fleetWide ? `, ${partitions.silentInFleet} over the whole fleet` : '';
    const text = `${silent} of ${this.#o.groupSize(group)} agents of group ${group} fell silent at once${all}, and nothing else speaks against them.`;
    return { code: 'silence-of-many', text };
  }

  #storm(group: GroupId): Storm | undefined {
    const id = this.#stormOf.get(group);
    return id === undefined ? undefined : this.#o.log.get(id);
  }

  /** A new storm, or one that began just now elsewhere: what fails within one window is one event. */
  #begin(group: GroupId, { cause, reason }: Trouble): void {
    const { clock, random, log, ailing } = this.#o;
    const now = clock.now();
    const since = now - this.#o.policyOf(group).windowMs;
    const recent = log.open().find((storm) => storm.openedAt >= since);
    const text = `Group ${group} is in it: ${reason.text}`;
    if (recent) {
      this.#stormOf.set(group, recent.id);
      this.#put({ ...recent, groups: [...recent.groups, group] }, { type: 'joined', text });
    } else {
      const id = `storm_${random.ulid()}`;
      const breaker = log.wanted(group);
      this.#stormOf.set(group, id);
      this.#members.set(id, new Set());
      this.#put(newStorm({ id, group, cause, reason, breaker, now, tellAt: now + gatherMs }), {
        type: 'opened',
        text: reason.text,
      });
    }
    for (const agentId of ailing.members(group)) this.#join(agentId, group);
  }

  /** An agent of a group in a storm is not well: it and its incident are part of it. */
  #join(agentId: AgentId, group: GroupId): void {
    const storm = this.#storm(group);
    if (!storm) return;
    const members = this.#members.get(storm.id) ?? new Set();
    this.#members.set(storm.id, members);
    if (!members.has(agentId)) {
      members.add(agentId);
      this.#o.log.put(joinedBy(storm, agentId, members.size));
    }
    const incident = this.#o.incidentLog.openFor(agentId);
    if (incident && incident.parent !== storm.id)
      this.#o.incidents().post(incident.id, { type: 'joined-storm', stormId: storm.id });
  }

  /** Over when none of its groups is in trouble any more. */
  #end(storm: Storm): void {
    if (storm.groups.some((group) => this.#trouble(group) !== undefined)) return;
    const { clock, log, voice } = this.#o;
    for (const group of storm.groups) this.#stormOf.delete(group);
    this.#members.delete(storm.id);
    const closed = closedNow(withBreaker(storm, log.wanted(storm.group)), voice.standing(storm), clock.now());
    // From this moment on, not from when it is stored: in between nothing would speak for its incidents.
    voice.ended(closed);
    const version = log.put(closed);
    // Who was never told of it need not be told of its end.
    if (storm.paged) log.put(version, [this.#o.makeNotice('storm-over', version)]);
  }

  /** Whoever waits in the group decides again. */
  #wake(group: GroupId): void {
    for (const agentId of this.#o.ailing.members(group)) {
      const incident = this.#o.incidentLog.openFor(agentId);
      if (incident?.state === 'open') this.#o.incidents().post(incident.id, { type: 'due' });
    }
  }

  #put(storm: Storm, line: Omit<StormEntry, 'at'>): Storm {
    return this.#o.log.put(withLine(storm, { at: this.#o.clock.now(), ...line }));
  }
}

/** What weighs more explains the rest: a guard that is cut off, silence, a mass of failures. */
const weights: readonly StormCause[] = ['dependency', 'mass-failure', 'silence', 'canary'];

function weightier(a: StormCause, b: StormCause): boolean {
  return b !== 'dependency' && weights.indexOf(a) > weights.indexOf(b);
}

function breakerLine(group: GroupId, breaker: FleetBreaker): Omit<StormEntry, 'at'> {
  const how = breaker.state === 'half-open' ? `, ${breaker.allowed} at once` : '';
  const why = breaker.state === 'open' ? `: ${breaker.reason.text}` : '';
  return { type: 'breaker', text: `The fleet breaker of ${group} is ${breaker.state}${how}${why}` };
}
