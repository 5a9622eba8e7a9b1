import type { Approval, EpochMs, Incident, Reason, Vote } from '../model/index.ts';
import { doingOf, formatDuration, personOf } from '../model/index.ts';
import { contain } from './containment.ts';
import type { DecideFacts, Decided, IncidentEvent } from './event.ts';
import { move, unchanged } from './move.ts';
import { begin, escalate, join, withFindings } from './open.ts';
import { approvalReminder } from './reminders.ts';
import { note, reopen } from './waiting.ts';

type Awaiting = Extract<Incident, { state: 'awaiting-approval' }>;

/** Waiting for people's word on a plan. */
export function decideAwaiting(incident: Awaiting, event: IncidentEvent, facts: DecideFacts): Decided {
  switch (event.type) {
    case 'approved':
      return isOther(incident, event) ? unchanged(incident) : approved(incident, event, facts);
    case 'rejected': {
      if (isOther(incident, event)) return unchanged(incident);
      const text = `${event.by} rejected the ${doingOf(incident.approval.plan)}${note(event.note)}.`;
      return lapse(incident, facts, { code: 'approval-rejected', text }, { by: event.by, quiet: true });
    }
    case 'findings': {
      const joined = withFindings(incident, event.findings, event.health);
      if (!joined) return unchanged(incident);
      if (event.findings.length === 0 && event.health === 'healthy') {
        return reopen(incident, facts, {
          code: 'plan-stale',
          text: 'The agent recovered while the plan waited for approval.',
        });
      }
      return join(incident, facts, joined);
    }
    case 'due':
      return due(incident, facts);
    case 'prepared':
      return prepared(incident, event, facts);
    default:
      return unchanged(incident);
  }
}

/** It was given to another plan, which this one has replaced before the answer had its turn (R24). */
function isOther({ approval }: Awaiting, { planHash }: { readonly planHash?: string }): boolean {
  return planHash !== undefined && planHash !== approval.planHash;
}

/** A vote counts for the plan as it is now, once per person; with enough of them the plan begins. */
function approved(
  incident: Awaiting,
  event: Extract<IncidentEvent, { type: 'approved' }>,
  facts: DecideFacts,
): Decided {
  const { approval } = incident;
  if (facts.now >= approval.expiresAt) return expired(incident, facts);
  const stale = changedSince(approval, facts);
  if (stale) return reopen(incident, facts, stale);
  const person = personOf(event);
  // Whose vote was not signed by a guard has not voted; it is left out from now on.
  const counted = approval.votes.filter((vote) => facts.approval.voters.includes(personOf(vote)));
  if (counted.some((vote) => personOf(vote) === person)) return unchanged(incident);
  const votes = [...counted, voteOf(event, facts.now)];
  const agreed = new Set([...votes.map(personOf), ...(approval.orderedBy === undefined ? [] : [approval.orderedBy])]);
  const { plan, steps, planHash, quorum } = approval;
  const count = quorum > 1 ? ` (${agreed.size} of ${quorum})` : '';
  const text = `${event.by} approved the ${doingOf(plan)}${note(event.note)}${count}.`;
  if (agreed.size >= quorum) {
    const by = votes.map((vote) => vote.by).join(', ');
    const reason: Reason = { code: 'approval-granted', text };
    const of = { plan, reason, by, approval: { planHash, votes } };
    return plan.contain ? contain(incident, facts, { ...of, steps }) : begin(incident, { ...facts, steps }, of);
  }
  const left = quorum - agreed.size;
  return move(incident, facts, {
    to: { state: 'awaiting-approval', approval: { ...approval, votes } },
    type: 'approval-vote',
    reason: { code: 'approval-vote', text, remedy: `${left} more ${left === 1 ? 'has' : 'have'} to agree.` },
    data: { by: event.by, planHash, agreed: agreed.size, quorum },
  });
}

function voteOf(event: Extract<IncidentEvent, { type: 'approved' }>, at: EpochMs): Vote {
  const { by, account, note: why, token, seal } = event;
  return {
    by,
    at,
    seal,
    ...(account === undefined ? {} : { account }),
    ...(why === undefined ? {} : { note: why }),
    ...(token === undefined ? {} : { token }),
  };
}

