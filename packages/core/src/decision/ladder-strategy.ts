import type { IncidentFacts, Strategy } from '../contracts/index.ts';
import type { Assessment, Capability, Decision, Plan, Reason, Rung } from '../model/index.ts';
import { bandOf, capabilityFor, rungs } from '../model/index.ts';

/** The rung a band begins on. */
const entry: Readonly<Record<ReturnType<typeof bandOf>, Rung>> = {
  low: 'restart',
  medium: 'recreate',
  high: 'respawn',
  critical: 'escalate',
};

/**
 * The built-in strategy `ladder`. Severity selects the entry rung; within an incident it only climbs; a rung the
 * orchestrator lacks is skipped upward. In band critical a respawn is prepared and a person has to approve it; when
 * nothing is left, a person takes over.
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
    const wanted = climb(facts, entry[bandOf(assessment.severity)]);
    const skipped: Rung[] = [];
    for (const rung of rungs.slice(rungs.indexOf(wanted))) {
      if (rung === 'escalate') return lastRung(facts, assessment, can, skipped);
      if (capabilityFor(can, rung)) return propose(facts, assessment, rung, skipped);
      skipped.push(rung);
    }
    return abstain('ladder-exhausted', 'No rung of the ladder is left.', 'Heal the agent by hand.');
  },
};

/** After failed attempts at least the rung above the last that failed. */
function climb(facts: IncidentFacts, wanted: Rung): Rung {
  const failed = facts.attempts
    .filter((attempt) => attempt.verdict === 'failed')
    .map((attempt) => rungs.indexOf(attempt.plan.rung));
  const above = Math.max(-1, ...failed) + 1;
  return rungs[Math.min(rungs.length - 1, Math.max(rungs.indexOf(wanted), above))] as Rung;
}

function lastRung(
  facts: IncidentFacts,
  assessment: Assessment,
  can: readonly Capability[],
  skipped: readonly Rung[],
): Decision<Plan> {
  const tried = facts.attempts.some((attempt) => attempt.plan.rung === 'respawn' && attempt.verdict === 'failed');
  if (tried || !capabilityFor(can, 'respawn')) {
    return abstain(
      'ladder-exhausted',
      `Every rung was tried or is not to be had (severity ${assessment.severity}).`,
      'Investigate by hand.',
    );
  }
  const proposed = propose(facts, assessment, 'respawn', skipped);
  if (!proposed.act) return proposed;
  const text = `Severity ${assessment.severity} is critical: a person has to approve the respawn.`;
  const needsApproval: Reason = { code: 'approval-required', text, remedy: 'Approve or reject it.' };
  return { ...proposed, value: { ...proposed.value, needsApproval, recommendedAction: 'manual_investigation' } };
}

function propose(
  facts: IncidentFacts,
  assessment: Assessment,
  rung: Exclude<Rung, 'escalate'>,
  skipped: readonly Rung[],
): Decision<Plan> {
  const { ladder } = facts.policy;
  const { timeoutMs, graceMs } = ladder[rung];
  const override = rung === 'respawn' ? ladder.respawn.override : undefined;
  const plan: Plan = {
    rung,
    skipped,
    restoreState: rung === 'restart' ? false : ladder[rung].restoreState,
    graceMs,
    timeoutMs,
    recommendedAction: rung,
    ...(rung === 'respawn' ? { mode: ladder.respawn.mode } : {}),
    ...(override ? { override } : {}),
  };
  const sum = assessment.factors.map((factor) => `${factor.name} ${round(factor.share)}`).join(' + ');
  const past = skipped.length > 0 ? ` (${skipped.join(', ')} not to be had)` : '';
  return {
    act: true,
    value: plan,
    reason: { code: 'rung-chosen', text: `Severity ${assessment.severity} (${sum}): ${rung}${past}.` },
  };
}

function round(share: number): number {
  return Math.round(share * 10) / 10;
}

function abstain(code: 'no-orchestrator' | 'ladder-exhausted', text: string, remedy: string): Decision<Plan> {
  return { act: false, reason: { code, text, remedy } };
}
