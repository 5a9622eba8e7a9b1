import type { Approval, Incident, Plan, Reason } from '../model/index.ts';
import { formatDuration } from '../model/index.ts';
import type { DecideFacts, Decided, IncidentEvent } from './event.ts';
import { move, unchanged } from './move.ts';
import { begin, escalate, join, withFindings } from './open.ts';

/** Waiting for a person's word on a plan. */
export function decideAwaiting(
  incident: Extract<Incident, { state: 'awaiting-approval' }>,
  event: IncidentEvent,
  facts: DecideFacts,
): Decided {
  const { approval } = incident;
  switch (event.type) {
    case 'approved': {
      const stale = changedSince(approval, facts);
      if (stale) return reopen(incident, facts, stale);
      const reason: Reason = {
        code: 'approval-granted',
        text: `${event.by} approved the ${approval.plan.rung}${note(event.note)}.`,
      };
      return begin(incident, facts, { plan: approval.plan, reason, by: event.by });
    }
    case 'rejected': {
      const text = `${event.by} rejected the ${approval.plan.rung}${note(event.note)}.`;
      return escalate(incident, facts, { code: 'approval-rejected', text }, event.by);
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
      if (facts.now < approval.expiresAt) return unchanged(incident);
      return escalate(incident, facts, {
        code: 'approval-expired',
        text: `Nobody decided on the ${approval.plan.rung} within ${formatDuration(approval.expiresAt - approval.requestedAt)}.`,
      });
    default:
      return unchanged(incident);
  }
}

/** What the person agreed to is not what would be done now (R24), or somebody said meanwhile that nothing is to be done (R14). */
function changedSince(approval: Approval, { planHash, hold }: DecideFacts): Reason | undefined {
  const rung = approval.plan.rung;
  if (hold)
    return { code: 'hold', text: `${hold.by} holds it: ${hold.reason}. The approval of the ${rung} has lapsed.` };
  if (planHash === approval.planHash) return undefined;
  return {
    code: 'plan-stale',
    text: `The approval of the ${rung} was for an instance that is not the current one any more.`,
  };
}

/** Remediation rests because of a hold; monitoring goes on. */
export function decideHeld(
  incident: Extract<Incident, { state: 'held' }>,
  event: IncidentEvent,
  facts: DecideFacts,
): Decided {
  if (event.type === 'findings') {
    const joined = withFindings(incident, event.findings, event.health);
    return joined ? join(incident, facts, joined) : unchanged(incident);
  }
  if (facts.hold) {
    if (facts.hold.id === incident.holdId || event.type !== 'due') return unchanged(incident);
    return { ...unchanged(incident), incident: { ...incident, holdId: facts.hold.id, until: facts.hold.until } };
  }
  if (event.type === 'due' || event.type === 'released') {
    return reopen(incident, facts, { code: 'released', text: 'No hold covers the agent any more.' });
  }
  return unchanged(incident);
}

/** A person has taken over; the guard looks whether the agent is well again, and that the person knows of it. */
export function decideEscalated(
  incident: Extract<Incident, { state: 'escalated' }>,
  event: IncidentEvent,
  facts: DecideFacts,
): Decided {
  if (event.type === 'due' && !incident.told) return remind(incident, facts);
  if (event.type !== 'findings') return unchanged(incident);
  if (event.findings.length === 0 && event.health === 'healthy') {
    const { forMs } = incident.policy.watch;
    return move(incident, facts, {
      to: {
        state: 'watching',
        watch: { startedAt: facts.now, until: facts.now + forMs, checks: 0, lastHealth: event.health },
      },
      set: { findings: [], health: event.health },
      type: 'watch-started',
      reason: { code: 'seen-healthy', text: `The agent is healthy again; it is watched for ${formatDuration(forMs)}.` },
    });
  }
  const joined = withFindings(incident, event.findings, event.health);
  return joined ? join(incident, facts, joined) : unchanged(incident);
}

/** Every notifier failed: an incident must not end in silence because the network was away when it was told of. */
function remind(incident: Extract<Incident, { state: 'escalated' }>, facts: DecideFacts): Decided {
  return move(incident, facts, {
    set: { because: incident.because },
    type: 'told-again',
    reason: { code: 'escalated', text: 'Nobody has been told yet; the message is sent once more.' },
    notices: ['escalated'],
  });
}

/** Back to deciding, at once. */
export function reopen(
  incident: Incident,
  facts: DecideFacts,
  reason: Reason,
  requested?: { plan: Plan; by: string },
): Decided {
  return move(incident, facts, {
    to: { state: 'open', nextAt: facts.now },
    set: { health: facts.health, findings: facts.findings, ...(requested ? { requested } : {}) },
    type: 'reopened',
    reason,
  });
}

export function note(text: string | undefined): string {
  return text ? `: ${text}` : '';
}
