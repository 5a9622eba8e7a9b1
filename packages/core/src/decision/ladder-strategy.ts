import type { IncidentFacts, Strategy } from '../contracts/index.ts';
import type { Assessment, Capability, Decision, Finding, Plan, Reason, Rung } from '../model/index.ts';
import { capabilityFor, foreseenOnly, leavesAlternative, restoredCheckpoints, rungs } from '../model/index.ts';
import { failoverPlan, noFailover, wasFailedOver } from './failover-plan.ts';
import { graceOn } from './hung.ts';
import type { Entry } from './ladder-entry.ts';
import { entryRung } from './ladder-entry.ts';
import type { UseWhen } from './use-when.ts';
import { useWhen } from './use-when.ts';

type Doing = Exclude<Rung, 'escalate'>;

/** Severity from which nothing is done without a person, also below it for a failure nobody knows. */
const critical = 9;
const unknownAsksFrom = 7;
/** An attempt that only puts the agent out of harm's way is over after this, done or not. */
const containMs = 30_000;

/**
 * The built-in strategy `ladder`. Severity selects the entry rung, lines of the table "use when" and what was learned
 * may move it within their limits (`entryRung`); within an incident it only climbs; a rung the orchestrator lacks is
 * skipped upward. A primary that failed gives its place to a replica before more than a restart is done to it, or at
 * once, as the policy says. A respawn with restored state that did not heal is tried once more another way. In band
 * critical a respawn is prepared and a person has to approve it; when nothing is left, a person takes over.
 */
export const ladderStrategy: Strategy = {
  propose(facts: IncidentFacts, assessment: Assessment, can: readonly Capability[]): Decision<Plan> {
    if (can.length === 0) {
      return abstain(
        'no-orchestrator',
        `No orchestrator can act on ${facts.agent.id}.`,
        'Run it by an orchestrator plugin, or heal it by hand.',
      );
    }
    if (assessment.securityIncident && !facts.isolated && !wasContained(facts) && !isLastOne(facts))
      return isolateFirst(facts, assessment);
    const given: Given = { facts, assessment, can, table: useWhen(facts) };
    const again = alternative(given);
    if (again) return asking(given, again);
    const entry = entryRung(facts, assessment, given);
    const over = failoverPlan({ ...given, rung: entry.rung });
    if (over) return over;
    const skipped: Rung[] = [];
    for (const rung of rungs.slice(rungs.indexOf(entry.rung))) {
      if (rung === 'escalate') return lastRung(given, skipped);
      if (capabilityFor(can, rung)) return asking(given, propose(given, { ...entry, rung }, skipped));
      skipped.push(rung);
    }
    return exhausted(assessment);
  },
};

interface Given {
  readonly facts: IncidentFacts;
  readonly assessment: Assessment;
  readonly can: readonly Capability[];
  readonly table: UseWhen;
}

interface Proposed {
  readonly plan: Plan;
  readonly reason: Reason;
}

/** Nothing that destroys evidence before a person agreed: the agent is put out of reach, and then they are asked. */
function isolateFirst({ agent }: IncidentFacts, { factors }: Assessment): Decision<Plan> {
  const why = factors.find((factor) => factor.name === 'security-incident')?.text ?? 'a security incident is suspected';
  const reason: Reason = {
    code: 'security-incident',
    text: `${agent.id} is isolated and its evidence secured: ${why}.`,
    remedy: 'Investigate it; then approve the respawn, or resolve the incident to bring the agent back.',
  };
  return { act: true, value: containment('security', reason), reason };
}

/** Nobody else of its group is well: to isolate it, too, would end the service, and that is a person's decision. */
function isLastOne({ reach }: IncidentFacts): boolean {
  return reach !== undefined && reach.groupSize > 1 && reach.unhealthy >= reach.groupSize - 1;
}

function wasContained({ attempts }: IncidentFacts): boolean {
  return attempts.some((attempt) => attempt.plan.contain?.for === 'security');
}

/** A plan that heals nothing and destroys nothing. */
export function containment(of: 'security' | 'safe-state' | 'return', reason: Reason): Plan {
  return {
    rung: 'escalate',
    skipped: [],
    restoreState: false,
    graceMs: 0,
    timeoutMs: containMs,
    recommendedAction: 'manual_investigation',
    contain: { for: of, reason },
  };
}

/**
 * A respawn with restored state did not heal: perhaps the state is at fault. Once more with a checkpoint from before
 * the suspect ones, or with none, as the policy says; without an older checkpoint there is no alternative.
 */
