import type { Defect, Finding, Incident, Reason } from '../model/index.ts';
import { formatDuration } from '../model/index.ts';
import { end } from './acting.ts';
import { endAttempt } from './attempt.ts';
import type { DecideFacts, Decided, IncidentEvent } from './event.ts';
import { waitForLeftovers } from './leftovers.ts';
import { escalate } from './open.ts';
import { move, unchanged } from './move.ts';

type Watching = Extract<Incident, { state: 'watching' }>;

/** The enhanced monitoring after a recovery: proven healthy to the end of it, or the next rung. */
export function decideWatching(incident: Watching, event: IncidentEvent, facts: DecideFacts): Decided {
  if (event.type !== 'watch-check' && event.type !== 'findings') return unchanged(incident);
  const bad = failureDuring(facts);
  if (bad) return failed(incident, facts, bad);
  if (event.type === 'findings') return unchanged(incident);
  if (facts.now >= incident.watch.until) return facts.unsettled ? longer(incident, facts) : last(incident, facts);
  return move(incident, facts, {
    to: {
      ...stateOf(incident),
      watch: { ...incident.watch, checks: incident.watch.checks + 1, lastHealth: facts.health },
    },
    set: { health: facts.health },
    type: 'watch-check',
    reason: { code: 'watch-check', text: checkText(incident, facts) },
  });
}

function stateOf(incident: Watching): Pick<Watching, 'state' | 'attempt'> {
  return incident.attempt ? { state: 'watching', attempt: incident.attempt } : { state: 'watching' };
}

function checkText(incident: Watching, facts: DecideFacts): string {
  const left = formatDuration(Math.max(0, incident.watch.until - facts.now));
  const seen =
    facts.soundForMs > 0 ? 'sound' : facts.findings.length > 0 ? (facts.findings[0] as Finding).text : 'not yet seen';
  return `Check ${incident.watch.checks + 1}: ${seen}; ${left} of the watch are left.`;
}

/** A suspicion that breaks the watch off at once. Not being ready yet is only held against it at the end. */
function failureDuring(facts: DecideFacts): Reason | undefined {
  const finding = facts.findings.find((one) => one.kind !== 'not-ready' && one.kind !== 'flapping');
  if (finding) return { code: 'watch-failed', text: `During the watch: ${finding.text}` };
  return facts.health === 'failed'
    ? { code: 'watch-failed', text: 'The agent failed again during the watch.' }
    : undefined;
}

/**
 * The watch ran out before anything could be known of the agent: the guard was away, or the instance is still starting.
 * It looks again after one more interval. Only the alarm moves; what is stored stays as it is.
 */
function longer(incident: Watching, facts: DecideFacts): Decided {
  const until = facts.now + incident.policy.watch.everyMs;
  return { ...unchanged(incident), incident: { ...incident, watch: { ...incident.watch, until } } };
}

function last(incident: Watching, facts: DecideFacts): Decided {
  // An agent that flaps has to prove itself until it does not any more.
  if (facts.findings.length > 0 && facts.findings.every(({ kind }) => kind === 'flapping'))
    return longer(incident, facts);
  if (facts.findings.length === 0 && isStarting(incident, facts)) return longer(incident, facts);
  if (facts.findings.length > 0 || facts.soundForMs <= 0) {
    const text = facts.findings[0]?.text ?? 'no fresh sign of life arrived';
    return failed(incident, facts, { code: 'watch-failed', text: `At the end of the watch: ${text}.` });
  }
  const waiting = waitForLeftovers(incident, facts);
  if (waiting) return waiting.entry ? waiting : longer(incident, facts);
  return passed(incident, facts);
}

/** A watch may be shorter than the time a new instance gets to start: that it was hardly seen says nothing until then. */
function isStarting({ policy, watch }: Watching, { now, soundForMs }: DecideFacts): boolean {
  return soundForMs < policy.watch.everyMs && now < watch.startedAt + policy.probes.startGraceMs;
}

function passed(incident: Watching, facts: DecideFacts): Decided {
  const ended = incident.attempt ? endAttempt(incident.attempt, facts.now, 'healed') : undefined;
  const defect = ended ? defectOf(incident, facts) : undefined;
  const watched = formatDuration(facts.now - incident.watch.startedAt);
  return move(incident, facts, {
    to: { state: 'resolved', outcome: ended ? 'healed' : 'self-recovered', resolvedAt: facts.now },
    set: {
      health: 'healthy',
      findings: [],
      attempts: ended ? [...incident.attempts, ended] : incident.attempts,
      ...(defect ? { defect } : {}),
    },
    type: 'resolved',
    reason: { code: 'watch-passed', text: `${incident.agentId} stayed healthy through ${watched} of watch.` },
    notices: [ended ? 'recovered' : 'resolved', ...(defect ? (['defect'] as const) : [])],
    ...(ended ? { ended } : {}),
    ...(defect ? { defect } : {}),
  });
}

/** Healed once more; if that was often lately, it does not heal, and people have to know (R20). */
function defectOf({ id, signature, policy }: Watching, { healings = 0, now }: DecideFacts): Defect | undefined {
  const { defectAfter, defectWindowMs } = policy.recurrence;
  const times = healings + 1;
  if (times < defectAfter) return undefined;
  return { signature, at: now, incidentId: id, healings: times, windowMs: defectWindowMs };
}

function failed(incident: Watching, facts: DecideFacts, reason: Reason): Decided {
  if (incident.attempt) return end(incident, incident.attempt, facts, { reason, verdict: 'failed' });
  return escalate(incident, facts, reason);
}
