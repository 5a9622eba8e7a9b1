import type { Clock } from '../../contracts/index.ts';
import type {
  AgentId,
  EpochMs,
  GroupId,
  Incident,
  IncidentNoticeKind,
  Ms,
  Notice,
  Storm,
  StormEntry,
  StormId,
} from '../../model/index.ts';
import type { DependencyFacts } from '../../decision/together-facts.ts';
import type { IncidentEvent } from '../../incident/index.ts';
import type { Ailing } from './ailing.ts';
import type { Dependencies } from './dependencies.ts';
import type { Inbox } from '../incidents/incident-change.ts';
import type { IncidentLog } from '../incidents/incident-log.ts';
import { pagedNow, withLine } from './storm-changes.ts';
import type { StormLog } from './storm-log.ts';

/** While somebody else's failure explains it, whether it still does is asked this often. */
const explainedMs: Ms = 30_000;
/** So long a dependency that nobody is told of explains the failure of others. */
const unheardMs: Ms = 600_000;

type Announcement = Extract<IncidentEvent, { type: 'announce' }>;

export interface StormVoiceOptions {
  readonly clock: Clock;
  readonly ailing: Ailing;
  readonly dependencies: Dependencies;
  readonly log: StormLog;
  readonly incidentLog: IncidentLog;
  readonly incidents: () => Inbox;
  /** How long a recovery in the group has to hold before it is believed. */
  proofMs(group: GroupId): Ms;
  makeNotice(kind: 'storm' | 'storm-over', storm: Storm): Notice;
  /** Whether nobody is to be called for the agent now. */
  isQuiet(agentId: AgentId, group: GroupId): boolean;
}

/**
 * What people are told of failures that hang together: one message of a storm, none of an agent whose dependency is not
 * well, and whatever was kept back once nothing else speaks for it.
 */
export class StormVoice {
  readonly #o: StormVoiceOptions;
  /** Storms that are over: until when (monotonic) their incidents get the time to end with them. */
  readonly #lingering = new Map<StormId, Ms>();

  constructor(options: StormVoiceOptions) {
    this.#o = options;
  }

