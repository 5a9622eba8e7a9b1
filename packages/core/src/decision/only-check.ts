import type { EvidenceKind } from '../model/index.ts';
import { expectsHeartbeats } from '../model/index.ts';
import type { GateFacts } from './gate-facts.ts';

type Check = Extract<EvidenceKind, 'probe' | 'orchestrator'>;

/**
 * The check that is the only way in which an agent is heard while it is well (R06 b): it is asked by the guard, or checked by
 * its orchestrator, and not both, and sends no heartbeats that count. `undefined` where it is heard in another way, which
 * then speaks for it. What it would report of itself, as errors, is no such way: that none come shows nothing.
 */
export function onlyCheckOf({
  agent,
  policy,
  beats,
  asked,
}: Pick<GateFacts, 'agent' | 'policy' | 'beats' | 'asked'>): Check | undefined {
  const isChecked = agent.instance?.checked === true;
  if (expectsHeartbeats(policy.heartbeat, beats) || asked === isChecked) return undefined;
  return asked ? 'probe' : 'orchestrator';
}

/** That check, if it fails. One that was never answered well does not count: the agent may be asked at the wrong place. */
export function failedOnlyCheck(facts: GateFacts): Check | undefined {
  const only = onlyCheckOf(facts);
  if (only === 'probe' && !facts.wasAlive) return undefined;
  const fails = facts.findings.some(
    ({ kind, evidence }) => evidence === only && (kind === 'probe-failed' || kind === 'unhealthy'),
  );
  return fails ? only : undefined;
}
