import type { Clock, Logger, Random, StoreOp, Subscription } from '../../contracts/index.ts';
import { guardError, isGuardError, messageOf } from '../../contracts/index.ts';
import type { DecideFacts, Decided, IncidentEvent } from '../../incident/index.ts';
import { decide } from '../../incident/index.ts';
import type {
  AgentId,
  GroupId,
  Incident,
  IncidentId,
  Ms,
  IncidentNoticeKind,
  Notice,
  TimelineEntry,
} from '../../model/index.ts';
import type { LedgerRecord } from '../../learning/index.ts';
import { canonicalJson, signatureOf } from '../../model/index.ts';
import type { EventBus, SerialQueue } from '../../runtime/index.ts';
import { alarmOf } from './alarms.ts';
import type { IncidentLog } from './incident-log.ts';
import { ledgerRecords } from './ledger-records.ts';
import type { Judge } from '../judgement/judge.ts';
import type { Ownership } from '../ownership.ts';
import type { Reservations } from '../budgets/reservations.ts';
import type { Leaderships } from '../failover/leaderships.ts';
import type { StormVoice } from '../storms/storm-voice.ts';
import type { IncidentChange, Inbox } from './incident-change.ts';
import type { Storms } from '../storms/storms.ts';
import type { AgentSight, View } from '../members/view.ts';

/** The same signature within this continues the thread as a new linked incident. */
const threadMs: Ms = 600_000;
/** Timers of the platform overflow after 24 days; an alarm that comes early is simply set again. */
const longestAlarmMs: Ms = 3_600_000;
/** Pause before an event is tried again when the store did not take it. */
const againMs: Ms = 1_000;

export interface IncidentsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly bus: EventBus;
  readonly queue: SerialQueue;
  readonly view: View;
  readonly judge: Judge;
  readonly reservations: Reservations;
  readonly leaderships: Leaderships;
  readonly incidents: IncidentLog;
  readonly ownership: Ownership;
  readonly configVersion: string;
  /** Writes that put a message into the outbox, and an outcome into the ledger, of the same commit. */
  noticeOps(notice: Notice): readonly StoreOp[];
  ledgerOps(record: LedgerRecord): readonly StoreOp[];
  makeNotice(incident: Incident, kind: IncidentNoticeKind): Notice;
  /** Says which incidents are told of by something else: a storm, a failed dependency. */
  readonly storms: Pick<Storms, 'parentOf'>;
  readonly voice: Pick<StormVoice, 'speaker' | 'owed'>;
  /** What has to be ready in memory before a decision: history and budget are read once. */
  prefetch(agentId: AgentId, shard: number, group: GroupId): Promise<void>;
  /** The store took a change, or why it did not. */
  stored(why: string | undefined): void;
  /** Tells the rest of the pipeline after a commit. */
  after(change: IncidentChange): void;
}

/**
 * Runs the reducer: one event after another per shard, each stored with everything that belongs to it before anything
 * follows. The alarms of waiting incidents live here.
 */
export class Incidents implements Inbox {
  readonly #o: IncidentsOptions;
  readonly #alarms = new Map<IncidentId, Subscription>();
  /** Events that are tried again, by incident and sort. */
  readonly #again = new Map<string, Subscription>();
  /** By agent: the change whose commit has an outcome that is not known. */
  readonly #doubts = new Map<AgentId, IncidentChange>();
  #stopped = false;

  constructor(options: IncidentsOptions) {
    this.#o = options;
  }

