import type { EvidenceKind } from '../model/index.ts';
import type { GateFacts } from './gate-facts.ts';

export type OnlyCheckFacts = Pick<GateFacts, 'agent' | 'findings' | 'policy' | 'beats' | 'asked' | 'wasAlive'>;

/**
 * The check that an agent fails, if it is the only way in which it is heard while it is well (R06 b): it is asked by the
 * guard, or checked by its orchestrator, and not both, and sends no heartbeats that count. `undefined` where it is heard in
 * another way, which then speaks for it, and where it has never answered well: it may be asked at the wrong place. What it
 * would report of itself, as errors, is no such way: that none come shows nothing.
 */
export function onlyCheck(facts: OnlyCheckFacts): EvidenceKind | undefined {
  const { agent, findings, policy, beats, asked, wasAlive } = facts;
  const failed = findings.find(({ kind }) => kind === 'probe-failed' || kind === 'unhealthy')?.evidence;
  const { expect } = policy.heartbeat;
  const isHeard = expect === 'required' || (expect === 'auto' && beats);
  const isChecked = agent.instance?.checked === true;
  if (isHeard || asked === isChecked) return undefined;
  if (asked) return failed === 'probe' && wasAlive ? failed : undefined;
  return failed === 'orchestrator' ? failed : undefined;
}
