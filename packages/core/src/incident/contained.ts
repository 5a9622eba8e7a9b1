import type { Attempt, Incident, Plan, Reason } from '../model/index.ts';
import { formatDuration } from '../model/index.ts';
import { endAttempt } from './attempt.ts';
import type { DecideFacts, Decided } from './event.ts';
import { move } from './move.ts';
import { escalate } from './open.ts';

/** What comes after the agent was isolated or brought back: a person's turn, or the watch. Nothing is healed by it. */
export function afterContainment(incident: Incident, attempt: Attempt, facts: DecideFacts, last: Reason): Decided {
  const { for: what, reason } = attempt.plan.contain as NonNullable<Plan['contain']>;
  const ended = endAttempt(attempt, facts.now, 'contained');
  const attempts = [...incident.attempts, ended];
  if (what === 'safe-state') return escalate({ ...incident, attempts }, facts, reason);
  if (what === 'return') return watchAgain(incident, attempts, facts);
  const failed = attempt.failure ? ` Not all of it was done: ${attempt.failure.text}` : '';
  return move(incident, facts, {
    to: { state: 'open', nextAt: facts.now },
    set: { attempts, health: facts.health, findings: facts.findings },
    type: 'attempt-ended',
    reason: { code: 'contained', text: `${last.text} ${reason.text}${failed}` },
    data: { attempt: attempt.number, contain: what, verdict: 'contained' },
  });
}

function watchAgain(incident: Incident, attempts: readonly Attempt[], facts: DecideFacts): Decided {
  const { everyMs, forMs } = incident.policy.watch;
  const text = `${incident.agentId} was brought back; it is watched every ${formatDuration(everyMs)} for ${formatDuration(forMs)}.`;
  return move(incident, facts, {
    to: {
      state: 'watching',
      watch: { startedAt: facts.now, until: facts.now + forMs, checks: 0, lastHealth: 'unknown' },
    },
    set: { attempts, findings: [] },
    type: 'watch-started',
    reason: { code: 'watch-started', text },
  });
}
