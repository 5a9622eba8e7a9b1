import type { StoreOp } from '../contracts/index.ts';
import type { LedgerRecord } from '../learning/index.ts';
import { RankingBook } from '../learning/index.ts';
import type { AgentId, Attempt } from '../model/index.ts';
import { currentAttempt } from '../model/index.ts';
import type { IncidentChange } from '../pipeline/incidents/incident-change.ts';
import { Insight } from '../pipeline/judgement/insight.ts';
import { keys } from '../state/keys.ts';
import type { Provider } from './container.ts';
import { core } from './core-tokens.ts';

/** What worked before, per group and failure. */
export function makeRanking(at: Provider): RankingBook {
  return new RankingBook({
    store: at.get(core.store),
    log: at.get(core.log),
    keyOf: (group) => keys.ranking(at.get(core.ownership).shard(group), group),
  });
}

export function makeInsight(at: Provider): Insight {
  return new Insight({
    clock: at.get(core.clock),
    log: at.get(core.incidentLog),
    ranking: at.get(core.ranking),
    groupSize: (group) => at.get(core.sight).groupSize(group),
    dependants: (agentId) => at.get(core.dependencies).dependants(agentId),
    checkpoints: (agentId) => at.get(core.checkpoints).list(agentId),
  });
}

/** Reads the agent's insight before a decision about it; one that left has none. */
export async function prefetchInsight(at: Provider, agentId: AgentId): Promise<void> {
  const group = groupOf(at, agentId);
  if (group !== undefined) await at.get(core.insight).prefetch(agentId, group);
}

/** An outcome is learned in the commit that stores it. */
export function rankingOps(at: Provider, record: LedgerRecord): readonly StoreOp[] {
  const incident = at.get(core.incidentLog).openFor(record.agentId);
  if (!incident) return [];
  return at.get(core.ranking).opsFor(incident.group, underItsName(record, currentAttempt(incident)));
}

/** Told to the memory once it is stored. */
export function rememberRanking(at: Provider, { incident, ledger, decided }: IncidentChange): void {
  for (const record of ledger) at.get(core.ranking).remember(incident.group, underItsName(record, decided.ended));
}

/** The failure as it was named when the rung was chosen: suspicions join while an attempt is under way. */
function underItsName(record: LedgerRecord, attempt: Attempt | undefined): LedgerRecord {
  return record.type === 'attempt' && attempt?.signature !== undefined
    ? { ...record, signature: attempt.signature }
    : record;
}

/** The incident knows the group also when the agent is gone. */
function groupOf(at: Provider, agentId: AgentId): string | undefined {
  const incident = at.get(core.incidentLog).openFor(agentId);
  if (incident) return incident.group;
  const slot = at.get(core.fleet).slotOf(agentId);
  return slot === undefined ? undefined : at.get(core.fleet).agent(slot)?.agent.group;
}
