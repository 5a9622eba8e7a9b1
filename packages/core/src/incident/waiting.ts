import type { Incident, Reason } from '../model/index.ts';
import { formatDuration } from '../model/index.ts';
import { isSecurityIncident } from './containment.ts';
import type { DecideFacts, Decided, IncidentEvent } from './event.ts';
import { move, unchanged } from './move.ts';
import { join, selfRecovered, withFindings } from './open.ts';
import { escalationReminder } from './reminders.ts';

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
  // A hold stops what is done, never that the end of an incident is noticed and told (R14).
  const isSettled = !incident.requested && !facts.comeBack && !isSecurityIncident(incident);
  const recovered = event.type === 'due' && isSettled ? selfRecovered(incident, facts) : undefined;
  if (recovered) return recovered;
  if (facts.hold) {
    const { id, until } = facts.hold;
    const isSame = id === incident.holdId && until === incident.until;
    if (isSame || event.type !== 'due') return unchanged(incident);
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
  if (event.type === 'due') return incident.told ? remindAgain(incident, facts) : remind(incident, facts);
  if (event.type !== 'findings') return unchanged(incident);
  if (event.findings.length === 0 && event.health === 'healthy' && !isSecurityIncident(incident)) {
    // Out of reach it cannot be proven: it is brought back first.
    if (facts.comeBack)
      return reopen(incident, facts, { code: 'seen-healthy', text: 'The agent is healthy again, and still isolated.' });
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

/** People were told and nobody took note: they are reminded, and after a while the second tier is called. */
function remindAgain(incident: Extract<Incident, { state: 'escalated' }>, facts: DecideFacts): Decided {
  const reminded = escalationReminder(incident, facts.now);
  if (!reminded) return unchanged(incident);
  const calls = reminded.tier === 2 && incident.reminded?.tier !== 2;
  const { reason, escalatedAt } = incident;
  const waited = formatDuration(facts.now - escalatedAt);
  return move(incident, facts, {
    to: { state: 'escalated', reason, escalatedAt, reminded },
    set: { because: incident.because },
    type: calls ? 'second-tier' : 'reminded',
    reason: {
      code: calls ? 'approval-second-tier' : 'approval-reminded',
      text: `It has waited ${waited} for a person, and nobody has acknowledged it.`,
      remedy: `praetorian acknowledge ${incident.id}`,
    },
    data: { reminders: reminded.count, tier: reminded.tier },
    notices: ['escalated'],
  });
}

/** Back to deciding, at once. */
export function reopen(
  incident: Incident,
  facts: DecideFacts,
  reason: Reason,
  requested?: Incident['requested'],
): Decided {
  return move(incident, facts, {
    to: { state: 'open', nextAt: facts.now },
    set: { health: facts.health, findings: facts.findings, ...(requested ? { requested } : {}) },
    type: 'reopened',
    reason,
    ...(requested ? { data: { by: requested.by, rung: requested.plan.rung } } : {}),
  });
}

export function note(text: string | undefined): string {
  return text ? `: ${text}` : '';
}
