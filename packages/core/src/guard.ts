import type {
  Actor,
  AgentStatus,
  AgentView,
  Answer,
  AnyGuardEvent,
  ApprovalLink,
  Explanation,
  GuardApi,
  GuardEvent,
  GuardEventType,
  GuardStatus,
  Heartbeat,
  HeartbeatAck,
  Hold,
  Incident,
  ListOf,
  Registration,
  Route,
  SignalDraft,
  Subscription,
} from './contracts/index.ts';
import { guardError } from './contracts/index.ts';
import type { Scope } from './di/container.ts';
import { core } from './di/core-tokens.ts';
import type { Engine } from './engine.ts';
import type { IncidentEvent } from './incident/index.ts';
import type { AgentId, IncidentId, Plan } from './model/index.ts';
import { secretNames } from './model/index.ts';
import { agentStatus } from './pipeline/members/agent-status.ts';
import { stateOrigin } from './pipeline/members/state-origin.ts';
import { Explainer } from './pipeline/explanation/explainer.ts';

const listMax = 1_000;

/** The handle that embedders, HTTP and CLI use. Knows no rule; it asks the parts that do. */
export class Guard implements GuardApi {
  readonly #scope: Scope;
  readonly #engine: Engine;

  constructor(scope: Scope, engine: Engine) {
    this.#scope = scope;
    this.#engine = engine;
  }

  start(): Promise<void> {
    return this.#engine.start(this);
  }

  stop(): Promise<void> {
    return this.#engine.stop();
  }

  status(): GuardStatus {
    return this.#engine.status();
  }

  heartbeat(beat: Heartbeat): HeartbeatAck {
    return this.#scope.get(core.collector).heartbeat(beat);
  }

  heartbeatProblem(beat: unknown): string | undefined {
    return this.#scope.get(core.collector).heartbeatProblem(beat);
  }

  signalProblem(signal: unknown): string | undefined {
    return this.#scope.get(core.collector).signalProblem(signal);
  }

  ingest(signal: SignalDraft): void {
    this.#scope.get(core.collector).ingest(signal);
  }

  readonly agents: GuardApi['agents'] = {
    list: (options = {}) => this.#listAgents(options),
    get: (agentId) => this.#agent(agentId),
    groupOf: (agentId) => {
      const fleet = this.#scope.get(core.fleet);
      return (fleet.agent(fleet.requireSlot(agentId)) as AgentView).agent.group;
    },
    standing: (agentId, instance) => {
      const fleet = this.#scope.get(core.fleet);
      return fleet.standing(fleet.requireSlot(agentId), instance);
    },
    register: (registration) => this.#register(registration),
    deregister: async (agentId, { by, note } = { by: 'api' }) => {
      this.#engine.assertRunning();
      this.#scope.get(core.fleet).requireSlot(agentId);
      const data = note === undefined ? {} : { data: { note } };
      await this.#scope.get(core.audit).record({ actor: by, action: 'deregister', subject: agentId, ...data });
      await this.#scope.get(core.members).deregister(agentId);
    },
  };

  readonly incidents: GuardApi['incidents'] = {
    list: async ({ limit = 100, after, agentId, state } = {}) => {
      const filter = { ...(agentId === undefined ? {} : { agentId }), ...(state === undefined ? {} : { state }) };
      const all = this.#scope.get(core.incidentLog).list(filter);
      // Newest first: what follows has a smaller id.
      const rest = after === undefined ? all : all.filter((incident) => incident.id < after);
      return page(rest, limit, (incident) => incident.id);
    },
    get: (incidentId) => this.#found(incidentId),
    timeline: async (incidentId) => this.#scope.get(core.incidentLog).timeline(await this.#found(incidentId)),
  };

  readonly storms: GuardApi['storms'] = {
    list: ({ limit = 100, after, state } = {}) => {
      const all = this.#scope.get(core.stormLog).list();
      const wanted = all.filter((storm) => state === undefined || storm.state === state);
      const rest = after === undefined ? wanted : wanted.filter((storm) => storm.id < after);
      return page(rest, limit, (storm) => storm.id);
    },
    get: (stormId) => {
      const storm = this.#scope.get(core.stormLog).get(stormId);
      if (!storm) throw guardError('GUARD_STORM_UNKNOWN', { stormId });
      return storm;
    },
  };

