import type { IncidentFacts } from '../contracts/index.ts';
import type { Assessment, Decision, Ms, Plan, Promotion, Reason, Rung } from '../model/index.ts';
import { failoverOutcome } from '../model/index.ts';
import { isProven } from './proof.ts';
import type { UseWhen } from './use-when.ts';

/** Time to isolate the old primary and to have the replica take over. */
const failoverMs: Ms = 30_000;

/** What the failover is chosen by. */
export interface FailoverChoice {
  readonly facts: IncidentFacts;
  readonly assessment: Assessment;
  readonly table: UseWhen;
  /** The rung that would be taken otherwise. */
  readonly rung: Rung;
}

/**
 * The plan that a replica takes the place of a primary: once it has failed on such evidence as more than a restart needs
 * (R06), as early as the policy says. It heals nothing; the old primary is brought back by the ladder after it.
 */
export function failoverPlan(choice: FailoverChoice): Decision<Plan> | undefined {
  const { facts, assessment, table } = choice;
  const { failover: offer } = facts;
  if (!offer?.act || !isTime(choice)) return undefined;
  const { agent } = facts;
  const { to, epoch } = offer.value;
  const reason: Reason = {
    code: 'failing-over',
    text: `${agent.id}, the primary of group ${agent.group}, has failed: it is isolated, and ${to} takes its place in epoch ${epoch}. ${offer.reason.text}`,
  };
  const needsApproval = approvalFor(assessment, table, offer.value);
  const plan: Plan = {
    rung: 'escalate',
    skipped: [],
    restoreState: false,
    graceMs: 0,
    timeoutMs: failoverMs,
    recommendedAction: 'failover',
    contain: { for: 'failover', reason },
    promotion: offer.value,
    ...(needsApproval ? { needsApproval } : {}),
  };
  return { act: true, value: plan, reason };
}

/** Why no replica takes the place of a primary for which it would be time; nothing where no failover is wanted. */
export function noFailover(choice: FailoverChoice): string {
  const { failover: offer } = choice.facts;
  return offer && !offer.act && isTime(choice) ? ` No failover: ${offer.reason.text}` : '';
}

/** The guard made another the primary of the group in this incident, or it is not known whether it did. */
export function wasFailedOver({ attempts }: Pick<IncidentFacts, 'attempts'>): boolean {
  return attempts.some((attempt) => ['led', 'unknown'].includes(failoverOutcome(attempt) ?? ''));
}

function isTime({ facts, rung }: FailoverChoice): boolean {
  const { health, findings, attempts, policy } = facts;
  const failed = attempts.filter((attempt) => attempt.verdict === 'failed' && attempt.proven).length;
  if (health !== 'failed' || !isProven(findings, failed)) return false;
  return (
    policy.failover?.when === 'at-once' || rung !== 'restart' || attempts.some(({ verdict }) => verdict === 'failed')
  );
}

/** Severity alone asks nobody: that the group has a primary again is not put off. What may lose data is a person's to decide. */
function approvalFor(
  { dataLossRisk, securityIncident, factors }: Assessment,
  { approve }: UseWhen,
  { to }: Promotion,
): Reason | undefined {
  const remedy = 'Approve or reject it.';
  if (dataLossRisk || securityIncident) {
    const name = securityIncident ? 'security-incident' : 'data-loss-risk';
    const why = factors.find((factor) => factor.name === name)?.text ?? name.replaceAll('-', ' ');
    const text = `A person has to approve that ${to} becomes the primary: ${why}.`;
    return { code: 'approval-required', text, remedy };
  }
  if (!approve) return undefined;
  const text = `${approve.name}: ${approve.reason}; a person has to approve that ${to} becomes the primary.`;
  return { code: 'rule-approval', text, remedy };
}
