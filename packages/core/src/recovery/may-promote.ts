import type { AgentId, Decision, EpochMs, Ms } from '../model/index.ts';
import { formatDuration } from '../model/index.ts';

/** What is known of a pair at the moment a replica would be promoted. */
export interface PromotionFacts {
  readonly now: EpochMs;
  readonly primary: {
    readonly id: AgentId;
    /**
     * What proves that the old primary writes no more: the orchestrator saw it end (`stopped`) or cut it off
     * (`isolated`). That nothing is heard of it proves nothing.
     */
    readonly fencedBy?: 'stopped' | 'isolated';
  };
  /** `lagMs` is absent when the replica never reported one: missing is not zero (R08). */
  readonly replica: { readonly id: AgentId; readonly lagMs?: Ms; readonly health: string };
  /** Furthest a replica may be behind. */
  readonly maxLagMs: Ms;
  /** The failover before this one; `settledAt` is absent while its watch lasts. */
  readonly last?: { readonly at: EpochMs; readonly settledAt?: EpochMs };
  /** Pause after a failover has settled. */
  readonly restMs: Ms;
}

/**
 * Whether a replica may become the primary (R13): only when the old one is proven stopped or isolated, the replica is
 * near enough, and the failover before has settled. Pure; whoever promotes asks it right before the call.
 */
export function mayPromote(facts: PromotionFacts): Decision<AgentId> {
  const { primary, replica, maxLagMs } = facts;
  if (primary.fencedBy === undefined) {
    const text = `${primary.id} may still be writing: nothing proves that it was stopped or isolated.`;
    return no('not-fenced', text, 'Stop or isolate the old primary first.');
  }
  if (replica.health !== 'healthy')
    return no('replica-unfit', `${replica.id} is ${replica.health}.`, 'Wait for a healthy replica, or choose another.');
  if (replica.lagMs === undefined)
    return no('replica-unfit', `How far ${replica.id} is behind is not known.`, 'Let the replica report its lag.');
  if (replica.lagMs > maxLagMs) {
    const text = `${replica.id} is ${formatDuration(replica.lagMs)} behind; ${formatDuration(maxLagMs)} are allowed.`;
    return no('replica-unfit', text, 'Wait for the replica to catch up, or accept the loss by hand.');
  }
  return rested(facts) ?? promoted(replica.id, primary.fencedBy);
}

function rested({ last, restMs, now }: PromotionFacts): Decision<AgentId> | undefined {
  if (!last) return undefined;
  if (last.settledAt === undefined) {
    const text = `The failover of ${formatDuration(now - last.at)} ago has not settled.`;
    return no('failover-unsettled', text, 'Wait until its watch is over.');
  }
  const leftMs = last.settledAt + restMs - now;
  if (leftMs <= 0) return undefined;
  const text = `The last failover settled ${formatDuration(now - last.settledAt)} ago; the next may come in ${formatDuration(leftMs)}.`;
  return no('failover-unsettled', text, 'Wait, or promote by hand.');
}

function promoted(replicaId: AgentId, by: string): Decision<AgentId> {
  const text = `The old primary is ${by}, and ${replicaId} is near enough.`;
  return { act: true, value: replicaId, reason: { code: 'may-promote', text } };
}

function no(
  code: 'not-fenced' | 'replica-unfit' | 'failover-unsettled',
  text: string,
  remedy: string,
): Decision<AgentId> {
  return { act: false, reason: { code, text, remedy } };
}