  readonly checkpoints: GuardApi['checkpoints'] = {
    save: async (agentId, bytes, { contentType, instance: named }) => {
      const { counts, ...of } = stateOrigin(this.#scope.get(core.fleet), agentId, named);
      const incident = this.#scope.get(core.incidentLog).openFor(agentId);
      const suspected = incident !== undefined && incident.state !== 'watching';
      return this.#scope.get(core.checkpoints).save(agentId, bytes, {
        contentType,
        fence: this.#scope.get(core.ownership).fence(this.agents.groupOf(agentId)),
        // What an agent under suspicion sends, or one nobody knows, is kept for forensics and never restored (R25).
        quarantined: suspected || !counts,
        ...of,
      });
    },
    latest: async (agentId, options) => {
      this.#agent(agentId);
      return this.#scope.get(core.checkpoints).latest(agentId, options);
    },
  };

  readonly holds: GuardApi['holds'] = { list: () => this.#scope.get(core.holds).list() };

  readonly audit: GuardApi['audit'] = {
    list: ({ limit = 100, after } = {}) =>
      this.#scope.get(core.audit).list(Math.max(1, Math.min(limit, listMax)), after),
    verify: (anchors) => this.#scope.get(core.audit).verify(anchors),
  };

  routes(group: string): readonly Route[] {
    return this.#scope.get(core.controlPlane).routes(group);
  }

  explain(id: IncidentId | AgentId): Promise<Explanation> {
    const scope = this.#scope;
    return new Explainer({
      clock: scope.get(core.clock),
      log: scope.get(core.incidentLog),
      judge: scope.get(core.judge),
      view: scope.get(core.sight),
      storm: (stormId) => scope.get(core.stormLog).get(stormId),
      prefetch: (incident) => scope.get(core.incidents).prefetch(incident),
      status: async (agentId) => {
        const slot = scope.get(core.fleet).slotOf(agentId);
        if (slot !== undefined) await scope.get(core.ledger).load([agentId]);
        return slot === undefined ? undefined : agentStatus(this.#engine.statusParts(), slot);
      },
    }).explain(id);
  }

  async acknowledge(incidentId: IncidentId, { by, note }: Actor): Promise<Incident> {
    this.#engine.assertRunning();
    const incident = await this.#found(incidentId);
    if (incident.state === 'resolved') throw wrongState(incident, 'acknowledged');
    return this.#apply(incidentId, { type: 'acknowledged', by, ...(note === undefined ? {} : { note }) });
  }

  async approve(incidentId: IncidentId, answer: Answer): Promise<Incident> {
    this.#engine.assertRunning();
    await this.#refuseLongOver(incidentId, 'approved');
    return this.#scope.get(core.approvalDesk).approve(incidentId, answer);
  }

  async reject(incidentId: IncidentId, answer: Answer): Promise<Incident> {
    this.#engine.assertRunning();
    await this.#refuseLongOver(incidentId, 'rejected');
    return this.#scope.get(core.approvalDesk).reject(incidentId, answer);
  }

  async approvalLink(...asked: Parameters<GuardApi['approvalLink']>): Promise<ApprovalLink> {
    this.#engine.assertRunning();
    return this.#scope.get(core.approvalDesk).link(...asked);
  }

  async resolve(incidentId: IncidentId, { by, note }: Actor): Promise<Incident> {
    this.#engine.assertRunning();
    const incident = await this.#found(incidentId);
    // An attempt under way is not left half done: it ends within the time of its rung, and then it may be resolved.
    if (incident.state === 'resolved' || incident.state === 'acting') throw wrongState(incident, 'resolved');
    const resolved = await this.#apply(incidentId, {
      type: 'operator-resolved',
      by,
      ...(note === undefined ? {} : { note }),
    });
    // An agent the guard isolated is brought back and watched first; then it is resolved by itself.
    if (resolved.state !== 'resolved' && !resolved.requested?.plan.contain) throw wrongState(resolved, 'resolved');
    return resolved;
  }

  async hold(request: Parameters<GuardApi['hold']>[0]): Promise<Hold> {
    this.#engine.assertRunning();
    const hold = await this.#scope.get(core.holds).add(request);
    const { id: holdId, by, scope, reason, until } = hold;
    this.#scope.get(core.log).info({ holdId, by, scope, reason, until }, 'a hold was placed');
    this.#lookAgain();
    return hold;
  }

  async release(holdId: string, actor: Actor): Promise<void> {
    this.#engine.assertRunning();
    const { scope, reason } = await this.#scope.get(core.holds).release(holdId, actor);
    this.#scope.get(core.log).info({ holdId, by: actor.by, scope, reason }, 'a hold was released');
    this.#lookAgain();
  }

  async respawn(agentId: AgentId, options: Parameters<GuardApi['respawn']>[1]): Promise<Incident> {
    this.#engine.assertRunning();
    const slot = this.#scope.get(core.fleet).requireSlot(agentId);
    const { ladder } = this.#scope.get(core.fleet).agent(slot)?.policy ?? {};
    if (!ladder) throw guardError('GUARD_AGENT_UNKNOWN', { agentId });
    const secrets = secretNames(options.configOverride ?? {});
    if (secrets.length > 0) throw guardError('GUARD_OVERRIDE_SECRET', { names: secrets.join(', ') });
    const incidents = this.#scope.get(core.incidents);
    const plan: Plan = {
      rung: 'respawn',
      skipped: [],
      restoreState: options.restoreState ?? ladder.respawn.restoreState,
      mode: ladder.respawn.mode,
      graceMs: ladder.respawn.graceMs,
      timeoutMs: ladder.respawn.timeoutMs,
      recommendedAction: 'respawn',
      ...(options.configOverride ? { override: options.configOverride } : {}),
    };
    const existing = this.#scope.get(core.incidentLog).openFor(agentId);
    if (existing && (existing.state === 'acting' || existing.state === 'watching'))
      throw wrongState(existing, 'respawned');
    const { by, account, note } = options;
    return incidents.order(agentId, {
      type: 'ordered',
      by,
      plan,
      ...(account === undefined ? {} : { account }),
      ...(note === undefined ? {} : { note }),
    });
  }

  on<K extends GuardEventType>(type: K, listener: (event: GuardEvent<K>) => void): Subscription {
    return this.#scope.get(core.bus).on(type, listener);
  }

  onAny(listener: (event: AnyGuardEvent) => void): Subscription {
    return this.#scope.get(core.bus).onAny(listener);
  }

  #agent(agentId: AgentId): AgentStatus {
    const slot = this.#scope.get(core.fleet).requireSlot(agentId);
    return agentStatus(this.#engine.statusParts(), slot) as AgentStatus;
  }

  async #register(registration: Registration): Promise<AgentStatus> {
    this.#engine.assertRunning();
    const change = await this.#scope.get(core.members).register(registration);
    return this.#agent(change.agent.id);
  }

  #listAgents({
    limit = 100,
    after,
    group,
    health,
  }: NonNullable<Parameters<GuardApi['agents']['list']>[0]>): ListOf<AgentStatus> {
    const fleet = this.#scope.get(core.fleet);
    const detection = this.#scope.get(core.detection);
    const most = Math.min(limit, listMax);
    const parts = this.#engine.statusParts();
    const views = fleet.list(after, most + 1, (slot, view) => {
      if (group !== undefined && view.agent.group !== group) return false;
      return health === undefined || detection.status(slot).health === health;
    });
    const items = views.map((view) => agentStatus(parts, fleet.slotOf(view.agent.id) as number) as AgentStatus);
    return page(items, most, (status) => status.agent.id);
  }

  /** One that ended long ago is not in memory any more, and still known. */
  async #refuseLongOver(incidentId: IncidentId, verb: string): Promise<void> {
    if (!this.#scope.get(core.incidentLog).get(incidentId)) throw wrongState(await this.#found(incidentId), verb);
  }

  async #found(incidentId: IncidentId): Promise<Incident> {
    const incident = await this.#scope.get(core.incidentLog).find(incidentId);
    if (!incident) throw guardError('GUARD_INCIDENT_UNKNOWN', { incidentId });
    return incident;
  }

  async #apply(incidentId: IncidentId, event: IncidentEvent): Promise<Incident> {
    this.#engine.assertRunning();
    const incident = await this.#scope.get(core.incidents).apply(incidentId, event);
    if (!incident) throw guardError('GUARD_INCIDENT_UNKNOWN', { incidentId });
    return incident;
  }

  /** A hold came or went: whatever waits decides again. */
  #lookAgain(): void {
    for (const incident of this.#scope.get(core.incidentLog).unresolved()) {
      const type = incident.state === 'held' ? 'released' : 'due';
      if (incident.state === 'held' || incident.state === 'open')
        this.#scope.get(core.incidents).post(incident.id, { type });
    }
  }
}

function wrongState(incident: Incident, verb: string): Error {
  return guardError('GUARD_INCIDENT_STATE', { incidentId: incident.id, state: incident.state, verb });
}

function page<T>(items: readonly T[], limit: number, idOf: (item: T) => string): ListOf<T> {
  const most = Math.max(1, Math.min(limit, listMax));
  const shown = items.slice(0, most);
  const last = shown.at(-1);
  return { items: shown, ...(items.length > most && last ? { next: idOf(last) } : {}) };
}