/** The plan expires, is not the right one any more, or people are reminded of it. */
function due(incident: Awaiting, facts: DecideFacts): Decided {
  const { approval } = incident;
  if (facts.now >= approval.expiresAt) return expired(incident, facts);
  const reminded = approvalReminder(incident, facts.now);
  if (!reminded) return unchanged(incident);
  const stale = changedSince(approval, facts);
  if (stale) return reopen(incident, facts, stale);
  const calls = reminded.tier === 2 && approval.reminded?.tier !== 2;
  const waited = formatDuration(facts.now - approval.requestedAt);
  const left = formatDuration(approval.expiresAt - facts.now);
  return move(incident, facts, {
    to: { state: 'awaiting-approval', approval: { ...approval, reminded } },
    set: { because: incident.because },
    type: calls ? 'approval-second-tier' : 'approval-reminded',
    reason: {
      code: calls ? 'approval-second-tier' : 'approval-reminded',
      text: `The ${doingOf(approval.plan)} has waited ${waited} for an answer; it expires in ${left}.`,
    },
    data: { reminders: reminded.count, tier: reminded.tier },
    notices: ['approval'],
  });
}

function expired(incident: Awaiting, facts: DecideFacts): Decided {
  const { plan, expiresAt, requestedAt } = incident.approval;
  const quiet = incident.policy.approvals.onExpiry === 'reject';
  const ending = quiet ? ' It counts as rejected.' : '';
  const reason: Reason = {
    code: 'approval-expired',
    text: `Nobody decided on the ${doingOf(plan)} within ${formatDuration(expiresAt - requestedAt)}.${ending}`,
  };
  return lapse(incident, facts, reason, { quiet });
}

/** Nobody wants the plan, or not enough do: a person's case, unless it was ordered for an agent nothing is wrong with. */
function lapse(
  incident: Awaiting,
  facts: DecideFacts,
  reason: Reason,
  how: { readonly by?: string; readonly quiet: boolean },
): Decided {
  if (!incident.requested || facts.findings.length > 0 || facts.health !== 'healthy')
    return escalate(incident, facts, reason, how);
  return move(incident, facts, {
    to: { state: 'open', nextAt: facts.now },
    set: { health: facts.health, findings: [] },
    drop: ['requested'],
    type: 'reopened',
    reason,
    ...(how.by === undefined ? {} : { data: { by: how.by } }),
  });
}

/** What the plan needs was looked up. People are told only of what stands in its way; the rest they see. */
function prepared(
  incident: Awaiting,
  event: Extract<IncidentEvent, { type: 'prepared' }>,
  facts: DecideFacts,
): Decided {
  const { approval } = incident;
  if (event.planHash !== approval.planHash || approval.prepared) return unchanged(incident);
  const found = event.prepared;
  return move(incident, facts, {
    to: { state: 'awaiting-approval', approval: { ...approval, prepared: found } },
    set: { because: incident.because },
    type: 'prepared',
    reason: { code: 'replacement-prepared', text: found.text },
    data: { ok: found.ok, ...(found.checkpointId === undefined ? {} : { checkpoint: found.checkpointId }) },
    notices: found.ok ? [] : ['approval'],
  });
}

/** What people agreed to is not what would be done now (R24), or somebody said meanwhile that nothing is to be done (R14). */
function changedSince(approval: Approval, facts: DecideFacts): Reason | undefined {
  const { planHash, hold } = facts;
  const rung = approval.plan.rung;
  if (hold) {
    const code = hold.kind === 'window' ? 'maintenance-window' : 'hold';
    return { code, text: `${hold.by} holds it: ${hold.reason}. The approval of the ${rung} has lapsed.` };
  }
  if (planHash !== approval.planHash)
    return {
      code: 'plan-stale',
      text: `The approval of the ${rung} was for an instance that is not the current one any more.`,
    };
  if (facts.approval.valid) return undefined;
  const text = `The approval of the ${rung} does not carry the signature of this guard; it is asked for anew.`;
  return {
    code: 'approval-invalid',
    text,
    remedy: 'Look who can write to the store, and whether the key was changed.',
  };
}