  /** Takes up what was unresolved when the guard stopped. */
  resume(): void {
    for (const incident of this.#o.incidents.unresolved()) {
      this.#setAlarm(incident);
      // Its hold may have been released, or its window left the config, while no guard looked.
      if (incident.state === 'held') this.post(incident.id, { type: 'due' });
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const alarm of this.#alarms.values()) alarm.dispose();
    this.#alarms.clear();
    for (const retry of this.#again.values()) retry.dispose();
    this.#again.clear();
  }

  /** Opens an incident for an agent, unless it has one; then decides. */
  async open(agentId: AgentId): Promise<Incident | undefined> {
    const opened = await this.#opened(agentId);
    return opened && ((await this.apply(opened.id, { type: 'due' })) ?? opened);
  }

  async #opened(agentId: AgentId): Promise<Incident | undefined> {
    const sight = this.#o.view.see(agentId);
    if (!sight || this.#stopped) return undefined;
    const shard = this.#o.ownership.shard(sight.agent.group);
    return this.#o.queue.run(shard, async () => {
      await this.#resolveDoubt(agentId);
      const existing = this.#o.incidents.openFor(agentId);
      if (existing) return existing;
      await this.#o.prefetch(agentId, shard, sight.agent.group);
      // It left before its turn came.
      if (!this.#o.view.knows(agentId)) return undefined;
      const { incident, entry } = this.#newIncident(sight);
      await this.#commit(undefined, { incident, entry, notices: ['opened'], begins: false }, entry);
      this.#endIfGone(incident);
      return incident;
    });
  }

  /** An agent that leaves while its incident is being written finds none to end; one about nobody would stay open. */
  #endIfGone({ id, agentId }: Incident): void {
    if (!this.#o.view.knows(agentId)) this.post(id, { type: 'removed' });
  }

  /** An operator's own plan: for the agent's open incident, or for one that is opened for it. */
  async order(agentId: AgentId, event: Extract<IncidentEvent, { type: 'ordered' }>): Promise<Incident> {
    const incident = await this.#opened(agentId);
    if (!incident) throw guardError('GUARD_AGENT_UNKNOWN', { agentId });
    const ordered = (await this.apply(incident.id, event)) ?? incident;
    return (await this.apply(incident.id, { type: 'due' })) ?? ordered;
  }

  /** Reads what a decision about the incident rests on, if it is not in memory. */
  prefetch({ agentId, group }: Incident): Promise<void> {
    return this.#o.prefetch(agentId, this.#o.ownership.shard(group), group);
  }

  /** Applies an event. `undefined` when there is no such incident. */
  async apply(id: IncidentId, event: IncidentEvent): Promise<Incident | undefined> {
    const known = this.#o.incidents.get(id);
    if (!known) return undefined;
    const shard = this.#o.ownership.shard(known.group);
    return this.#o.queue.run(shard, async () => {
      await this.#resolveDoubt(known.agentId);
      const before = this.#o.incidents.get(id) as Incident;
      await this.#o.prefetch(before.agentId, shard, before.group);
      const decided = await this.#decide(before, event);
      if (decided.entry) await this.#commit(before, decided, decided.entry);
      else if (decided.incident !== before) this.#o.incidents.touch(decided.incident);
      if (decided.incident !== before || !this.#alarms.has(id)) this.#setAlarm(decided.incident);
      return decided.incident;
    });
  }

  /**
   * An attempt takes its place in the budget of the fleet first. If others were faster, it is decided anew; an approval
   * holds all the same, since a person gave it.
   */
  async #decide(before: Incident, event: IncidentEvent): Promise<Decided> {
    const owed = event.type === 'due' ? this.#o.voice.owed(before) : undefined;
    const decideNow = (): Decided => {
      const facts = this.#o.judge.facts(before);
      // Whatever it waited for: a message that was kept back, and that nothing speaks for any more, comes first.
      const announced = owed && decide(before, owed, facts);
      return announced?.entry ? announced : decide(before, asOfNow(event, facts), facts);
    };
    const decided = decideNow();
    if (await this.#o.reservations.admit(decided, event.type === 'approved')) return decided;
    const again = decideNow();
    await this.#o.reservations.admit(again, true);
    return again;
  }

