import type { AgentId, GroupId } from './agent.ts';
import type { EpochMs } from './units.ts';

export type HoldScope =
  | { readonly kind: 'fleet' }
  | { readonly kind: 'group'; readonly group: GroupId }
  | { readonly kind: 'agent'; readonly agentId: AgentId };

/** An operator's "leave it alone": stops remediation, and as maintenance also paging; never monitoring. Durable. */
export interface Hold {
  readonly id: string;
  readonly scope: HoldScope;
  readonly reason: string;
  readonly by: string;
  readonly at: EpochMs;
  /** Every hold ends. */
  readonly until: EpochMs;
  readonly maintenance: boolean;
}

/** Whether a hold covers an agent at a moment. */
export function covers(hold: Hold, agentId: AgentId, group: GroupId, now: EpochMs): boolean {
  if (hold.until <= now) return false;
  if (hold.scope.kind === 'fleet') return true;
  return hold.scope.kind === 'group' ? hold.scope.group === group : hold.scope.agentId === agentId;
}