function alternative(given: Given): Proposed | undefined {
  const { facts, can } = given;
  const { ladder } = facts.policy;
  const last = facts.attempts.findLast((attempt) => attempt.verdict === 'failed');
  if (!last || !leavesAlternative(last, ladder) || !capabilityFor(can, 'respawn')) return undefined;
  const avoid = restoredCheckpoints(facts.attempts);
  const older = facts.checkpoints?.find((id) => !avoid.includes(id));
  const variant = ladder.respawn.alternative;
  if (variant === 'none' || (variant === 'older-checkpoint' && older === undefined)) return undefined;
  const how = variant === 'older-checkpoint' ? `the older checkpoint ${older}` : 'no restored state';
  const plan: Plan = {
    ...basePlan(given, 'respawn', []),
    restoreState: variant === 'older-checkpoint',
    variant,
    avoid,
  };
  const text = `The respawn with ${avoid.join(', ')} did not heal it; once more with ${how}.`;
  return { plan, reason: { code: 'rung-chosen', text } };
}

function lastRung(given: Given, skipped: readonly Rung[]): Decision<Plan> {
  const { facts, assessment, can } = given;
  const tried = facts.attempts.some((attempt) => attempt.plan.rung === 'respawn' && attempt.verdict === 'failed');
  if (tried || !capabilityFor(can, 'respawn')) return exhausted(assessment);
  return asking(given, propose(given, { rung: 'respawn', because: '' }, skipped));
}

function propose(given: Given, entry: Entry & { readonly rung: Doing }, skipped: readonly Rung[]): Proposed {
  const { facts, assessment } = given;
  const { rung, because, learned } = entry;
  const sum = assessment.factors.map((factor) => `${factor.name} ${round(factor.share)}`).join(' + ');
  const past = skipped.length > 0 ? ` (${skipped.join(', ')} not to be had)` : '';
  const foreseen = rung === 'restart' ? foreseenOnly(facts.findings) : undefined;
  if (foreseen) return { plan: basePlan(given, rung, skipped), reason: beforehand(foreseen) };
  return {
    plan: { ...basePlan(given, rung, skipped), ...(learned ? { learned } : {}) },
    reason: {
      code: 'rung-chosen',
      text: `Severity ${assessment.severity} (${sum}): ${rung}${past}${because}.${noFailover({ ...given, rung })}`,
    },
  };
}

function beforehand({ agentId, text }: Finding): Reason {
  return { code: 'predicted-failure', text: `Of ${agentId} it is foreseen: ${text}. It is restarted before that.` };
}

function basePlan({ facts, can }: Given, rung: Doing, skipped: readonly Rung[]): Plan {
  const { ladder } = facts.policy;
  const override = rung === 'respawn' ? ladder.respawn.override : undefined;
  return {
    rung,
    skipped,
    // Who was primary gets its state from the one that is: its own is older by what came since.
    restoreState: rung === 'restart' || wasFailedOver(facts) ? false : ladder[rung].restoreState,
    ...graceOn(facts, rung, can),
    timeoutMs: ladder[rung].timeoutMs,
    recommendedAction: rung,
    ...(rung === 'respawn' ? { mode: ladder.respawn.mode } : {}),
    ...(override ? { override } : {}),
  };
}

/** A rule may always ask for a person, and none can do without one where severity or a flag asks. */
function asking({ assessment, table }: Given, { plan, reason }: Proposed): Decision<Plan> {
  const needsApproval = approvalFor(assessment, table, plan.rung);
  if (!needsApproval) return { act: true, value: plan, reason };
  return {
    act: true,
    value: { ...plan, needsApproval, recommendedAction: 'manual_investigation' },
    reason,
  };
}

function approvalFor(
  { severity, unknown, signature }: Assessment,
  { approve }: UseWhen,
  rung: Rung,
): Reason | undefined {
  const remedy = 'Approve or reject it.';
  if (severity >= critical) {
    const text = `Severity ${severity} is critical: a person has to approve the ${rung}.`;
    return { code: 'approval-required', text, remedy };
  }
  if (unknown && severity >= unknownAsksFrom) {
    const text = `Nobody knows the failure ${signature}, and severity ${severity} is high: a person has to approve the ${rung}.`;
    return { code: 'unknown-failure', text, remedy };
  }
  if (!approve) return undefined;
  const text = `${approve.name}: ${approve.reason}; a person has to approve the ${rung}.`;
  return { code: 'rule-approval', text, remedy };
}

function round(share: number): number {
  return Math.round(share * 10) / 10;
}

function exhausted({ severity }: Assessment): Decision<Plan> {
  const text = `Every rung was tried or is not to be had (severity ${severity}).`;
  return abstain('ladder-exhausted', text, 'Investigate by hand.');
}

function abstain(code: 'no-orchestrator' | 'ladder-exhausted', text: string, remedy: string): Decision<Plan> {
  return { act: false, reason: { code, text, remedy } };
}