  /** The guard runs: what an earlier one kept back and nothing speaks for any more is told now. */
  resume(): void {
    for (const incident of this.#o.incidentLog.unresolved()) this.#announce(incident);
  }

  /** What is due. */
  tick(): void {
    const { clock, log, dependencies } = this.#o;
    const now = clock.now();
    const nowMs = clock.monotonic();
    for (const storm of log.open()) if (isToTell(storm, now)) this.#tell(storm, now);
    for (const agentId of dependencies.due(nowMs)) this.#followed(agentId);
    for (const [id, until] of this.#lingering) if (until <= nowMs) this.#release(id);
  }

  /** The storm is over: its incidents get the time to end with it. */
  ended({ id, group }: Storm): void {
    this.#lingering.set(id, this.#o.clock.monotonic() + this.#o.proofMs(group));
  }

  /** What makes up for the message that was kept back about an incident, once nothing else speaks for it any more. */
  owed(incident: Incident): Announcement | undefined {
    if (incident.unannounced !== true || this.speaker(incident, 'opened')) return undefined;
    const { parent } = incident;
    const storm = parent === undefined ? undefined : this.#o.log.get(parent);
    // Of what failed with its dependency people know by that; of a storm that was too short to be told they do not.
    const known = parent === undefined || storm?.paged === true || storm?.cause === 'dependency';
    return { type: 'announce', known };
  }

  /** What speaks for the incident instead of a message of its own, and whether people have heard that. */
  speaker(incident: Incident, kind: IncidentNoticeKind): { readonly told: boolean } | undefined {
    if (kind === 'approval') return undefined;
    if (kind === 'recovered' || kind === 'resolved') return incident.unannounced ? { told: true } : undefined;
    const storm = incident.parent === undefined ? undefined : this.#o.log.get(incident.parent);
    if (storm && (storm.state === 'open' || this.#lingering.has(storm.id))) return { told: storm.told };
    const blocker = this.#o.dependencies.blocker(incident.agentId);
    if (!blocker || !this.#isHeardOf(blocker, incident.openedAt)) return undefined;
    return { told: this.#o.incidentLog.openFor(blocker.agentId)?.told ?? false };
  }

  /** A dependency without an incident, as one that was stopped by hand, is no lasting explanation: nobody is told of it. */
  #isHeardOf({ incidentId }: DependencyFacts, since: EpochMs): boolean {
    return incidentId !== undefined || this.#o.clock.now() - since < unheardMs;
  }

  /** Whether nobody is to be called for a storm now: only if for none of its agents. */
  isQuiet(id: StormId): boolean {
    const { log, ailing } = this.#o;
    const storm = log.get(id);
    if (!storm) return false;
    // Of those that are not named, and of who is well again, the groups are known.
    if (storm.groups.every((group) => this.#o.isQuiet('', group))) return true;
    if (storm.memberCount > storm.members.length) return false;
    return storm.members.every((agentId) => this.#o.isQuiet(agentId, ailing.of(agentId)?.group ?? storm.group));
  }

  /** A notifier accepted a message about a storm. */
  async told(id: StormId, notifier: string): Promise<void> {
    const storm = this.#o.log.get(id);
    if (!storm || storm.told) return;
    const line = { type: 'told', text: `${notifier} accepted the message.` } as const;
    await this.#o.log.stored(this.#put({ ...storm, told: true }, line));
    for (const incident of this.#o.incidentLog.unresolved())
      if (incident.parent === id && incident.state === 'escalated' && !incident.told)
        this.#o.incidents().post(incident.id, { type: 'told', notifier });
  }

  #tell(storm: Storm, now: EpochMs): void {
    const { log } = this.#o;
    const explained = this.#explained(storm);
    if (explained !== undefined) {
      const { dependency, cause } = storm;
      const text = `All of them depend on ${explained}, which is not well; people are told of that one.`;
      const next = { ...storm, cause: 'dependency', dependency: explained, tellAt: now + explainedMs } as const;
      if (cause === 'dependency' && dependency === explained) log.put(next);
      else this.#put(next, { type: 'cause', text });
      return;
    }
    const text = storm.told ? 'People are reminded of it.' : 'People are told of it.';
    const paged = this.#put(pagedNow(storm, this.standing(storm), now), { type: 'paged', text });
    log.put(paged, [this.#o.makeNotice('storm', paged)]);
  }

  /** How it stands now, for the people who are told. */
  standing({ id, groups }: Storm): NonNullable<Storm['standing']> {
    const unwell = groups.reduce((sum, group) => sum + this.#o.ailing.counts(group).unhealthy, 0);
    let handedOver = 0;
    for (const { parent, state } of this.#o.incidentLog.unresolved())
      handedOver += Number(parent === id && state === 'escalated');
    return { unwell, handedOver };
  }

  /** The agent whose failure explains that of all of them. */
  #explained({ members, groups, openedAt }: Storm): AgentId | undefined {
    let first: AgentId | undefined;
    for (const agentId of members) {
      if (!this.#o.ailing.of(agentId)) continue;
      const blocker = this.#o.dependencies.blocker(agentId);
      if (!blocker || !this.#isHeardOf(blocker, openedAt)) return undefined;
      // One that is in the storm itself is told of by nobody else; not all of its members are named.
      const group = this.#o.ailing.of(blocker.agentId)?.group;
      if (members.includes(blocker.agentId) || (group !== undefined && groups.includes(group))) return undefined;
      first ??= blocker.agentId;
    }
    return first;
  }

  /** The storm is over: what is still open is told of by itself. */
  #release(id: StormId): void {
    this.#lingering.delete(id);
    for (const incident of this.#o.incidentLog.unresolved()) if (incident.parent === id) this.#announce(incident);
  }

  #announce(incident: Incident): void {
    const owed = this.owed(incident);
    if (owed) this.#o.incidents().post(incident.id, owed);
  }

  /** What an agent waited for is well, and it had the time to follow. */
  #followed(agentId: AgentId): void {
    const incident = this.#o.incidentLog.openFor(agentId);
    if (!incident || this.#o.dependencies.blocker(agentId)) return;
    if (incident.state === 'open') this.#o.incidents().post(incident.id, { type: 'due' });
    this.#announce(incident);
  }

  #put(storm: Storm, line: Omit<StormEntry, 'at'>): Storm {
    return this.#o.log.put(withLine(storm, { at: this.#o.clock.now(), ...line }));
  }
}

/** A moment that lies further ahead than any that is set was written down before the wall clock was set back. */
function isToTell({ tellAt, paged }: Storm, now: EpochMs): boolean {
  return tellAt !== undefined && (tellAt <= now || (!paged && tellAt > now + explainedMs));
}
