import type { Approval, EpochMs, Incident, Plan, Reason } from '../model/index.ts';
import { isFlapping, personOf } from '../model/index.ts';
import type { DecideFacts, Decided } from './event.ts';
import { move } from './move.ts';

/** What an approval asked for now is bound to beside its plan; the signature covers it. */
export interface ApprovalTerms {
  readonly quorum: number;
  readonly expiresAt: EpochMs;
  /** The orderer of the plan, as a person. */
  readonly orderedBy?: string;
}

/** The terms of an approval: those it was asked for under, or those it would be asked for under now. */
export function approvalTerms(incident: Incident, now: EpochMs): ApprovalTerms {
  const { quorum, expiresAt, orderedBy } =
    incident.state === 'awaiting-approval' ? incident.approval : freshTerms(incident, now);
  return { quorum, expiresAt, ...(orderedBy === undefined ? {} : { orderedBy }) };
}

function freshTerms({ policy, requested }: Incident, now: EpochMs): ApprovalTerms {
  const expiresAt = now + policy.gate.approvalTtlMs;
  return { quorum: policy.approvals.quorum, expiresAt, ...(requested ? { orderedBy: personOf(requested) } : {}) };
}

/** How too little evidence is called where something has happened. */
const lacking: ReadonlySet<string> = new Set(['single-evidence', 'silent-but-answering']);

/**
 * Where a flag or the severity calls for a person anyway, and nothing but too little evidence stands in the way, they
 * are asked at once: to ask destroys nothing, and without their yes nothing is done on it (R06). After a security
 * incident the agent is out of reach already, so that whatever kind of evidence there is calls them.
 */
export function askedAtOnce(plan: Plan, { verdict, assessment, findings }: DecideFacts): Reason | undefined {
  // Of one that flaps they were told that it does; it is its coming and going that made its failures so many.
  if (isFlapping(findings) && !assessment.dataLossRisk && !assessment.securityIncident) return undefined;
  if (verdict.verdict !== 'wait' || plan.needsApproval?.code !== 'approval-required') return undefined;
  const waits = verdict.rules.filter((rule) => rule.verdict === 'wait');
  const isEvidence = waits.every(
    ({ rule, reason }) => rule === 'evidence' && (assessment.securityIncident || lacking.has(reason.code)),
  );
  if (waits.length === 0 || !isEvidence) return undefined;
  return { ...plan.needsApproval, text: `${plan.needsApproval.text} ${verdict.reason.text}` };
}

/** Asks people for a plan. Nothing is done before enough of them agreed to exactly this. */
export function askApproval(
  incident: Extract<Incident, { state: 'open' }>,
  facts: DecideFacts,
  plan: Plan,
  reason: Reason,
): Decided {
  const terms = approvalTerms(incident, facts.now);
  const approval: Approval = {
    planHash: facts.planHash,
    plan,
    steps: facts.steps,
    reason,
    requestedAt: facts.now,
    ...terms,
    seal: facts.approval.seal,
    votes: [],
  };
  const { planHash, expiresAt, quorum } = approval;
  return move(incident, facts, {
    to: { state: 'awaiting-approval', approval },
    set: { assessment: facts.assessment, health: facts.health, findings: facts.findings, told: false },
    type: 'approval-requested',
    reason,
    data: { rung: plan.rung, planHash, expiresAt, quorum },
    notices: ['approval'],
  });
}
