import {
  type Actor,
  type AgentStatus,
  type Answer,
  type AnyGuardEvent,
  type ApprovalLink,
  type Explanation,
  type GuardApi,
  type GuardError,
  type GuardEvent,
  type GuardEvents,
  type GuardEventType,
  type GuardStatus,
  type Heartbeat,
  type HeartbeatAck,
  guardError,
  type ListOf,
  type ListOptions,
  type Registration,
  type Route,
  type SignalDraft,
  type Subscription,
} from '../contracts/index.ts';
import {
  type AuditCheck,
  type AuditEntry,
  type EpochMs,
  type Hold,
  type Incident,
  type IncidentState,
  type Reason,
  type Storm,
  type TimelineEntry,
} from '../model/index.ts';
import { draftProblem } from '../monitoring/draft-check.ts';
import { FakeCheckpoints } from './fake-checkpoints.ts';
import { FakeFleet, heartbeatProblem, openIncident, pageOf } from './fake-fleet.ts';
import { FakeHolds } from './fake-holds.ts';
import { FakeStorms } from './fake-storms.ts';

/** What was asked of the guard, in order, for a test to look at. */
export interface FakeCall {
  readonly method: string;
  readonly args: readonly unknown[];
}

export interface FakeGuardOptions {
  /** Wall-clock time of events and records. [a counter that starts at 1 700 000 000 000] */
  readonly now?: () => EpochMs;
}

/** A new state of an incident, by which a test or a demonstration moves it. */
export type IncidentPatch = { readonly [K in keyof Incident]?: unknown } & { readonly [key: string]: unknown };

/**
 * A guard without an engine: agents, incidents, holds and checkpoints in memory, real events, and the typed errors of
 * the contract. It decides nothing; a test puts agents and incidents in and moves them by hand.
 */
export class FakeGuard implements GuardApi {
  readonly calls: FakeCall[] = [];
  state: GuardStatus['state'] = 'running';
  degraded: { what: string; why: string }[] = [];
  readonly #fleet = new FakeFleet();
  readonly #incidents = new Map<string, Incident>();
  readonly #storms = new FakeStorms();
  readonly #timelines = new Map<string, TimelineEntry[]>();
  readonly #holds = new FakeHolds();
  readonly #checkpoints = new FakeCheckpoints(() => this.#now());
  readonly #listeners = new Set<(event: AnyGuardEvent) => void>();
  readonly #failures = new Map<string, unknown>();
  readonly #now: () => EpochMs;
  #seq = 0;
  #ids = 0;

  constructor(options: FakeGuardOptions = {}) {
    let ticks = 1_700_000_000_000;
    this.#now = options.now ?? (() => (ticks += 1));
  }

  // ── What a test does to it ────────────────────────────────────────────────────────────────────────────────────

  /** The next call of `method` (`agents.register`, `approve`, …) throws this. */
  failNext(method: string, error: GuardError | Error): void {
    this.#failures.set(method, error);
  }

  /** Listeners that have not been disposed of. */
  get listeners(): number {
    return this.#listeners.size;
  }

