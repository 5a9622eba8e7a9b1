import type { Checkpoint, Agent, AgentId, EpochMs, Finding, GroupId, Incident, Learned, Ms } from '../model/index.ts';
import { restoredCheckpoints, signatureOf } from '../model/index.ts';
import type { Clock, IncidentFacts } from '../contracts/index.ts';
import type { RankingBook } from '../learning/index.ts';
import { drawChances } from '../learning/index.ts';
import { isIsolated } from '../incident/index.ts';
import { seededRandom } from '../runtime/index.ts';
import type { IncidentLog } from './incident-log.ts';

/** Who depends on whom is counted anew at most this often, and only while something is decided. */
const countAgainMs: Ms = 10_000;

export interface InsightOptions {
  readonly clock: Clock;
  readonly log: IncidentLog;
  readonly ranking: RankingBook;
  groupSize(group: GroupId): number;
  /** Every agent of the fleet. */
  agents(): Iterable<Agent>;
  checkpoints(agentId: AgentId): Promise<readonly Checkpoint[]>;
}

/** What a decision needs beyond the agent itself: how far the failure reaches, what worked before, what is left to restore. */
export class Insight {
  readonly #o: InsightOptions;
  readonly #restorable = new Map<AgentId, readonly string[]>();
  #dependants: ReadonlyMap<AgentId, number> = new Map();
  #countedMs = -Infinity;

  constructor(options: InsightOptions) {
    this.#o = options;
  }

  /** Reads what `of` answers from memory. */
  async prefetch(agentId: AgentId, group: GroupId): Promise<void> {
    await this.#o.ranking.load(group);
    const incident = this.#o.log.openFor(agentId);
    if (!incident || restoredCheckpoints(attemptsOf(incident)).length === 0) {
      this.#restorable.delete(agentId);
      return;
    }
    const all = await this.#o.checkpoints(agentId);
    const usable = restorableFrom(all, incident, this.#o.clock.now());
    this.#restorable.set(
      agentId,
      usable.map((checkpoint) => checkpoint.id),
    );
  }

  of(
    incident: Incident,
    agent: Agent,
    findings: readonly Finding[],
  ): Pick<IncidentFacts, 'reach' | 'learned' | 'checkpoints' | 'flagged' | 'isolated'> {
    const { agentId, group } = incident;
    const learned = this.#learned(incident, signatureOf(findings));
    const checkpoints = this.#restorable.get(agentId);
    const flagged = flagsOf(incident);
    return {
      reach: {
        groupSize: this.#o.groupSize(group),
        unhealthy: this.#o.log.unresolvedIn(group, agentId),
        dependants: this.#dependantsOf(agentId),
      },
      ...(learned ? { learned } : {}),
      ...(checkpoints ? { checkpoints } : {}),
      ...(flagged ? { flagged } : {}),
      ...(isIsolated(incident, agent.instance) ? { isolated: true } : {}),
    };
  }

  /** One draw for each attempt, however often it is asked: the incident and the attempt are the seed. */
  #learned({ id, group, attempts, policy }: Incident, signature: string): Learned | undefined {
    const mode = policy.learning.ranking;
    if (mode === 'off') return undefined;
    const now = this.#o.clock.now();
    const random = seededRandom(`ranking/${id}/${attempts.length + 1}`, this.#o.clock);
    return { mode, draws: drawChances(this.#o.ranking.talliesOf(group, signature), now, random) };
  }

  #dependantsOf(agentId: AgentId): number {
    const nowMs = this.#o.clock.monotonic();
    if (nowMs - this.#countedMs >= countAgainMs) {
      const counts = new Map<AgentId, number>();
      for (const { dependsOn } of this.#o.agents())
        for (const needed of new Set(dependsOn)) counts.set(needed, (counts.get(needed) ?? 0) + 1);
      this.#dependants = counts;
      this.#countedMs = nowMs;
    }
    return this.#dependants.get(agentId) ?? 0;
  }
}

function flagsOf({ assessment }: Incident): IncidentFacts['flagged'] {
  if (!assessment?.dataLossRisk && !assessment?.securityIncident) return undefined;
  const { dataLossRisk, securityIncident } = assessment;
  return { dataLossRisk, securityIncident };
}

/** Checkpoints that may be restored into an agent whose incident is under way: what it saved since is suspect. Newest first. */
export function restorableFrom(
  all: readonly Checkpoint[],
  { openedAt, policy }: Pick<Incident, 'openedAt' | 'policy'>,
  now: EpochMs,
): readonly Checkpoint[] {
  return all.filter(({ quarantined, at }) => !quarantined && at < openedAt && now - at <= policy.checkpoints.maxAgeMs);
}

function attemptsOf(incident: Incident): Incident['attempts'] {
  const current = incident.state === 'acting' || incident.state === 'watching' ? incident.attempt : undefined;
  return current ? [...incident.attempts, current] : incident.attempts;
}
