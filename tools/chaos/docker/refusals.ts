import type { EngineEvent } from '../../../examples/reference-host/test/docker/engine-log.ts';
import type { FaultKind } from './faults.ts';

/** What the engine and the campaign know when the guard did not heal a fault. */
export interface Situation {
  readonly kind: FaultKind;
  readonly agentId: string;
  readonly groupSize: number;
  readonly now: number;
  /** All events of the fleet, those of the campaign's own doing taken out. */
  readonly events: readonly EngineEvent[];
  /** When faults were done to agents of the group, this one included. */
  readonly faultsInGroup: readonly number[];
  /** Faults that were done to this agent. */
  readonly faultsOfAgent: number;
}

const minute = 60_000;
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

type Fit = (of: Situation) => boolean;

const actionsOf = ({ events, now }: Situation, agentIds: (agentId: string) => boolean, withinMs: number): number =>
  events.filter(
    ({ action, agentId, at }) =>
      action === 'start' && agentId !== undefined && agentIds(agentId) && at > now - withinMs,
  ).length;

const ofAgent = (of: Situation, withinMs: number): number =>
  actionsOf(of, (agentId) => agentId === of.agentId, withinMs);

/**
 * When each reason is right, by what the engine saw. Weights are not in its events, so a budget counts as used up from the
 * fewest actions that can have done it: those of weight 4 leave too little for another.
 */
const fits: { readonly [code: string]: Fit } = {
  'attempt-budget-exhausted': (of) => ofAgent(of, 10 * minute) >= 3 || ofAgent(of, 24 * 60 * minute) >= 8,
  'group-budget-exhausted': (of) => {
    const group = of.agentId.split('.')[0];
    return actionsOf(of, (agentId) => agentId.split('.')[0] === group, 10 * minute) >= 1;
  },
  'global-budget-exhausted': (of) => actionsOf(of, () => true, 60 * minute) >= 5,
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
export function objectionTo(code: string | undefined, of: Situation): string | undefined {
  if (code === undefined) return `${of.agentId} (${of.kind}): not healed, and nothing says why`;
  const fit = fits[code];
  if (fit?.(of) === true) return undefined;
  return `${of.agentId} (${of.kind}): not healed because of ${code}, which does not fit`;
}

function breakerMayOpen({ faultsInGroup, groupSize, now }: Situation): boolean {
  const lately = faultsInGroup.filter((at) => at > now - 5 * minute).length;
  return lately >= Math.min(3, groupSize) && groupSize > 1;
}
