import type { Logger, StateStore, StoreOp, Version, Versioned } from '../../contracts/index.ts';
import { guardError } from '../../contracts/index.ts';
import type {
  AgentId,
  GroupId,
  Incident,
  IncidentId,
  IncidentState,
  Json,
  Ms,
  Policy,
  TimelineEntry,
} from '../../model/index.ts';
import { isId } from '../../model/index.ts';
import type { AuditLog } from '../../state/index.ts';
import { keys, shardChain } from '../../state/index.ts';
import { auditOf } from './audited.ts';
import type { Ownership } from '../ownership.ts';
import { incidentFrom } from './stored-incident.ts';

/** Resolved incidents are kept this long. */
const keepMs: Ms = 30 * 86_400_000;
/** A line of a timeline is kept longer than the incident it belongs to, however long that was open. */
const keepLinesMs: Ms = 120 * 86_400_000;
/** Resolved incidents held in memory for lists; older ones are read from the store by id. */
const recentMax = 2_000;

export interface IncidentLogOptions {
  readonly store: StateStore;
  readonly ownership: Ownership;
  readonly audit: AuditLog;
  readonly log: Logger;
  /** What holds for an agent now, for what an older guard did not store. */
  readonly policyOf: (incident: Incident) => Policy;
}

/** The stored incidents with their timelines; everything unresolved is in memory too. */
export class IncidentLog {
  readonly #store: StateStore;
  readonly #ownership: Ownership;
  readonly #audit: AuditLog;
  readonly #log: Logger;
  readonly #policyOf: (incident: Incident) => Policy;
  readonly #incidents = new Map<IncidentId, Incident>();
  readonly #versions = new Map<IncidentId, Version>();
  readonly #openByAgent = new Map<AgentId, IncidentId>();
  /** Those under recovery: few, while in a storm there are as many unresolved ones as agents. */
  readonly #acting = new Set<IncidentId>();
  readonly #unresolvedByGroup = new Map<GroupId, Set<AgentId>>();
  readonly #resolved: IncidentId[] = [];

  constructor({ store, ownership, audit, log, policyOf }: IncidentLogOptions) {
    this.#store = store;
    this.#ownership = ownership;
    this.#audit = audit;
    this.#log = log;
    this.#policyOf = policyOf;
  }

  /** Reads everything unresolved, and what was resolved last. */
  async load(): Promise<void> {
    const resolved: Incident[] = [];
    for (let shard = 0; shard < this.#ownership.shards; shard += 1) {
      for await (const { key, value, version } of this.#all(keys.incidents(shard))) {
        const incident = incidentFrom(value, this.#policyOf);
        if (!incident) {
          this.#log.error({ key }, 'the record of an incident is damaged and was passed over');
          continue;
        }
        this.#remember(incident, version);
        if (incident.state === 'resolved') resolved.push(incident);
      }
    }
    resolved.sort((a, b) => a.openedAt - b.openedAt);
    for (const incident of resolved) this.#noteResolved(incident.id);
  }

  async *#all(prefix: string): AsyncIterable<Versioned> {
    let after: string | undefined;
    for (;;) {
      const page = await this.#store.list(prefix, { limit: 200, ...(after ? { after } : {}) });
      yield* page;
      after = page.at(-1)?.key;
      if (page.length < 200 || after === undefined) return;
    }
  }

  get(id: IncidentId): Incident | undefined {
    return this.#incidents.get(id);
  }

