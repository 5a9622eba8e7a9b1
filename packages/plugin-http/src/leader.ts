import type { AgentId, GuardApi } from '@praetorian-guard/core/plugin';

/** Who leads the group of an agent, for one that has to know it. */
export interface Leader {
  readonly epoch: number;
  readonly primary?: AgentId;
}

/** Looked up only for an agent that does not know it. */
export function leaderOf(guard: GuardApi, agentId: AgentId): Leader {
  const { epoch = 0, primary } = guard.agents.get(agentId).leadership ?? {};
  return { epoch, ...(primary === undefined ? {} : { primary }) };
}
