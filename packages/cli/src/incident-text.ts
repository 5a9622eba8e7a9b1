import {
  type Attempt,
  bandOf,
  type ConfigOverride,
  doingOf,
  formatDuration,
  type Incident,
} from '@praetorian-guard/core/plugin';
import type { Style } from './style.ts';
import { facts, moment, stateWord } from './words.ts';

/** An incident in full, for people. */
export function incidentText(style: Style, incident: Incident): string {
  const { assessment } = incident;
  const attempts =
    'attempt' in incident && incident.attempt ? [...incident.attempts, incident.attempt] : incident.attempts;
  return [
    facts(style, [
      ['incident', incident.id],
      ['agent', `${incident.agentId} of ${incident.group}`],
      ['state', stateWord(style, incident)],
      ['why', incident.because.text],
      ['remedy', incident.because.remedy],
      ['opened', moment(incident.openedAt)],
      ['took', incident.state === 'resolved' ? formatDuration(incident.resolvedAt - incident.openedAt) : undefined],
      ['signature', incident.signature],
      ['severity', assessment && `${assessment.severity} (${bandOf(assessment.severity)})`],
      ['continues', incident.continues],
      ['acknowledged', incident.acknowledged && `by ${incident.acknowledged.by}, ${moment(incident.acknowledged.at)}`],
      ...approvalFacts(incident),
    ]),
    ...(assessment?.factors ?? []).map((factor) => `  ${signed(factor.share)}  ${factor.text}`),
    ...incident.findings.map((finding) => `${style.warn('finding')}  ${finding.text}`),
    ...attempts.map((attempt) => attemptText(style, attempt)),
  ].join('\n');
}

function approvalFacts(incident: Incident): (readonly [string, string])[] {
  if (incident.state !== 'awaiting-approval') return [];
  const { plan, reason, planHash, expiresAt, quorum, votes, orderedBy, prepared } = incident.approval;
  const names =
    [...(orderedBy === undefined ? [] : [orderedBy]), ...votes.map((vote) => vote.by)].join(', ') || 'nobody';
  return [
    ['to approve', `${doingOf(plan)}: ${reason.text}`],
    ...(plan.override ? [['with settings', settingsText(plan.override)] as const] : []),
    ['plan hash', planHash],
    ['expires', moment(expiresAt)],
    ['agreed', `${names} (${quorum} needed)`],
    ...(prepared ? [[prepared.ok ? 'prepared' : 'not possible now', prepared.text] as const] : []),
  ];
}

/** What the new instance gets instead of what the old one had. Of the environment the names: a value may be long. */
function settingsText({ env, ...rest }: ConfigOverride): string {
  const settings = Object.entries(rest).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return [...settings, ...(env ? [`env ${Object.keys(env).join(', ')}`] : [])].join(', ');
}

function attemptText(style: Style, attempt: Attempt): string {
  const took = attempt.endedAt === undefined ? '' : ` in ${formatDuration(attempt.endedAt - attempt.startedAt)}`;
  const verdict = attempt.verdict ?? 'under way';
  const skipped = attempt.plan.skipped.length > 0 ? `, past ${attempt.plan.skipped.join(', ')}` : '';
  const steps = attempt.steps.map((step) => `  ${step.id}  ${outcomeOf(step)}`);
  const head = `${style.strong(`attempt ${attempt.number}`)}  ${doingOf(attempt.plan)}${skipped}: ${verdict}${took}`;
  return [head, ...steps].join('\n');
}

/** What became of a step, in a word or a sentence. */
function outcomeOf(step: Attempt['steps'][number]): string {
  if (step.state === 'skipped') return `skipped: ${step.reason.text}`;
  if (step.state !== 'finished') return step.state;
  const { receipt } = step;
  return receipt.result === 'succeeded' ? 'done' : `${receipt.result}: ${receipt.text}`;
}

function signed(share: number): string {
  return `${share >= 0 ? '+' : ''}${Math.round(share * 100) / 100}`;
}
