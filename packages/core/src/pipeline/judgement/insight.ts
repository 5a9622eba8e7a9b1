import type { Checkpoint, Agent, AgentId, EpochMs, Finding, GroupId, Incident, Learned } from '../../model/index.ts';
import { allAttempts, restoredCheckpoints, signatureOf } from '../../model/index.ts';
import type { Clock, IncidentFacts } from '../../contracts/index.ts';
import type { RankingBook } from '../../learning/index.ts';
import { drawChances } from '../../learning/index.ts';
import { isIsolated } from '../../incident/index.ts';
import { seededRandom } from '../../runtime/index.ts';
import type { IncidentLog } from '../incidents/incident-log.ts';

export interface InsightOptions {
  readonly clock: Clock;
  readonly log: IncidentLog;
  readonly ranking: RankingBook;
  groupSize(group: GroupId): number;
  /** How many agents depend on it. */
  dependants(agentId: AgentId): number;
  checkpoints(agentId: AgentId): Promise<readonly Checkpoint[]>;
}

/** What a decision needs beyond the agent itself: how far the failure reaches, what worked before, what is left to restore. */
export class Insight {
  readonly #o: InsightOptions;
  readonly #restorable = new Map<AgentId, readonly string[]>();

  constructor(options: InsightOptions) {
    this.#o = options;
  }

  /** Reads what `of` answers from memory. */
  async prefetch(agentId: AgentId, group: GroupId): Promise<void> {
    await this.#o.ranking.load(group);
    const incident = this.#o.log.openFor(agentId);
    if (!incident || restoredCheckpoints(allAttempts(incident)).length === 0) {
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
        dependants: this.#o.dependants(agentId),
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
