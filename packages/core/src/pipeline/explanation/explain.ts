import type { AgentStatus, Explanation } from '../../contracts/index.ts';
import type { GateVerdict, Incident, Plan, Reason, RuleResult, Storm, TimelineEntry } from '../../model/index.ts';
import { doingOf, bandOf, formatDuration, scoreText, sloTexts } from '../../model/index.ts';
import { seenOf, whyNoIncident, wouldTake } from './explain-agent.ts';
import { pastOf, storyOf, tryOf } from './explain-story.ts';
import type { AgentSight } from '../members/view.ts';

export interface ExplainInput {
  readonly now: number;
  readonly status: AgentStatus | undefined;
  readonly agentId: string;
  readonly incident: Incident | undefined;
  readonly timeline: readonly TimelineEntry[];
  /** What the gate would say now, when something could be done. */
  readonly verdict: GateVerdict | undefined;
  /** The storm it is part of, while that lasts. */
  readonly storm?: Storm;
  /** The agent as decisions see it. */
  readonly sight?: AgentSight;
}

/** Why the guard acted or did not, from what was decided and stored; nothing is decided again. Pure. */
export function explain(input: ExplainInput): Explanation {
  const { status, incident, timeline, verdict, agentId, sight, now } = input;
  const remarks = [...(status?.remarks ?? []), ...judged(incident), ...unopened(status, incident)];
  const stopped = stoppedBy(incident, verdict).map((rule) => rule.reason);
  return {
    subject: { agentId, ...(incident ? { incidentId: incident.id } : {}) },
    summary: summary(input, stopped),
    health: status?.health ?? incident?.health ?? 'unknown',
    decisions: [...[...stopped, ...remarks].map((reason) => ({ reason })), ...timeline.toReversed()],
    wouldChange: [
      ...wouldChange(incident, [...stopped, ...remarks], verdict),
      ...(status && sight && isSound(status, incident) ? wouldTake(sight) : []),
    ],
    ...(verdict ? { rules: verdict.rules } : {}),
    ...(input.storm ? { storm: input.storm } : {}),
    ...(status ? { seen: seenOf(status, sight, now), levels: levelsOf(status) } : {}),
    ...(incident ? { story: storyOf(timeline), incident } : {}),
    timeline,
  };
}

function levelsOf({ score, slo }: AgentStatus): readonly string[] {
  return [`health score ${scoreText(score)}`, ...(slo ? sloTexts(slo) : [])];
}

/** Nothing stands against it, and nothing is under way. */
function isSound(status: AgentStatus, incident: Incident | undefined): boolean {
  return status.findings.length === 0 && (!incident || incident.state === 'resolved');
}

/** Why what stands against it opened no incident. */
function unopened(status: AgentStatus | undefined, incident: Incident | undefined): readonly Reason[] {
  const open = incident !== undefined && incident.state !== 'resolved';
  return !status || open || status.findings.length === 0 ? [] : [whyNoIncident(status)];
}

/** The rules that keep an open incident from being acted on; for another state they only say what they would. */
function stoppedBy(incident: Incident | undefined, verdict: GateVerdict | undefined): readonly RuleResult[] {
  if (incident?.state !== 'open') return [];
  return verdict?.rules.filter((rule) => rule.verdict !== 'proceed') ?? [];
}

/** What a reader has to know of how it was judged: rules that failed, what the past would choose, what is cut short. */
function judged(incident: Incident | undefined): readonly Reason[] {
  if (!incident) return [];
  const plan = lastPlan(incident);
  return [
    ...(incident.assessment?.remarks ?? []),
    ...(plan ? suggestion(plan) : []),
    ...(plan?.shortGrace ? [plan.shortGrace] : []),
  ];
}

/** The plan in hand, else the last one that was tried. */
function lastPlan(incident: Incident): Plan | undefined {
  if (incident.state === 'awaiting-approval') return incident.approval.plan;
  const attempt = 'attempt' in incident ? incident.attempt : undefined;
  return (attempt ?? incident.attempts.at(-1))?.plan;
}

function suggestion(plan: Plan): readonly Reason[] {
  if (!plan.learned) return [];
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

function summary(input: ExplainInput, stopped: readonly Reason[]): string {
  const { status, incident, agentId, sight, now } = input;
  const health = status ? `${agentId} is ${status.health}` : `${agentId} is not known any more`;
  const remarks = (status?.remarks ?? []).map((remark) => ` ${remark.text}`).join('');
  const first = `${health}${status?.heldBy ? `, held (${status.heldBy})` : ''}.${remarks}`;
  const sound = status && isSound(status, incident);
  const parts = [
    first,
    ...unopened(status, incident).map(({ text }) => `No incident is open. ${text}`),
    incident ? story(incident, now) : '',
    incident ? stateSentence(incident, stopped, now) : '',
    input.storm ? stormSentence(input.storm) : '',
    sound && !incident ? 'No incident is open: nothing stands against it.' : '',
    sound ? seenOf(status, sight, now).slice(1).join(' ') : '',
  ];
  return parts.filter((text) => text !== '').join(' ');
}

function stormSentence({ id, memberCount, reason }: Storm): string {
  return `It is one of ${memberCount} agents in storm ${id}, and told of together with them: ${reason.text}`;
}

function story(incident: Incident, now: number): string {
  const { assessment, attempts } = incident;
  const severity = assessment
    ? ` Severity ${assessment.severity} (${bandOf(assessment.severity)}): ${assessment.factors.map((factor) => factor.text).join(', ')}.`
    : '';
  const tried = incident.state === 'resolved' ? '' : attempts.map((attempt) => tryOf(attempt)).join(', then ');
  const past = tried ? ` Tried: ${tried}.` : '';
  return `Incident ${incident.id} opened ${formatDuration(now - incident.openedAt)} ago for "${incident.signature}".${severity}${past}`;
}

function stateSentence(incident: Incident, stopped: readonly Reason[], now: number): string {
  switch (incident.state) {
    case 'open':
      return `Nothing is being done now: ${(stopped[0] ?? incident.because).text}`;
    case 'acting':
      return `A ${doingOf(incident.attempt.plan)} is under way (attempt ${incident.attempt.number}).`;
    case 'watching':
      return `It is being watched for another ${formatDuration(Math.max(0, incident.watch.until - now))}.`;
    case 'awaiting-approval':
      return approvalSentence(incident, now);
    case 'held':
      return `It rests: ${incident.because.text}`;
    case 'escalated': {
      const { acknowledged, reason } = incident;
      const noted = acknowledged ? ` ${acknowledged.by} took note of it.` : ' Nobody has taken note of it yet.';
      return `A person has to take over: ${reason.text}${noted}`;
    }
    case 'resolved':
      return `It is resolved (${incident.outcome}): ${incident.because.text} ${pastOf(incident)}`;
  }
}

function approvalSentence({ id, approval }: Extract<Incident, { state: 'awaiting-approval' }>, now: number): string {
  const { plan, reason, quorum, votes, orderedBy, expiresAt, prepared } = approval;
  const names = [...(orderedBy === undefined ? [] : [orderedBy]), ...votes.map((vote) => vote.by)];
  const agreed = quorum > 1 ? ` ${quorum} persons have to agree; so far: ${names.join(', ') || 'nobody'}.` : '';
  const ready = prepared ? ` ${prepared.ok ? 'Prepared' : 'It could not be done now'}: ${prepared.text}` : '';
  const left = formatDuration(Math.max(0, expiresAt - now));
  return `A ${doingOf(plan)} waits for approval: ${reason.text}${agreed}${ready} It expires in ${left}: praetorian approve ${id}.`;
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
