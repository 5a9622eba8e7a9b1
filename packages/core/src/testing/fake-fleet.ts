import {
  type AgentStatus,
  guardError,
  type Heartbeat,
  type HeartbeatAck,
  type ListOf,
  type ListOptions,
  type Registration,
  type Route,
} from '../contracts/index.ts';
import {
  type Agent,
  type EpochMs,
  type Incident,
  type Instance,
  invalidMetric,
  isId,
  type Policy,
  type Reason,
} from '../model/index.ts';

/** The agents of a `FakeGuard`, and what becomes of their heartbeats. */
export class FakeFleet {
  readonly #agents = new Map<string, AgentStatus>();
  readonly #retired = new Set<string>();
  readonly #drain = new Set<string>();
  readonly #seqs = new Map<string, number>();

  get size(): number {
    return this.#agents.size;
  }

  find(agentId: string): AgentStatus | undefined {
    return this.#agents.get(agentId);
  }

  /** @throws GUARD_AGENT_UNKNOWN */
  get(agentId: string): AgentStatus {
    const status = this.#agents.get(agentId);
    if (!status) throw guardError('GUARD_AGENT_UNKNOWN', { agentId });
    return status;
  }

  put(registration: Registration, patch: Partial<AgentStatus>, since: EpochMs): AgentStatus {
    const before = this.#agents.get(registration.id);
    const agent = agentOf(registration, before?.agent.instance);
    const old = before?.agent.instance?.id;
    if (old !== undefined && old !== agent.instance?.id) this.#retired.add(`${registration.id}/${old}`);
    const status: AgentStatus = { ...blank, since, ...before, ...patch, agent };
    this.#agents.set(registration.id, status);
    return status;
  }

  /** Whether an incident is open for the agent, as its status shows it. */
  mark(agentId: string, incidentId: string | undefined): void {
    const status = this.#agents.get(agentId);
    if (!status) return;
    const { incidentId: _before, ...rest } = status;
    this.#agents.set(agentId, incidentId === undefined ? rest : { ...rest, incidentId });
  }

  /** @throws GUARD_AGENT_UNKNOWN */
  remove(agentId: string): Agent {
    const { agent } = this.get(agentId);
    this.#agents.delete(agentId);
    return agent;
  }

  askToDrain(agentId: string): void {
    this.#drain.add(agentId);
  }

  /** Of instances only those that were replaced are told from the current one. @throws GUARD_AGENT_UNKNOWN */
  standing(agentId: string, instance: string): 'current' | 'retired' {
    this.get(agentId);
    return this.#retired.has(`${agentId}/${instance}`) ? 'retired' : 'current';
  }

  /** @throws GUARD_AGENT_UNKNOWN, GUARD_AGENT_RETIRED */
  refuseRetired(agentId: string, instance = ''): void {
    if (this.standing(agentId, instance) === 'retired') throw guardError('GUARD_AGENT_RETIRED', { agentId, instance });
  }

  /** @throws GUARD_AGENT_ID, GUARD_AGENT_STALE */
  check({ id, generation }: Registration): void {
    if (!isId(id)) throw guardError('GUARD_AGENT_ID', { value: String(id) });
    const current = this.#agents.get(id)?.agent.instance?.generation;
    if (current !== undefined && generation !== undefined && generation < current) {
      throw guardError('GUARD_AGENT_STALE', { agentId: id, current, given: generation });
    }
  }

