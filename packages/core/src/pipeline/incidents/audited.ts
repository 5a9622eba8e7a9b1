import type { AuditDraft, Incident, JsonObject, StepRecord, TimelineEntry } from '../../model/index.ts';

/** The guard itself, as an actor. */
const guardActor = 'guard';

type Finished = Extract<StepRecord, { state: 'finished' }>;

/** What of an incident's change belongs into the audit log: what people did, what they were asked, what was executed. */
export function auditOf(before: Incident | undefined, incident: Incident, entry: TimelineEntry): readonly AuditDraft[] {
  const step = finishedStep({ before, incident });
  const drafts = [step && stepDraft(incident, step), actDraft(incident, entry), attemptDraft(before, incident)];
  return drafts.filter((draft) => draft !== undefined);
}

/** The step that a change brought to its end. */
export function finishedStep(change: {
  readonly before: Incident | undefined;
  readonly incident: Incident;
}): Finished | undefined {
  const { before, incident } = change;
  if (before?.state !== 'acting') return undefined;
  const open = new Set(before.attempt.steps.filter(({ state }) => state !== 'finished').map(({ id }) => id));
  const attempt = 'attempt' in incident ? incident.attempt : incident.attempts.at(-1);
  if (attempt?.number !== before.attempt.number) return undefined;
  return attempt.steps.find((step): step is Finished => step.state === 'finished' && open.has(step.id));
}

function stepDraft(incident: Incident, { id, key, receipt, effect }: Finished): AuditDraft {
  const text = receipt.result === 'succeeded' ? undefined : receipt.text;
  return draft(incident, guardActor, {
    action: 'step',
    data: { step: id, key, effect: effect.type, result: receipt.result, ...(text === undefined ? {} : { text }) },
  });
}

/** Lines of the timeline that are an act of their own, with the name they have in the log. */
const acts: { readonly [type: string]: string } = {
  'approval-requested': 'approval.requested',
  'approval-vote': 'approve',
  'approval-second-tier': 'approval.second-tier',
  acknowledged: 'acknowledge',
  escalated: 'escalate',
};

/** The same, where the reason tells them apart. */
const actsByReason: { readonly [code: string]: string } = {
  'approval-rejected': 'reject',
  'approval-expired': 'approval.expired',
  'approval-invalid': 'approval.invalid',
  'operator-resolved': 'resolve',
  'operator-respawn': 'respawn',
};

function actDraft(incident: Incident, entry: TimelineEntry): AuditDraft | undefined {
  const { code, text } = entry.reason;
  // An ordered attempt that starts is told of as an attempt.
  const action = (entry.type === 'attempt-started' ? undefined : actsByReason[code]) ?? acts[entry.type];
  if (action === undefined) return undefined;
  const by = entry.data?.['by'];
  return draft(incident, typeof by === 'string' ? by : guardActor, { action, data: { ...entry.data, why: text } });
}

/** An attempt that begins: with the vote that let it through, if people were asked. */
function attemptDraft(before: Incident | undefined, incident: Incident): AuditDraft | undefined {
  if (incident.state !== 'acting' || before?.state === 'acting') return undefined;
  const { number, plan, orderedBy, approval, instance } = incident.attempt;
  const vote = approval?.votes.at(-1);
  const data: JsonObject = {
    attempt: number,
    rung: plan.rung,
    ...(instance ? { instance: instance.id } : {}),
    ...(approval ? { planHash: approval.planHash, voters: approval.votes.map(({ by }) => by) } : {}),
    ...(vote?.note === undefined ? {} : { note: vote.note }),
  };
  const actor = vote?.by ?? orderedBy ?? guardActor;
  return draft(incident, actor, { action: approval ? 'approve' : 'attempt', data });
}

function draft(
  { id, agentId }: Incident,
  actor: string,
  what: { readonly action: string; readonly data: JsonObject },
): AuditDraft {
  return { actor, action: what.action, subject: id, data: { agent: agentId, ...what.data } };
}
