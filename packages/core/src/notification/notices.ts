import type { Approval, Factor, Incident, JsonObject, Notice, IncidentNoticeKind, Priority } from '../model/index.ts';
import { doingOf, allAttempts, formatDuration, priorityOf } from '../model/index.ts';

const titleMax = 200;
const textMax = 4_000;
const listMax = 20;

/**
 * The message about an incident as it is now. Pure: the same incident and kind give the same notice, with the same id,
 * so that a decision that is made again after a crash tells nothing twice.
 */
export function noticeOf(kind: IncidentNoticeKind, incident: Incident): Notice {
  const { title, text, recommendedAction } = wordings[kind](incident);
  return {
    // The version is padded, so that ids of one incident sort in the order of what happened.
    id: `${incident.id}.${String(incident.version).padStart(6, '0')}.${kind}`,
    kind,
    priority: noticePriority(kind, incident),
    ...(tierOf(incident) === 2 ? { tier: 2 } : {}),
    incidentId: incident.id,
    threadId: incident.continues ?? incident.id,
    agentId: incident.agentId,
    group: incident.group,
    at: incident.changedAt,
    title: cut(title.replace(/[\p{C}\s]+/gu, ' ').trim(), titleMax),
    text: cut(text, textMax),
    ...(recommendedAction === undefined ? {} : { recommendedAction }),
    failureDetails: failureDetails(incident),
  };
}

/** How urgent it is: a person who has to act, or a recovery that failed, is critical; good news is information. */
function noticePriority(kind: IncidentNoticeKind, incident: Incident): Priority {
  if (tierOf(incident) === 2 || kind === 'escalated' || kind === 'recovery-failed') return 'critical';
  if (kind === 'defect') return 'error';
  // A defect is not quiet, however small the failure is and however well it heals (R20).
  if (kind === 'recovered' || kind === 'resolved') return incident.defect ? 'warning' : 'info';
  const priority = incident.defect ? atLeastError(severityOf(incident)) : priorityOf(severityOf(incident));
  // Somebody has to answer in time, however small the failure is.
  return (kind === 'approval' || kind === 'blocked') && (priority === 'info' || priority === 'warning')
    ? 'error'
    : priority;
}

function atLeastError(severity: number): Priority {
  return priorityOf(Math.max(7, severity));
}

/** Whom it concerns by now: the first tier, or the second as well, because the first did not answer. */
function tierOf(incident: Incident): 1 | 2 {
  if (incident.state === 'awaiting-approval') return incident.approval.reminded?.tier ?? 1;
  return incident.state === 'escalated' ? (incident.reminded?.tier ?? 1) : 1;
}

function reminderOf(incident: Incident): string {
  const count = incident.state === 'escalated' ? (incident.reminded?.count ?? 0) : 0;
  return count > 0 ? ` (reminder ${count})` : '';
}

interface Wording {
  readonly title: string;
  readonly text: string;
  readonly recommendedAction?: string;
}

