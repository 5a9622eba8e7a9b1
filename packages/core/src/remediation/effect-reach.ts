import type { AgentId, Effect } from '../model/index.ts';

/**
 * What changes something about the agent: an action, another in its place, a state that takes the place of its own, or that
 * it is told to take no more work.
 */
export function touchesAgent(effect: Effect): boolean {
  if (effect.type === 'agent-call') return effect.call.kind === 'drain';
  return effect.type === 'restore' || affectedBy(effect) !== undefined;
}

/** Whom it changes for good, be it done or half done; `undefined`: nobody. */
export function affectedBy(effect: Effect): readonly AgentId[] | undefined {
  if (effect.type === 'action') return effect.intent.affects;
  return effect.type === 'promote' ? [effect.from, effect.agentId] : undefined;
}