  /** Also one that was resolved too long ago to be in memory. */
  async find(id: IncidentId): Promise<Incident | undefined> {
    const known = this.#incidents.get(id);
    if (known || !isId(id)) return known;
    for (let shard = 0; shard < this.#ownership.shards; shard += 1) {
      const found = await this.#store.get(keys.incident(shard, id));
      if (found) return incidentFrom(found.value, this.#policyOf);
    }
    return undefined;
  }

  /** The one incident of an agent that is not resolved. */
  openFor(agentId: AgentId): Incident | undefined {
    const id = this.#openByAgent.get(agentId);
    return id === undefined ? undefined : this.#incidents.get(id);
  }

  /** Everything unresolved. */
  *unresolved(): Iterable<Incident> {
    for (const id of this.#openByAgent.values()) yield this.#incidents.get(id) as Incident;
  }

  /** Everything under recovery. */
  *acting(): Iterable<Extract<Incident, { state: 'acting' }>> {
    for (const id of this.#acting) {
      const incident = this.#incidents.get(id);
      if (incident?.state === 'acting') yield incident;
    }
  }

  get unresolvedCount(): number {
    return this.#openByAgent.size;
  }

  /** Agents of a group with an unresolved incident, leaving one out. */
  unresolvedIn(group: GroupId, but: AgentId): number {
    const agents = this.#unresolvedByGroup.get(group);
    return agents ? agents.size - Number(agents.has(but)) : 0;
  }

  /** The last resolved incident of an agent with a signature that ended after `since`. */
  recent(agentId: AgentId, signature: string, since: number): Incident | undefined {
    for (let at = this.#resolved.length - 1; at >= 0; at -= 1) {
      const incident = this.#incidents.get(this.#resolved[at] as IncidentId);
      if (incident?.agentId !== agentId || incident.signature !== signature) continue;
      return incident.changedAt >= since ? incident : undefined;
    }
    return undefined;
  }

  /** Newest first. */
  list(filter: { readonly agentId?: AgentId; readonly state?: IncidentState | 'unresolved' }): readonly Incident[] {
    const { agentId, state } = filter;
    const from = state === 'unresolved' ? [...this.unresolved()] : [...this.#incidents.values()];
    return from
      .filter((incident) => agentId === undefined || incident.agentId === agentId)
      .filter((incident) => state === undefined || state === 'unresolved' || incident.state === state)
      .sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  async timeline(incident: Incident): Promise<readonly TimelineEntry[]> {
    const entries: TimelineEntry[] = [];
    const prefix = keys.timeline(this.#ownership.shard(incident.group), incident.id);
    for await (const { value } of this.#all(prefix)) entries.push(value as unknown as TimelineEntry);
    return entries;
  }

  /**
   * Stores an incident with its new line and whatever belongs to the same moment (budget, ledger, messages, audit), all
   * or nothing (R11). Throws `GUARD_STATE_CONFLICT` when another wrote it meanwhile.
   */
  async commit(
    incident: Incident,
    entry: TimelineEntry,
    more: readonly StoreOp[],
  ): Promise<{ readonly [key: string]: Version }> {
    const shard = this.#ownership.shard(incident.group);
    if (!this.#ownership.owns(incident.group))
      throw guardError('GUARD_STATE_FENCED', { partition: keys.partition(shard), fence: 0, highest: 'unknown' });
    const key = keys.incident(shard, incident.id);
    const version = this.#versions.get(incident.id);
    const ops: readonly StoreOp[] = [
      {
        op: 'put',
        key,
        value: incident as unknown as Json,
        when: version === undefined ? 'absent' : { version },
        ...(incident.state === 'resolved' ? { ttlMs: keepMs } : {}),
      },
      {
        op: 'put',
        key: keys.timelineLine(shard, incident.id, entry.seq),
        value: entry as unknown as Json,
        when: 'any',
        ttlMs: keepLinesMs,
      },
      ...more,
    ];
    const drafts = auditOf(this.#incidents.get(incident.id), incident, entry);
    const options = { fence: this.#ownership.fence(incident.group), durability: 'sync' } as const;
    const versions = await this.#audit.write(shardChain(shard), drafts, (audit) =>
      this.#store.commit(keys.partition(shard), [...ops, ...audit], options),
    );
    this.#remember(incident, versions[key] as Version);
    if (incident.state === 'resolved') this.#noteResolved(incident.id);
    return versions;
  }

  /**
   * Reads an incident again of which a write has an outcome that is not known. What is stored counts from now on.
   * @returns `undefined` when it was never stored.
   */
  async reread({ id, group }: Incident): Promise<Incident | undefined> {
    const found = await this.#store.get(keys.incident(this.#ownership.shard(group), id));
    if (!found) return undefined;
    const stored = incidentFrom(found.value, this.#policyOf);
    if (!stored) throw guardError('GUARD_STATE_CORRUPT', { path: found.key, why: 'it is not an incident' });
    const wasResolved = this.#incidents.get(id)?.state === 'resolved';
    this.#remember(stored, found.version);
    if (stored.state === 'resolved' && !wasResolved) this.#noteResolved(id);
    return stored;
  }

  /** Changes only what is in memory: the moment of the next look. */
  touch(incident: Incident): void {
    this.#incidents.set(incident.id, incident);
  }

  #remember(incident: Incident, version: Version): void {
    this.#incidents.set(incident.id, incident);
    this.#versions.set(incident.id, version);
    if (incident.state === 'acting') this.#acting.add(incident.id);
    else this.#acting.delete(incident.id);
    this.#countInGroup(incident);
    if (incident.state !== 'resolved') this.#openByAgent.set(incident.agentId, incident.id);
    else if (this.#openByAgent.get(incident.agentId) === incident.id) this.#openByAgent.delete(incident.agentId);
  }

  #countInGroup({ state, group, agentId }: Incident): void {
    const agents = this.#unresolvedByGroup.get(group) ?? new Set();
    if (state === 'resolved') agents.delete(agentId);
    else agents.add(agentId);
    if (agents.size === 0) this.#unresolvedByGroup.delete(group);
    else this.#unresolvedByGroup.set(group, agents);
  }

  #noteResolved(id: IncidentId): void {
    this.#resolved.push(id);
    while (this.#resolved.length > recentMax) {
      const oldest = this.#resolved.shift() as IncidentId;
      this.#incidents.delete(oldest);
      this.#versions.delete(oldest);
    }
  }
}