const wordings: { readonly [K in IncidentNoticeKind]: (incident: Incident) => Wording } = {
  opened: (incident) => ({
    title: `${incident.agentId}: ${suspicion(incident)}`,
    text: sentences(
      `${who(incident)} is suspected to have failed: ${suspicion(incident)}`,
      severityText(incident),
      again(incident),
    ),
    ...recommended(incident),
  }),
  progress: (incident) => ({
    title: `${incident.agentId}: recovery is under way`,
    text: sentences(`${who(incident)}: ${incident.because.text}`, severityText(incident), tried(incident)),
    ...recommended(incident),
  }),
  degraded: (incident) => ({
    title: `${incident.agentId} is degraded`,
    text: sentences(
      `${who(incident)} still works, but not as it should: ${suspicion(incident)}`,
      incident.because.text,
    ),
    ...recommended(incident),
  }),
  blocked: (incident) => ({
    title: `${incident.agentId}: its recovery has to wait`,
    text: sentences(
      `${who(incident)} is not healed now: ${incident.because.text}`,
      incident.because.remedy,
      suspicion(incident),
      tried(incident),
    ),
    ...recommended(incident),
  }),
  approval: approval,
  escalated: (incident) => ({
    title: `${incident.agentId} needs a person${reminderOf(incident)}`,
    text: sentences(
      `${who(incident)} is handed over to a person: ${incident.because.text}`,
      incident.because.remedy,
      severityText(incident),
      tried(incident),
      flags(incident),
      'The guard does nothing more to it by itself',
      reminderOf(incident) && `To stop the reminders: praetorian acknowledge ${incident.id}`,
    ),
    recommendedAction: 'manual_investigation',
  }),
  defect: (incident) => ({
    title: `${incident.agentId}: a defect, healed ${incident.defect?.healings ?? 0} times`,
    text: sentences(
      `${who(incident)} was healed of the same failure (${incident.signature}) ${incident.defect?.healings ?? 0} times in ${formatDuration(incident.defect?.windowMs ?? 0)}: healing hides it and does not mend it`,
      tried(incident),
      'Somebody has to look for its cause; each further time is told of',
    ),
    recommendedAction: 'manual_investigation',
  }),
  'recovery-failed': (incident) => ({
    title: `${incident.agentId}: recovery failed`,
    text: sentences(
      `${who(incident)} did not recover: ${incident.because.text}`,
      tried(incident),
      'Its breaker stays open, so no work is routed to it',
      'Another strategy is tried next, or a person is called',
    ),
    ...recommended(incident),
  }),
  'failed-over': (incident) => ({
    title: `${incident.group}: ${promotedIn(incident)} has taken the place of ${incident.agentId}`,
    text: sentences(`The primary of group ${incident.group} is another: ${incident.because.text}`, suspicion(incident)),
    recommendedAction: 'failover',
  }),
  recovered: (incident) => ({
    title: `${incident.agentId} recovered`,
    text: sentences(
      `${who(incident)} is healthy again${after(incident)}: ${incident.because.text}`,
      tried(incident),
      'Its breaker is closed and work is routed to it',
    ),
  }),
  resolved: (incident) => ({
    title: `${incident.agentId}: resolved (${incident.state === 'resolved' ? incident.outcome : incident.state})`,
    text: sentences(`The incident of ${who(incident)} is over${after(incident)}: ${incident.because.text}`),
  }),
};

function approval(incident: Incident): Wording {
  if (incident.state !== 'awaiting-approval') {
    return {
      title: `${incident.agentId}: a plan waits for approval`,
      text: sentences(`${who(incident)}: ${incident.because.text}`),
    };
  }
  const { plan, reason, expiresAt, quorum, prepared, reminded, planHash } = incident.approval;
  return {
    title: `${incident.agentId}: approve the ${doingOf(plan)}?${reminded ? ` (reminder ${reminded.count})` : ''}`,
    text: sentences(
      reminded && 'Nobody has answered yet',
      `A ${doingOf(plan)} of ${who(incident)} waits for approval: ${reason.text}`,
      severityText(incident),
      tried(incident),
      flags(incident),
      prepared && (prepared.ok ? `Prepared: ${prepared.text}` : `It could not be done now: ${prepared.text}`),
      quorum > 1 ? `${quorum} persons have to agree; so far: ${agreedOf(incident.approval)}` : undefined,
      `It expires in ${formatDuration(expiresAt - incident.changedAt)} and is then ${incident.policy.approvals.onExpiry === 'reject' ? 'taken as rejected' : 'handed over to a person'}`,
      `To decide: praetorian approve ${incident.id} --plan-hash ${planHash}, or praetorian reject ${incident.id}`,
    ),
    recommendedAction: plan.recommendedAction,
  };
}

