import { wasFailedOver } from '../../decision/failover-plan.ts';
import { containment } from '../../decision/ladder-strategy.ts';
import type { IncidentFacts } from '../../contracts/index.ts';
import type { DecideFacts } from '../../incident/index.ts';
import type { Assessment, Capability, Decision, GateVerdict, Incident, Plan, Reason, Rung } from '../../model/index.ts';
import {
  allAttempts,
  capabilityFor,
  currentAttempt,
  leavesAlternative,
  restoredCheckpoints,
} from '../../model/index.ts';
import { stepsFor } from '../../recovery/genesis.ts';

export interface ProspectsInput {
  readonly incident: Incident;
  readonly facts: IncidentFacts;
  readonly can: readonly Capability[];
  readonly proposal: Decision<Plan>;
  readonly verdict: GateVerdict;
  /** What the gate says of an action that heals nothing and is not charged. */
  gateOfContainment(rung: Rung): GateVerdict;
  /** The agent says that it is not the primary any more. */
  hasSteppedDown(): boolean;
  /** Somebody else of the group takes its work. */
  hasHealthyPeer(): boolean;
}

type Prospects = Pick<DecideFacts, 'safeState' | 'comeBack' | 'alternative'>;

/** What can be done when the ladder has no more to offer, or when an isolated agent is to come back. */
export function prospects(input: ProspectsInput): Prospects {
  return { ...safeState(input), ...comeBack(input), ...alternative(input) };
}

/** Isolation as the safe state: once per incident, only where the guard may act, and not the last that does the work. */
function safeState(input: ProspectsInput): Prospects {
  const { incident, facts, can, proposal, verdict } = input;
  const { ladder, mode } = incident.policy;
  const reason = verdict.verdict === 'refuse' ? verdict.reason : proposal.reason;
  if (incident.requested || !isExhausted(reason)) return {};
  if (ladder.safeState !== 'isolate' || mode !== 'auto' || facts.isolated) return {};
  if (!capabilityFor(can, 'isolate') || incident.attempts.some(({ plan }) => plan.contain?.for === 'safe-state'))
    return {};
  if (facts.health !== 'failed' && !input.hasHealthyPeer()) return {};
  if (input.gateOfContainment('escalate').verdict !== 'proceed') return {};
  const plan = containment('safe-state', reason);
  return { safeState: { plan, steps: stepsFor(plan, can, 0) } };
}

/** No rung or no attempt is left (R09). Too little evidence is no exhaustion: then nothing at all is done to the agent. */
function isExhausted({ code }: Reason): boolean {
  return code === 'ladder-exhausted' || code === 'attempt-budget-exhausted';
}

function comeBack(input: ProspectsInput): Prospects {
  const { incident, facts, can } = input;
  if (!facts.isolated || !capabilityFor(can, 'reinstate')) return {};
  // The instance that was primary may still take itself for it, unless it says that it does not.
  const mayClaim = wasFailedOver(facts) && !input.hasSteppedDown();
  const isFresh = mayClaim && capabilityFor(can, 'recreate') !== undefined;
  const how = isFresh ? ' as a fresh instance' : '';
  const reason: Reason = { code: 'returning', text: `${facts.agent.id} is brought back from isolation${how}.` };
  const { timeoutMs, graceMs } = incident.policy.ladder.recreate;
  const plan: Plan = {
    ...containment('return', reason),
    ...(isFresh ? { rung: 'recreate', timeoutMs, graceMs } : {}),
  };
  return { comeBack: { plan, steps: stepsFor(plan, can, 0), verdict: input.gateOfContainment(plan.rung) } };
}

/** Whether the attempt under way leaves another way on the same rung, which is to be had. */
function alternative({ incident, facts }: ProspectsInput): Prospects {
  const attempt = currentAttempt(incident);
  const { ladder } = incident.policy;
  if (!attempt || !leavesAlternative(attempt, ladder)) return {};
  if (ladder.respawn.alternative === 'without-state') return { alternative: true };
  const avoid = restoredCheckpoints(allAttempts(incident));
  return facts.checkpoints?.some((id) => !avoid.includes(id)) ? { alternative: true } : {};
}

/** The flags and figures of an assessment that could not be made as the config wants it. */
export function remarksText({ remarks = [] }: Assessment): string | undefined {
  return remarks.length === 0 ? undefined : remarks.map((remark) => remark.text).join(' ');
}
