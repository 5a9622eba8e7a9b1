import type { AgentId, GroupId } from './agent.ts';
import type { Reason } from './reason.ts';
import type { EpochMs, Ms } from './units.ts';
import { formatDuration } from './units.ts';

export type HoldScope =
  | { readonly kind: 'fleet' }
  | { readonly kind: 'group'; readonly group: GroupId }
  | { readonly kind: 'agent'; readonly agentId: AgentId };

/**
 * A "leave it alone": stops remediation, and as maintenance also paging; never monitoring. An operator's is durable; a
 * window of maintenance comes from the config and is one while it is open.
 */
export interface Hold {
  readonly id: string;
  /** [`hold`: an operator placed it] */
  readonly kind?: 'hold' | 'window';
  readonly scope: HoldScope;
  readonly reason: string;
  readonly by: string;
  readonly at: EpochMs;
  /** Every hold ends. */
  readonly until: EpochMs;
  readonly maintenance: boolean;
}

/** Times in which nothing is repaired, because people are at work; from the config. */
export interface MaintenanceWindow {
  /** When it begins: five fields, read in the time zone. */
  readonly cron: string;
  readonly timeZone: string;
  readonly durationMs: Ms;
  readonly scope: {
    readonly fleet: boolean;
    readonly groups: readonly GroupId[];
    readonly agents: readonly AgentId[];
  };
  readonly reason: string;
  /** Whether people are told of what happens in it. */
  readonly paging: boolean;
}

/** Whether a hold covers an agent at a moment. */
export function covers(hold: Hold, agentId: AgentId, group: GroupId, now: EpochMs): boolean {
  if (hold.until <= now) return false;
  if (hold.scope.kind === 'fleet') return true;
  return hold.scope.kind === 'group' ? hold.scope.group === group : hold.scope.agentId === agentId;
}

/** Why nothing is done while a window of maintenance is open. */
export function windowReason({ reason, until }: Hold, now: EpochMs): Reason {
  return {
    code: 'maintenance-window',
    text: `Maintenance ("${reason}") lasts another ${formatDuration(until - now)}.`,
    remedy: 'Wait for its end, or change it under maintenance in the config.',
  };
}
