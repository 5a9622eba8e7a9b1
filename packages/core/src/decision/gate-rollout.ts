import type { Ms } from '../model/index.ts';
import type { GateFacts, Objection } from './gate-facts.ts';
import { askAgainMs } from './gate-facts.ts';

/** An orchestrator that tells of a rollout only when it is asked is asked again after this: each attempt costs its place in the budget. */
const seenForMs: Ms = 300_000;

/**
 * What is being rolled out is left to who rolls it out (R14), be it ordered or approved before that. What the attempt
 * itself has set going is no reason against its own next step.
 */
export function rollout({ agent, acted, begun, rolloutSeenAt, now }: GateFacts): Objection | undefined {
  if (agent.rollout === undefined && !begun && rolloutSeenAt !== undefined && now < rolloutSeenAt + seenForMs) {
    const text = `The orchestrator refused the last attempt because of a rollout of group ${agent.group}.`;
    const until = rolloutSeenAt + seenForMs;
    return { until, code: 'rollout-in-progress', text, remedy: 'Wait until the rollout is through, or undo it.' };
  }
  if (agent.rollout === undefined || acted) return undefined;
  const isPaused = agent.rollout === 'paused';
  const text = isPaused
    ? `A rollout of group ${agent.group} was paused by hand; its agents are left alone.`
    : `A rollout of group ${agent.group} is in progress; its agents are left to it.`;
  const remedy = isPaused ? 'Resume the rollout, or undo it.' : 'Wait until the rollout is through, or undo it.';
  return { until: now + askAgainMs, code: 'rollout-in-progress', text, remedy };
}
