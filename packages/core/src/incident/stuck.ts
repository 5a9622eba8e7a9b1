import type { Incident, Ms, Reason, ReasonCode } from '../model/index.ts';
import type { DecideFacts } from './event.ts';

/** So long nothing was done for an agent that has failed before people are told that it waits. */
const stuckMs: Ms = 900_000;

/**
 * Waits that are over soon as a rule, and that nothing ends for certain: an inventory that cannot be read, a rollout that
 * stands still. Of the others people know: they asked for them, or are told by a storm.
 */
const endless: ReadonlySet<ReasonCode> = new Set([
  'settling',
  'dependency-failed',
  'rollout-in-progress',
  'recovery-in-progress',
  'group-in-flight',
  'global-in-flight',
  'single-evidence',
]);

/** Whether people have to be told that the agent is down and nothing is done; once for each incident. */
export function isStuck(incident: Incident, { now, health }: DecideFacts, { code }: Reason): boolean {
  const { policy, stuckTold, attempts, openedAt } = incident;
  if (stuckTold || health !== 'failed' || !endless.has(code)) return false;
  if (policy.mode === 'observe' || policy.mode === 'dry-run') return false;
  return now - (attempts.at(-1)?.endedAt ?? openedAt) >= stuckMs;
}