  /** Resolves once it is known what is stored of the incident; rejects while the store does not say. */
  async confirm(id: IncidentId): Promise<void> {
    const known = this.#o.incidents.get(id);
    if (!known || !this.#doubts.has(known.agentId)) return;
    await this.#o.queue.run(this.#o.ownership.shard(known.group), () => this.#resolveDoubt(known.agentId));
  }

  /** Applies an event nobody waits for; while the store does not take it, it is tried again. */
  post(id: IncidentId, event: IncidentEvent): void {
    if (this.#stopped) return;
    this.apply(id, event).catch((thrown: unknown) => this.#postAgain(id, event, thrown));
  }

  /** One event of each sort waits: an agent's picture may change often while the store is away. */
  #postAgain(id: IncidentId, event: IncidentEvent, thrown: unknown): void {
    const key = `${id} ${event.type}`;
    if (this.#stopped || this.#again.has(key)) return;
    const about = { incidentId: id, event: event.type, err: messageOf(thrown) };
    this.#o.log.error(about, 'an event could not be stored; it is tried again');
    const retry = (): void => {
      this.apply(id, event).then(
        () => this.#again.delete(key),
        (why: unknown) => this.#later(key, why, retry),
      );
    };
    this.#later(key, thrown, retry);
  }

  #later(key: string, why: unknown, retry: () => void): void {
    this.#again.delete(key);
    // Whoever owns the incident from now on looks at it anew.
    if (this.#stopped || isGuardError(why, 'GUARD_STATE_FENCED')) return;
    this.#again.set(key, this.#o.clock.after(againMs, retry));
  }

  #newIncident({ agent, policy, health, findings }: AgentSight): { incident: Incident; entry: TimelineEntry } {
    const { clock, random, configVersion, incidents } = this.#o;
    const now = clock.now();
    const signature = signatureOf(findings);
    const last = incidents.recent(agent.id, signature, now - threadMs);
    const parent = this.#o.storms.parentOf(agent.id);
    const { defect } = this.#o.judge.past({ agentId: agent.id, signature, policy }, now);
    const continues = last ? (last.continues ?? last.id) : undefined;
    const because = {
      code: 'agent-suspected',
      text: findings.map((finding) => finding.text).join('; ') || 'An operator asked for it.',
    } as const;
    const incident: Incident = {
      id: `inc_${random.ulid()}`,
      version: 1,
      agentId: agent.id,
      group: agent.group,
      ...(agent.instance ? { instanceId: agent.instance.id } : {}),
      openedAt: now,
      changedAt: now,
      configVersion,
      policy,
      health,
      findings,
      signature,
      severityAtLeast: 1,
      attempts: [],
      ...(continues ? { continues } : {}),
      ...(defect ? { defect } : {}),
      ...(parent ? { parent } : {}),
      because,
      told: false,
      state: 'open',
      nextAt: now,
    };
    return {
      incident,
      entry: { seq: 1, at: now, incidentId: incident.id, type: 'opened', state: 'open', reason: because },
    };
  }

  /** Without the messages that something else speaks for; the incident remembers that they are owed. */
  #muted(decided: Decided): Decided {
    const { incident, notices } = decided;
    if (notices.length === 0) return decided;
    const speakers = notices.map((kind) => this.#o.voice.speaker(incident, kind));
    if (speakers.every((speaker) => speaker === undefined)) return spokenOf(decided);
    const told = incident.told || speakers.some((speaker) => speaker?.told === true);
    const owed = incident.state === 'resolved' ? incident : { ...incident, told, unannounced: true as const };
    return { ...decided, incident: owed, notices: notices.filter((_, at) => speakers[at] === undefined) };
  }

  async #commit(before: Incident | undefined, given: Decided, entry: TimelineEntry): Promise<void> {
    const decided = this.#muted(given);
    const { incident } = decided;
    const shard = this.#o.ownership.shard(incident.group);
    const notices = decided.notices.map((kind) => this.#o.makeNotice(incident, kind));
    const ledger = ledgerRecords(before, decided);
    const reservation = this.#o.reservations.of(shard, decided);
    const leadership = this.#o.leaderships.changeBy(shard, incident);
    const ops: StoreOp[] = [
      ...notices.flatMap((notice) => this.#o.noticeOps(notice)),
      ...ledger.flatMap((one) => this.#o.ledgerOps(one)),
      ...reservation.ops,
      ...leadership.ops,
    ];
    const { promoted } = leadership;
    const change: IncidentChange = {
      before,
      incident,
      entry,
      decided,
      notices,
      ledger,
      ...(promoted ? { promoted } : {}),
    };
    try {
      const versions = await this.#o.incidents.commit(incident, entry, ops);
      this.#o.stored(undefined);
      reservation.committed(versions);
      leadership.committed(versions);
    } catch (thrown) {
      reservation.forget();
      leadership.forget();
      this.#o.stored(messageOf(thrown));
      // Who is fenced off wrote nothing for certain.
      if (!isGuardError(thrown, 'GUARD_STATE_FENCED')) this.#doubt(change);
      throw thrown;
    }
    this.#o.after(change);
  }

  /** A store that gives no answer may have written all the same; nothing more is decided before that is known. */
  #doubt(change: IncidentChange): void {
    const { agentId, group } = change.incident;
    this.#doubts.set(agentId, change);
    const look = (): void => {
      if (this.#stopped || this.#doubts.get(agentId) !== change) return;
      const looked = this.#o.queue.run(this.#o.ownership.shard(group), () => this.#resolveDoubt(agentId));
      looked.catch(() => void this.#o.clock.after(againMs, look));
    };
    this.#o.clock.after(againMs, look);
  }

  /** What is stored decides; if our change is, what follows from it is made up for. */
  async #resolveDoubt(agentId: AgentId): Promise<void> {
    const change = this.#doubts.get(agentId);
    if (!change) return;
    const stored = await this.#o.incidents.reread(change.incident);
    this.#doubts.delete(agentId);
    if (!stored) return;
    this.#o.stored(undefined);
    const { group } = stored;
    await this.#o.leaderships.settle(this.#o.ownership.shard(group), group);
    this.#setAlarm(stored, againMs);
    if (canonicalJson(stored) === canonicalJson(change.incident)) this.#o.after(change);
    if (change.before === undefined) this.#endIfGone(stored);
  }

  #setAlarm(incident: Incident, leastMs: Ms = 0): void {
    this.#alarms.get(incident.id)?.dispose();
    this.#alarms.delete(incident.id);
    if (this.#stopped) return;
    const alarm = alarmOf(incident, this.#o.clock.now());
    if (!alarm) return;
    const delayMs = Math.min(longestAlarmMs, Math.max(leastMs, alarm.at - this.#o.clock.now()));
    const subscription = this.#o.clock.after(delayMs, () => {
      this.#alarms.delete(incident.id);
      this.post(incident.id, alarm.event);
    });
    this.#alarms.set(incident.id, subscription);
  }
}

/** A message of its own is made of it: whoever hears that has to hear of the end, too. */
function spokenOf(decided: Decided): Decided {
  if (decided.incident.unannounced !== true) return decided;
  const { unannounced: _owed, ...incident } = decided.incident;
  return { ...decided, incident };
}

/** The picture of the agent is that of the moment of the decision: an event that waited tells an old one. */
function asOfNow(event: IncidentEvent, { findings, health }: DecideFacts): IncidentEvent {
  return event.type === 'findings' ? { type: 'findings', findings, health } : event;
}