  emit<K extends GuardEventType>(type: K, data: GuardEvents[K]): void {
    this.#seq += 1;
    const event = { type, seq: this.#seq, at: this.#now(), data } as unknown as AnyGuardEvent;
    for (const listener of this.#listeners) listener(event);
  }

  /** Adds an agent, or changes what is known of one, and tells of it. */
  putAgent(registration: Registration, patch: Partial<AgentStatus> = {}): AgentStatus {
    const before = this.#fleet.find(registration.id);
    const status = this.#fleet.put(registration, patch, this.#now());
    if (before === undefined) this.emit('agent.registered', { agent: status.agent });
    else if (before.health !== status.health) this.#tellHealth(before, status);
    return status;
  }

  /** Answers the agent's heartbeats with `drain` from now on. */
  askToDrain(agentId: string): void {
    this.#fleet.askToDrain(agentId);
  }

  /** Puts a storm in, as it is, and tells of it. */
  putStorm(storm: Storm): void {
    const { type, data } = this.#storms.put(storm);
    this.emit(type, data);
  }

  /** Puts an incident in, as it is, with its timeline. */
  putIncident(incident: Incident, timeline: readonly TimelineEntry[] = []): void {
    const known = this.#incidents.has(incident.id);
    this.#incidents.set(incident.id, incident);
    this.#timelines.set(incident.id, [...timeline]);
    this.#fleet.mark(incident.agentId, incident.state === 'resolved' ? undefined : incident.id);
    if (!known) this.emit('incident.opened', { incident });
  }

  // ── GuardApi ──────────────────────────────────────────────────────────────────────────────────────────────────

  async start(): Promise<void> {
    this.state = 'running';
  }

  async stop(): Promise<void> {
    this.state = 'stopped';
  }

  status(): GuardStatus {
    return {
      guardId: 'guard-fake',
      version: '0.0.0',
      state: this.state,
      startedAt: 1_700_000_000_000,
      settled: true,
      agents: this.#fleet.size,
      openIncidents: [...this.#incidents.values()].filter((incident) => incident.state !== 'resolved').length,
      configVersion: 'fake',
      degraded: this.degraded,
      tick: { lastMs: 1.5, lagMs: 0.2 },
    };
  }

  heartbeat(beat: Heartbeat): HeartbeatAck {
    return this.#fleet.heartbeat(beat);
  }

  heartbeatProblem(beat: unknown): string | undefined {
    return heartbeatProblem(beat);
  }

  /** As the engine judges it. */
  signalProblem(signal: unknown): string | undefined {
    return draftProblem(signal);
  }

  ingest(signal: SignalDraft): void {
    this.#record('ingest', signal);
    this.#fleet.get(signal.agentId);
  }

  readonly agents = {
    list: (options: Parameters<GuardApi['agents']['list']>[0] = {}): ListOf<AgentStatus> => this.#fleet.list(options),
    get: (agentId: string): AgentStatus => this.#fleet.get(agentId),
    groupOf: (agentId: string): string => this.#fleet.get(agentId).agent.group,
    standing: (agentId: string, instance: string): 'current' | 'retired' => this.#fleet.standing(agentId, instance),
    register: async (registration: Registration): Promise<AgentStatus> => {
      this.#record('agents.register', registration);
      this.#fleet.check(registration);
      return this.putAgent(registration);
    },
    deregister: async (agentId: string, ...actor: readonly Actor[]): Promise<void> => {
      this.#record('agents.deregister', agentId, ...actor);
      const { group } = this.#fleet.remove(agentId);
      this.emit('agent.deregistered', { agentId, group });
    },
  };

  readonly incidents = {
    list: async (
      options: ListOptions & { readonly agentId?: string; readonly state?: IncidentState | 'unresolved' } = {},
    ): Promise<ListOf<Incident>> => {
      const { agentId, state } = options;
      const wanted = (incident: Incident): boolean =>
        state === undefined || (state === 'unresolved' ? incident.state !== 'resolved' : incident.state === state);
      const all = [...this.#incidents.values()]
        .filter((incident) => (agentId === undefined || incident.agentId === agentId) && wanted(incident))
        .sort((a, b) => (a.id < b.id ? 1 : -1));
      return pageOf(all, (incident) => incident.id, options);
    },
    get: async (incidentId: string): Promise<Incident> => this.#incident(incidentId),
    timeline: async (incidentId: string): Promise<readonly TimelineEntry[]> => {
      this.#incident(incidentId);
      return this.#timelines.get(incidentId) ?? [];
    },
  };

  readonly storms = this.#storms.api;

  readonly checkpoints: GuardApi['checkpoints'] = {
    save: async (agentId, bytes, meta) => {
      this.#record('checkpoints.save', agentId, bytes, meta);
      this.#fleet.refuseRetired(agentId, meta.instance);
      return this.#checkpoints.save(agentId, bytes, meta);
    },
    latest: async (agentId, options) => {
      this.#fleet.get(agentId);
      return this.#checkpoints.latest(agentId, options);
    },
  };

  readonly holds = { list: (): readonly Hold[] => this.#holds.list() };

  /** Entries a test puts in, oldest first. */
  readonly audited: AuditEntry[] = [];

  readonly audit = {
    list: async (options: ListOptions = {}): Promise<ListOf<AuditEntry>> =>
      pageOf(this.audited.toReversed(), (entry) => `${entry.at}.${entry.chain}.${entry.seq}`, options),
    verify: async (): Promise<AuditCheck> => ({ ok: true, entries: this.audited.length, anchor: '', chains: [] }),
  };

  routes(group: string): readonly Route[] {
    return this.#fleet.routes(group);
  }

  async explain(id: string): Promise<Explanation> {
    const incident = this.#incidents.get(id);
    const status = this.#fleet.get(incident?.agentId ?? id);
    const timeline = incident ? (this.#timelines.get(incident.id) ?? []) : [];
    return {
      subject: { agentId: status.agent.id, ...(incident ? { incidentId: incident.id } : {}) },
      summary: incident ? incident.because.text : `${status.agent.id} is ${status.health}.`,
      health: status.health,
      decisions: timeline.toReversed(),
      wouldChange: [],
      ...(incident ? { incident } : {}),
      timeline,
    };
  }

  async acknowledge(incidentId: string, actor: Actor): Promise<Incident> {
    this.#record('acknowledge', incidentId, actor);
    const reason: Reason = { code: 'operator-acknowledged', text: `${actor.by} took note.` };
    return this.move(incidentId, reason, { acknowledged: { by: actor.by, at: this.#now() } });
  }

  async approve(incidentId: string, actor: Answer): Promise<Incident> {
    this.#record('approve', incidentId, actor);
    const incident = this.#awaiting(incidentId, 'approved');
    if (actor.planHash !== undefined && actor.planHash !== incident.approval.planHash) {
      throw guardError('GUARD_APPROVAL_STALE', { incidentId, why: 'another plan waits.' });
    }
    const reason: Reason = { code: 'approval-granted', text: `${actor.by} approved the plan.` };
    return this.move(incidentId, reason, { state: 'open', nextAt: this.#now() });
  }

  async approvalLink(incidentId: string, action: 'approve' | 'reject', person?: string): Promise<ApprovalLink> {
    this.#record('approvalLink', incidentId, action, person);
    const { planHash, expiresAt } = this.#awaiting(incidentId, `${action}d`).approval;
    return { token: `${action}:${planHash}`, planHash, expiresAt };
  }

  async reject(incidentId: string, actor: Answer): Promise<Incident> {
    this.#record('reject', incidentId, actor);
    this.#awaiting(incidentId, 'rejected');
    const reason: Reason = { code: 'approval-rejected', text: `${actor.by} rejected the plan.` };
    return this.move(incidentId, reason, { state: 'escalated', reason, escalatedAt: this.#now() });
  }

  async resolve(incidentId: string, actor: Actor): Promise<Incident> {
    this.#record('resolve', incidentId, actor);
    const reason: Reason = { code: 'operator-resolved', text: `${actor.by} resolved the incident.` };
    const patch = { state: 'resolved', outcome: 'operator', resolvedAt: this.#now(), by: actor.by };
    const incident = this.move(incidentId, reason, patch);
    this.emit('incident.resolved', { incident });
    return incident;
  }

  async hold(wish: Parameters<GuardApi['hold']>[0]): Promise<Hold> {
    this.#record('hold', wish);
    return this.#holds.place(wish, this.#now());
  }

  async release(holdId: string, actor: Actor): Promise<void> {
    this.#record('release', holdId, actor);
    this.#holds.release(holdId);
  }

  async respawn(agentId: string, options: Parameters<GuardApi['respawn']>[1]): Promise<Incident> {
    this.#record('respawn', agentId, options);
    const { incidentId, agent } = this.#fleet.get(agentId);
    const reason: Reason = { code: 'operator-respawn', text: `${options.by} asked for a respawn.` };
    if (incidentId !== undefined) return this.move(incidentId, reason, {});
    this.#ids += 1;
    const id = `inc_FAKE${String(this.#ids).padStart(22, '0')}`;
    const fresh = openIncident({ id, agentId, group: agent.group, at: this.#now() }, reason);
    this.putIncident(fresh);
    return fresh;
  }

  on<K extends GuardEventType>(type: K, listener: (event: GuardEvent<K>) => void): Subscription {
    return this.onAny((event) => {
      if (event.type === type) listener(event as unknown as GuardEvent<K>);
    });
  }

  onAny(listener: (event: AnyGuardEvent) => void): Subscription {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /** Moves an incident: new fields, a line in its timeline, an event. */
  move(incidentId: string, reason: Reason, patch: IncidentPatch): Incident {
    const before = this.#incident(incidentId);
    if (before.state === 'resolved') {
      throw guardError('GUARD_INCIDENT_STATE', { incidentId, state: 'resolved', verb: 'changed' });
    }
    const at = this.#now();
    const version = before.version + 1;
    const incident = { ...before, ...patch, version, changedAt: at, because: reason } as Incident;
    const entry: TimelineEntry = { seq: version, at, incidentId, type: reason.code, state: incident.state, reason };
    this.putIncident(incident, [...(this.#timelines.get(incidentId) ?? []), entry]);
    this.emit('incident.changed', { incident, entry });
    return incident;
  }

  #record(method: string, ...args: unknown[]): void {
    this.calls.push({ method, args });
    if (this.state !== 'running') throw guardError('GUARD_NOT_RUNNING');
    const failure = this.#failures.get(method);
    if (failure === undefined) return;
    this.#failures.delete(method);
    throw failure as Error;
  }

  #incident(incidentId: string): Incident {
    const incident = this.#incidents.get(incidentId);
    if (!incident) throw guardError('GUARD_INCIDENT_UNKNOWN', { incidentId });
    return incident;
  }

  #awaiting(incidentId: string, verb: string): Incident & { readonly state: 'awaiting-approval' } {
    const incident = this.#incident(incidentId);
    if (incident.state === 'awaiting-approval') return incident;
    throw guardError('GUARD_INCIDENT_STATE', { incidentId, state: incident.state, verb });
  }

  #tellHealth(before: AgentStatus, status: AgentStatus): void {
    const { agent, health, breaker } = status;
    const change = { agentId: agent.id, group: agent.group, from: before.health, to: health, breaker };
    this.emit('agent.health-changed', change);
  }
}