  list(
    options: ListOptions & { readonly group?: string; readonly health?: AgentStatus['health'] },
  ): ListOf<AgentStatus> {
    const all = [...this.#agents.values()]
      .filter((status) => options.group === undefined || status.agent.group === options.group)
      .filter((status) => options.health === undefined || status.health === options.health)
      .sort((a, b) => (a.agent.id < b.agent.id ? -1 : 1));
    return pageOf(all, (status) => status.agent.id, options);
  }

  routes(group: string): readonly Route[] {
    return [...this.#agents.values()]
      .filter(({ agent, health, breaker }) => agent.group === group && health !== 'failed' && breaker !== 'open')
      .map(({ agent, health, breaker }) => ({
        agentId: agent.id,
        endpoint: agent.instance?.endpoint ?? '',
        weight: breaker === 'half-open' ? 0.1 : 1,
        health,
        breaker,
      }));
  }

  heartbeat(beat: Heartbeat): HeartbeatAck {
    if (heartbeatProblem(beat) !== undefined) return 'invalid';
    const status = this.#agents.get(beat.agentId);
    if (!status) return 'unknown';
    if (beat.instance !== undefined && this.standing(beat.agentId, beat.instance) === 'retired') return 'retired';
    if (beat.seq !== undefined) {
      if (beat.seq <= (this.#seqs.get(beat.agentId) ?? -1)) return 'duplicate';
      this.#seqs.set(beat.agentId, beat.seq);
    }
    const { primary = beat.agentId } = status.leadership ?? {};
    if (beat.role === 'primary' && primary !== beat.agentId) return 'epoch';
    if (this.#drain.has(beat.agentId)) return 'drain';
    return status.breaker === 'open' ? 'isolated' : 'accepted';
  }
}

/** Which field of a heartbeat is not valid, and why. */
export function heartbeatProblem(beat: unknown): string | undefined {
  if (typeof beat !== 'object' || beat === null || Array.isArray(beat)) return 'a heartbeat is a JSON object';
  const { agentId, instance, seq, metrics } = beat as { [key: string]: unknown };
  if (!isId(agentId)) return 'agentId is not an agent id';
  if (instance !== undefined && !isId(instance)) return 'instance is not an instance id';
  if (seq !== undefined && !(Number.isSafeInteger(seq) && (seq as number) >= 0)) return 'seq is not a whole number ≥ 0';
  if (metrics === undefined) return undefined;
  if (typeof metrics !== 'object' || metrics === null) return 'metrics is not an object';
  const bad = invalidMetric(metrics);
  return bad === undefined ? undefined : `metrics.${bad} is not a finite number ≥ 0`;
}

const blank = {
  health: 'healthy',
  breaker: 'closed',
  mode: 'auto',
  score: { score: null, terms: [] },
  metrics: {},
  findings: [],
  missed: 0,
  failures: 0,
} as const satisfies Omit<AgentStatus, 'agent' | 'since'>;

function agentOf(registration: Registration, before: Instance | undefined): Agent {
  const { id, group, role, endpoint, labels = {}, dependsOn = [], criticality = 0 } = registration;
  const instance = {
    id: registration.instance ?? before?.id ?? `${id}-i1`,
    generation: registration.generation ?? before?.generation ?? 1,
    ...(endpoint === undefined ? {} : { endpoint }),
  };
  const fixed = { id, group, labels, dependsOn, criticality, source: 'registration', instance } as const;
  return role === undefined ? fixed : { ...fixed, role };
}

interface Opened {
  readonly id: string;
  readonly agentId: string;
  readonly group: string;
  readonly at: EpochMs;
}

/** An incident nothing has happened to yet, with an empty policy. */
export function openIncident({ id, agentId, group, at }: Opened, because: Reason): Incident {
  return {
    id,
    version: 1,
    agentId,
    group,
    openedAt: at,
    changedAt: at,
    configVersion: 'fake',
    policy: {} as Policy,
    health: 'degraded',
    findings: [],
    signature: 'unknown',
    severityAtLeast: 1,
    attempts: [],
    because,
    told: false,
    state: 'open',
    nextAt: at,
  };
}

/** A page of a sorted list. */
export function pageOf<T>(all: readonly T[], idOf: (item: T) => string, options: ListOptions): ListOf<T> {
  const start = options.after === undefined ? 0 : all.findIndex((item) => idOf(item) === options.after) + 1;
  const items = all.slice(start, start + (options.limit ?? 100));
  const last = items.at(-1);
  return last !== undefined && start + items.length < all.length ? { items, next: idOf(last) } : { items };
}
