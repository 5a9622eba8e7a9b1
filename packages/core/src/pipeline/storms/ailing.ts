import type { Clock } from '../../contracts/index.ts';
import type { GroupCounts } from '../../decision/fleet-breaker.ts';
import { isSilenceOnly } from '../../decision/gate-storm.ts';
import type { AgentId, EpochMs, GroupId, Incident } from '../../model/index.ts';
import { stillByHand } from '../../model/index.ts';
import type { AgentSight, View } from '../members/view.ts';

export interface AilingOptions {
  readonly clock: Clock;
  readonly view: View;
  openFor(agentId: AgentId): Incident | undefined;
}

/** An agent that is not well. */
export interface Ailment {
  readonly group: GroupId;
  readonly since: EpochMs;
  /** Since when nothing but silence stands against it. */
  readonly silentSince?: EpochMs;
}

/** What a look at an agent changed. */
export interface AilingChange {
  readonly agentId: AgentId;
  readonly before: Ailment | undefined;
  readonly after: Ailment | undefined;
}

/**
 * Who is not well, by group, kept up with every change: to know how many there are nobody has to look through a fleet.
 * An agent is unhealthy from the first suspicion that degrades it until its incident is over or it is watched.
 */
export class Ailing {
  readonly #o: AilingOptions;
  readonly #groups = new Map<GroupId, Map<AgentId, Ailment>>();
  readonly #groupOf = new Map<AgentId, GroupId>();

  constructor(options: AilingOptions) {
    this.#o = options;
  }

  /** Takes back who was unhealthy when the guard stopped; oldest first. */
  load(incidents: readonly Incident[]): void {
    for (const incident of incidents) {
      if (!isFailure(incident)) continue;
      const { agentId, group, openedAt: since, findings } = incident;
      this.#put(agentId, { group, since, ...(isSilenceOnly(findings) ? { silentSince: since } : {}) });
    }
  }

  /** Looks at an agent again; `undefined` when nothing changed. */
  mark(agentId: AgentId): AilingChange | undefined {
    const before = this.of(agentId);
    const after = this.#look(agentId, before);
    if (before?.group === after?.group && before?.silentSince === after?.silentSince) return undefined;
    if (before && before.group !== after?.group) this.#drop(agentId, before.group);
    if (after) this.#put(agentId, after);
    return { agentId, before, after };
  }

  of(agentId: AgentId): Ailment | undefined {
    const group = this.#groupOf.get(agentId);
    return group === undefined ? undefined : this.#groups.get(group)?.get(agentId);
  }

  counts(group: GroupId): GroupCounts {
    const ailing = this.#groups.get(group);
    // The order of a map is that of its insertions: the first is the oldest.
    const first = ailing?.values().next().value;
    return {
      unhealthy: ailing?.size ?? 0,
      size: this.#o.view.groupSize(group),
      ...(first ? { firstAt: first.since } : {}),
    };
  }

  /** Those of a group who are not well, in the order in which they fell ill. */
  members(group: GroupId): readonly AgentId[] {
    return [...(this.#groups.get(group)?.keys() ?? [])];
  }

  #look(agentId: AgentId, before: Ailment | undefined): Ailment | undefined {
    const sight = this.#o.view.see(agentId);
    if (!sight || stillByHand(sight.agent.instance)) return undefined;
    const { group } = sight.agent;
    const known = before?.group === group ? before : undefined;
    const since = known?.since ?? this.#o.clock.now();
    if (isSuspected(sight)) {
      if (!isSilenceOnly(sight.findings)) return { group, since };
      return { group, since, silentSince: known?.silentSince ?? this.#o.clock.now() };
    }
    if (!this.#isUnsolved(sight)) return undefined;
    // Nothing is known of it now: what was known stands.
    const silentSince = sight.health === 'unknown' ? known?.silentSince : undefined;
    return { group, since, ...(silentSince === undefined ? {} : { silentSince }) };
  }

  /** Nothing stands against it now, and that has not lasted long enough to believe it. */
  #isUnsolved({ agent, soundForMs }: AgentSight): boolean {
    const incident = this.#o.openFor(agent.id);
    return incident !== undefined && isFailure(incident) && soundForMs < incident.policy.watch.everyMs;
  }

  #put(agentId: AgentId, ailment: Ailment): void {
    const group = this.#groups.get(ailment.group) ?? new Map<AgentId, Ailment>();
    this.#groups.set(ailment.group, group);
    group.set(agentId, ailment);
    this.#groupOf.set(agentId, ailment.group);
  }

  #drop(agentId: AgentId, group: GroupId): void {
    const ailing = this.#groups.get(group);
    ailing?.delete(agentId);
    if (ailing?.size === 0) this.#groups.delete(group);
    this.#groupOf.delete(agentId);
  }
}

function isSuspected({ findings, health }: AgentSight): boolean {
  return (health === 'failed' || health === 'degraded') && findings.some(({ kind }) => kind !== 'not-ready');
}

/** Not one that an operator's order alone opened, and not one that is healed and watched. */
function isFailure({ state, signature }: Incident): boolean {
  return state !== 'watching' && state !== 'resolved' && signature !== 'unknown';
}
