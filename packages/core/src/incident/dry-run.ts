import type { Incident, Ms, Plan, Reason } from '../model/index.ts';
import { doingOf, canonicalJson } from '../model/index.ts';
import type { DecideFacts, Decided } from './event.ts';
import { move, unchanged } from './move.ts';

type Open = Extract<Incident, { state: 'open' }>;

/** How often the decision is made again while nothing changes. */
const againMs: Ms = 30_000;

/**
 * What stands in the way beside the mode, when the mode is dry-run (R27): the decision walks the whole path, and says
 * what it would have come to without the mode. `undefined`: nothing else does, so the guard would have acted.
 */
export function objectionBeside({
  verdict,
}: DecideFacts): { readonly until: number; readonly reason: Reason } | undefined {
  const others = verdict.rules.filter(({ rule, verdict: said }) => rule !== 'mode' && said === 'wait');
  const longest = others.reduce((a, b) => ((b.untilMs ?? 0) > (a?.untilMs ?? -1) ? b : a), others[0]);
  return longest && { until: longest.untilMs ?? 0, reason: longest.reason };
}

/** Whether a wait is one for the mode dry-run. */
export function isDryRun({ verdict }: DecideFacts): boolean {
  return verdict.rules.some(({ rule, reason }) => rule === 'mode' && reason.code === 'mode-dry-run');
}

/** The record of what would have been done, once for each change of it; the first rung only, since nothing comes of it. */
export function wouldHave(
  incident: Open,
  facts: DecideFacts,
  of: { readonly plan: Plan; readonly reason: Reason; readonly approval: Reason | undefined },
): Decided {
  const { plan, reason, approval } = of;
  const verb = doingOf(plan);
  const steps = facts.steps.map(({ id }) => id);
  const plain = { rung: plan.rung, verb, steps, approval: approval !== undefined, instance: facts.instance?.id ?? '' };
  const nextAt = facts.now + againMs;
  const fingerprint = canonicalJson(plain);
  const isTold = incident.wouldHave === fingerprint && incident.because.code === 'mode-dry-run';
  if (isTold) return { ...unchanged(incident), incident: { ...incident, nextAt } };
  const wish = approval ? `ask a person to approve a ${verb} of` : plan.promotion ? 'fail over' : verb;
  return move(incident, facts, {
    to: { state: 'open', nextAt },
    set: { assessment: facts.assessment, health: facts.health, findings: facts.findings, wouldHave: fingerprint },
    type: 'would-have',
    reason: {
      code: 'mode-dry-run',
      text: `In mode dry-run: the guard would ${wish} ${incident.agentId} now. ${(approval ?? reason).text}`,
      remedy: `Set groups.${incident.group}.mode to auto or approve.`,
    },
    data: { ...plain, severity: facts.assessment.severity },
  });
}