function agreedOf({ votes, orderedBy }: Approval): string {
  const names = [...(orderedBy === undefined ? [] : [orderedBy]), ...votes.map((vote) => vote.by)];
  return names.length === 0 ? 'nobody' : names.join(', ');
}

function promotedIn(incident: Incident): string {
  return allAttempts(incident).findLast(({ plan }) => plan.promotion)?.plan.promotion?.to ?? 'another';
}

function who(incident: Incident): string {
  return `${incident.agentId} (group ${incident.group})`;
}

function suspicion(incident: Incident): string {
  const [first, ...more] = incident.findings;
  if (!first) return incident.because.text;
  return more.length === 0 ? first.text : `${first.text} (and ${more.length} more)`;
}

function severityOf(incident: Incident): number {
  return Math.max(incident.assessment?.severity ?? 1, incident.severityAtLeast);
}

function severityText(incident: Incident): string | undefined {
  const { assessment } = incident;
  if (!assessment) return undefined;
  const shares = assessment.factors.map((factor) => `${factor.name} ${Math.round(factor.share * 10) / 10}`).join(', ');
  return `Severity ${assessment.severity} of 10${shares ? ` (${shares})` : ''}`;
}

function flags(incident: Incident): string | undefined {
  const { dataLossRisk, securityIncident } = incident.assessment ?? {};
  if (securityIncident) return 'It is a security incident: secure the evidence first';
  return dataLossRisk ? 'Data may be lost' : undefined;
}

function again(incident: Incident): string | undefined {
  if (incident.defect) {
    const { healings, windowMs } = incident.defect;
    return `It is a defect: the same failure was healed ${healings} times in ${formatDuration(windowMs)}`;
  }
  return incident.continues === undefined
    ? undefined
    : `The same failure came back; it continues ${incident.continues}`;
}

function tried(incident: Incident): string | undefined {
  const attempts = allAttempts(incident)
    .slice(-listMax)
    .map((attempt) => `${doingOf(attempt.plan)} (${attempt.verdict ?? 'under way'})`);
  return attempts.length === 0 ? undefined : `Tried: ${attempts.join(', ')}`;
}

function after(incident: Incident): string {
  return ` after ${formatDuration(Math.max(0, incident.changedAt - incident.openedAt))}`;
}

function recommended(incident: Incident): { readonly recommendedAction?: string } {
  const plan = allAttempts(incident).at(-1)?.plan ?? incident.requested?.plan;
  return plan ? { recommendedAction: plan.recommendedAction } : {};
}

/** The figures behind the sentence, for channels that show them and for programs. */
function failureDetails(incident: Incident): JsonObject {
  const { assessment } = incident;
  return {
    state: incident.state,
    health: incident.health,
    signature: incident.signature,
    openedAt: incident.openedAt,
    reason: incident.because.code,
    findings: incident.findings.slice(0, listMax).map((finding) => cut(finding.text, titleMax)),
    ...(incident.instanceId === undefined ? {} : { instance: incident.instanceId }),
    ...(assessment ? { severity: assessment.severity, factors: assessment.factors.map(factorJson) } : {}),
    ...(assessment?.dataLossRisk ? { dataLossRisk: true } : {}),
    ...(assessment?.securityIncident ? { securityIncident: true } : {}),
    attempts: allAttempts(incident)
      .slice(-listMax)
      .map((attempt) => ({
        number: attempt.number,
        rung: attempt.plan.rung,
        verdict: attempt.verdict ?? 'under way',
      })),
  };
}

function factorJson(factor: Factor): JsonObject {
  return { name: factor.name, share: factor.share };
}

/** Joins what there is to say, each as a sentence with one full stop. */
function sentences(...parts: readonly (string | undefined)[]): string {
  return parts
    .filter((part) => part !== undefined && part !== '')
    .map((part) => (/[.!?]$/.test(part as string) ? part : `${part}.`))
    .join(' ');
}

function cut(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}
