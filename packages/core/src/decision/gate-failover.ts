import type { GateFacts, Objection } from './gate-facts.ts';

/** A replica that is unfit now may be heard of in a moment, as after a restart of the guard. */
const lookAgainMs = 1_000;

/**
 * Fence before promote (R13): asked when the plan is made, before the primary is fenced, and again right before the replica
 * is called. For a replica to be fit is waited as long as the attempt has time; what else stands against it stands.
 */
export function failover({ promotion, now }: GateFacts): Objection | undefined {
  if (!promotion || promotion.act) return undefined;
  const { code, text, remedy = 'Nothing; the ladder goes on with the old primary.' } = promotion.reason;
  return { ...(code === 'replica-unfit' ? { until: now + lookAgainMs } : {}), code, text, remedy };
}
