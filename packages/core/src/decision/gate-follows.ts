import { formatDuration, signatureOf } from '../model/index.ts';
import type { GateFacts, Objection } from './gate-facts.ts';

/**
 * The same failure followed the agent to its new instances: what is at fault goes along, so moving it on would only
 * spread the damage (R19). A person is asked.
 */
export function follows({
  begun,
  ordered,
  rung,
  moves = 0,
  agent,
  policy,
  findings,
}: GateFacts): Objection | undefined {
  const { movesMax, movesWindowMs } = policy.recurrence;
  if (begun || ordered || (rung !== 'recreate' && rung !== 'respawn') || moves < movesMax) return undefined;
  const text = `The failure "${signatureOf(findings)}" has followed ${agent.id} through ${moves} new instances in ${formatDuration(movesWindowMs)}; a ${rung} would only move it on.`;
  const remedy = 'Look for what goes along with it: input, state, config or image. Then order a respawn.';
  return { code: 'follows-workload', text, remedy };
}
