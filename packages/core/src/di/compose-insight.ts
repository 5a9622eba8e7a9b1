import type { StoreOp } from '../contracts/index.ts';
import type { LedgerRecord } from '../learning/index.ts';
import { RankingBook } from '../learning/index.ts';
import type { Agent, AgentId } from '../model/index.ts';
import { Insight } from '../pipeline/insight.ts';
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
  const fleet = at.get(core.fleet);
  return new Insight({
    clock: at.get(core.clock),
    log: at.get(core.incidentLog),
    ranking: at.get(core.ranking),
    groupSize: (group) => at.get(core.sight).groupSize(group),
    *agents(): Iterable<Agent> {
      for (let slot = 0; slot < fleet.slots; slot += 1) {
        const agent = fleet.agent(slot)?.agent;
        if (agent) yield agent;
      }
    },
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
  const group = groupOf(at, record.agentId);
  return group === undefined ? [] : at.get(core.ranking).opsFor(group, record);
}

/** The incident knows the group also when the agent is gone. */
function groupOf(at: Provider, agentId: AgentId): string | undefined {
  const incident = at.get(core.incidentLog).openFor(agentId);
  if (incident) return incident.group;
  const slot = at.get(core.fleet).slotOf(agentId);
  return slot === undefined ? undefined : at.get(core.fleet).agent(slot)?.agent.group;
}
