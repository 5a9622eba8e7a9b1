import type { AgentStatus, Explanation } from '../contracts/index.ts';
import type { GateVerdict, Incident, Reason, RuleResult, TimelineEntry } from '../model/index.ts';
import { bandOf, formatDuration } from '../model/index.ts';

export interface ExplainInput {
  readonly now: number;
  readonly status: AgentStatus | undefined;
  readonly agentId: string;
  readonly incident: Incident | undefined;
  readonly timeline: readonly TimelineEntry[];
  /** What the gate would say now, when something could be done. */
  readonly verdict: GateVerdict | undefined;
}

/** Why the guard acted or did not, from what was decided and stored; nothing is decided again. Pure. */
export function explain(input: ExplainInput): Explanation {
  const { status, incident, timeline, verdict, agentId } = input;
  const remarks = status?.remarks ?? [];
  const stopped = verdict?.rules.filter((rule) => rule.verdict !== 'proceed') ?? [];
  return {
    subject: { agentId, ...(incident ? { incidentId: incident.id } : {}) },
    summary: summary(input, stopped),
    health: status?.health ?? incident?.health ?? 'unknown',
    decisions: [
      ...stopped.map((rule) => ({ reason: rule.reason })),
      ...remarks.map((reason) => ({ reason })),
      ...judged(incident).map((reason) => ({ reason })),
      ...timeline.toReversed(),
    ],
    wouldChange: wouldChange(
      incident,
      [...stopped.map((rule) => rule.reason), ...remarks, ...judged(incident)],
      verdict,
    ),
    ...(incident ? { incident } : {}),
    timeline,
  };
}

/** What a reader has to know of how it was judged: rules that failed, and what the past would choose. */
function judged(incident: Incident | undefined): readonly Reason[] {
  if (!incident) return [];
  return [...(incident.assessment?.remarks ?? []), ...suggestion(incident)];
}

function suggestion(incident: Incident): readonly Reason[] {
  const attempt = 'attempt' in incident ? incident.attempt : undefined;
  const plan =
    incident.state === 'awaiting-approval' ? incident.approval.plan : (attempt ?? incident.attempts.at(-1))?.plan;
  if (!plan?.learned) return [];
  const { mode, would, ladder, draws } = plan.learned;
  const figures = draws
    .map(
      ({ rung, chance, healed, failed }) =>
        `${rung} ${chance.toFixed(2)} (${healed.toFixed(1)} healed, ${failed.toFixed(1)} not)`,
    )
    .join(', ');
  const verb = mode === 'on' ? 'chose' : 'would choose';
  const text = `What worked before ${verb} a ${would}; the ladder's own choice is a ${ladder}. Drawn: ${figures}.`;
  return [{ code: mode === 'on' ? 'ranking-chosen' : 'ranking-suggested', text }];
}

function summary(input: ExplainInput, stopped: readonly RuleResult[]): string {
  const { status, incident, agentId } = input;
  const health = status ? `${agentId} is ${status.health}` : `${agentId} is not known any more`;
  const remarks = (status?.remarks ?? []).map((remark) => ` ${remark.text}`).join('');
  const first = `${health}${status?.heldBy ? `, held (${status.heldBy})` : ''}.${remarks}`;
  if (!incident)
    return `${first} ${status && status.findings.length > 0 ? suspicion(status) : 'No incident is open: nothing stands against it.'}`;
  return [first, story(incident, input.now), stateSentence(incident, stopped, input.now)]
    .filter((text) => text !== '')
    .join(' ');
}

function suspicion(status: AgentStatus): string {
  return `Suspected, without an incident so far: ${status.findings.map((finding) => finding.text).join('; ')}.`;
}

function story(incident: Incident, now: number): string {
  const { assessment, attempts } = incident;
  const severity = assessment
    ? ` Severity ${assessment.severity} (${bandOf(assessment.severity)}): ${assessment.factors.map((factor) => factor.text).join(', ')}.`
    : '';
  const tried = attempts.map((attempt) => `${attempt.plan.rung} ${attempt.verdict ?? 'under way'}`).join(', then ');
  const past = tried ? ` Tried: ${tried}.` : '';
  return `Incident ${incident.id} opened ${formatDuration(now - incident.openedAt)} ago for "${incident.signature}".${severity}${past}`;
}

function stateSentence(incident: Incident, stopped: readonly RuleResult[], now: number): string {
  switch (incident.state) {
    case 'open': {
      const why = stopped[0]?.reason ?? incident.because;
      return `Nothing is being done now: ${why.text}`;
    }
    case 'acting':
      return `A ${incident.attempt.plan.rung} is under way (attempt ${incident.attempt.number}).`;
    case 'watching':
      return `It is being watched for another ${formatDuration(Math.max(0, incident.watch.until - now))}.`;
    case 'awaiting-approval':
      return `A ${incident.approval.plan.rung} waits for approval: ${incident.approval.reason.text}`;
    case 'held':
      return `It rests: ${incident.because.text}`;
    case 'escalated':
      return `A person has to take over: ${incident.reason.text}`;
    case 'resolved':
      return `It is resolved (${incident.outcome}): ${incident.because.text}`;
  }
}

function wouldChange(
  incident: Incident | undefined,
  reasons: readonly Reason[],
  verdict: GateVerdict | undefined,
): readonly string[] {
  const remedies = [...reasons, ...(incident ? [reasonOf(incident)] : []), ...(verdict ? [verdict.reason] : [])]
    .map((reason) => reason.remedy)
    .filter((remedy) => remedy !== undefined);
  return [...new Set(remedies)];
}

function reasonOf(incident: Incident): Reason {
  return incident.state === 'escalated'
    ? incident.reason
    : incident.state === 'awaiting-approval'
      ? incident.approval.reason
      : incident.because;
}
