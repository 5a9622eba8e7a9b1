import type { IncidentFacts } from '../contracts/index.ts';
import type { Capability, Decision, Plan, Rung } from '../model/index.ts';
import { capabilityFor, rungs } from '../model/index.ts';
import { graceOn } from './hung.ts';

/**
 * The plan of a canary (R16): the smallest rung that is to be had and was not tried in vain on this agent, and never a
 * greater one than was proposed. What a person has to approve they still have to.
 */
export function canaryPlan(
  plan: Plan,
  { can, facts }: { readonly can: readonly Capability[]; readonly facts: IncidentFacts },
): Plan {
  const { ladder } = facts.policy;
  const tried = new Set(
    facts.attempts.filter(({ verdict }) => verdict === 'failed').map((attempt) => attempt.plan.rung),
  );
  const most = rungs.indexOf(plan.rung);
  const rung = rungs.find(
    (one, at): one is Exclude<Rung, 'escalate'> =>
      one !== 'escalate' && at < most && !tried.has(one) && capabilityFor(can, one) !== undefined,
  );
  if (plan.contain || rung === undefined || rung === 'respawn') return plan;
  return {
    rung,
    skipped: [],
    restoreState: rung === 'recreate' && ladder.recreate.restoreState,
    ...graceOn(facts, rung, can),
    timeoutMs: ladder[rung].timeoutMs,
    recommendedAction: plan.recommendedAction === plan.rung ? rung : plan.recommendedAction,
    ...(plan.needsApproval ? { needsApproval: plan.needsApproval } : {}),
  };
}

/** A proposal in the smallest form. */
export function asCanary(proposal: Decision<Plan>, of: Parameters<typeof canaryPlan>[1]): Decision<Plan> {
  if (!proposal.act) return proposal;
  const value = canaryPlan(proposal.value, of);
  if (value === proposal.value) return proposal;
  const text = `${proposal.reason.text} As a canary after a mass failure it gets the smallest action first: ${value.rung}.`;
  return { act: true, value, reason: { ...proposal.reason, text } };
}
