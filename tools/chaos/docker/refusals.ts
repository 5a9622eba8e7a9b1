import type { EngineEvent } from '../../../examples/reference-host/test/docker/engine-log.ts';
import type { FaultKind } from './faults.ts';

/** What the engine and the campaign know when the guard did not heal a fault. */
export interface Situation {
  readonly kind: FaultKind;
  readonly agentId: string;
  readonly groupSize: number;
  readonly now: number;
  /** Of the fleet since everything stood, what was done by hand taken out. */
  readonly events: readonly EngineEvent[];
  /** When faults were done to agents of the group, this one included. */
  readonly faultsInGroup: readonly number[];
  /** When attempts at this agent were begun, by the journal: of one that failed the engine may have seen nothing. */
  readonly attempts: readonly number[];
  /** When the guard was started last. */
  readonly guardStartedAt: number;
  /** Faults that were done to this agent. */
  readonly faultsOfAgent: number;
}

const minute = 60_000;
/** What a respawn weighs, and what a group may use up in 10 minutes and a fleet of this size in an hour (R09). */
const heaviest = 4;
const groupBudget = 7;
const globalBudget = 20;
/** Where only one kind of evidence may speak: what the guard measures, asks or reads, and the engine sees none of it. */
const singly: ReadonlySet<FaultKind> = new Set([
  'errors',
  'image',
  'slow',
  'leak',
  'network',
  'unhealthy',
  'hang',
  'guard-kill',
]);

type Fit = (of: Situation, text: string) => boolean;

const actionsOf = ({ events, now }: Situation, agentIds: (agentId: string) => boolean, withinMs: number): number =>
  events.filter(
    ({ action, agentId, at }) =>
      action === 'start' && agentId !== undefined && agentIds(agentId) && at > now - withinMs,
  ).length;

/**
 * Most that the actions can have weighed that the engine saw: a restart 1, and of one that made a container it does not tell
 * whether it was a recreate (2) or a respawn (4).
 */
function mostWeight({ events, now }: Situation, isOne: (agentId: string) => boolean, withinMs: number): number {
  const within = events.filter(({ agentId, at }) => agentId !== undefined && isOne(agentId) && at > now - withinMs);
  const starts = within.filter(({ action }) => action === 'start').length;
  const made = within.filter(({ action, key }) => action === 'create' && key !== undefined).length;
  return heaviest * made + Math.max(0, starts - made);
}

const ofAgent = (of: Situation, withinMs: number): number =>
  actionsOf(of, (agentId) => agentId === of.agentId, withinMs);

/** What the action weighs that is told not to fit. */
const refusedWeight = (text: string): number => Number(/\(weight (\d+)\)/.exec(text)?.[1] ?? 0);

/** When each reason is right, by what the engine saw. */
const fits: { readonly [code: string]: Fit } = {
  'attempt-budget-exhausted': ({ attempts, now }) =>
    attempts.filter((at) => at > now - 10 * minute).length >= 3 || attempts.length >= 8,
  'group-budget-exhausted': (of, text) => {
    const group = of.agentId.split('.')[0];
    return (
      mostWeight(of, (agentId) => agentId.split('.')[0] === group, 10 * minute) + refusedWeight(text) > groupBudget
    );
  },
  'global-budget-exhausted': (of, text) => mostWeight(of, () => true, 60 * minute) + refusedWeight(text) > globalBudget,
  settling: ({ guardStartedAt, now }) => now - guardStartedAt < minute,
  backoff: (of) => ofAgent(of, 15 * minute) >= 1,
  'fleet-breaker-open': (of) => breakerMayOpen(of),
  'fleet-breaker-half-open': (of) => breakerMayOpen(of),
  'group-in-flight': (of) => of.faultsInGroup.filter((at) => at > of.now - 2 * minute).length >= 2,
  'single-evidence': ({ kind }) => singly.has(kind),
  'progress-veto': ({ kind }) => kind === 'slow',
  'stopped-by-operator': ({ kind }) => kind === 'stopped' || kind === 'paused',
  'slo-alone': ({ kind }) => kind === 'slow' || kind === 'errors' || kind === 'image' || kind === 'guard-kill',
  'follows-workload': (of) => ofAgent(of, 360 * minute) >= 3,
  defect: (of) => of.faultsOfAgent >= 3,
  escalated: (of) => of.faultsOfAgent >= 3,
  'rule-approval': (of) => of.faultsOfAgent >= 3,
  'approval-required': (of) => of.faultsOfAgent >= 3,
  'ladder-exhausted': (of) => ofAgent(of, 10 * minute) >= 1,
  'orchestrator-refused': ({ kind }) => kind === 'paused' || kind === 'port' || kind === 'engine-restart',
  'step-failed': ({ kind }) => kind === 'port' || kind === 'engine-restart',
};

/** `undefined`: the reason is right. Else what is wrong with it. */
export function objectionTo(
  reason: { readonly code: string; readonly text: string } | undefined,
  of: Situation,
): string | undefined {
  if (!reason) return `${of.agentId} (${of.kind}): not healed, and nothing says why`;
  if (fits[reason.code]?.(of, reason.text) === true) return undefined;
  return `${of.agentId} (${of.kind}): not healed because of ${reason.code}, which does not fit: ${reason.text}`;
}

function breakerMayOpen({ faultsInGroup, groupSize, now }: Situation): boolean {
  const lately = faultsInGroup.filter((at) => at > now - 5 * minute).length;
  return lately >= Math.min(3, groupSize) && groupSize > 1;
}
