import type { Attempt, Incident, Plan, Reason } from '../model/index.ts';
import { formatDuration } from '../model/index.ts';
import { endAttempt, hasActed } from './attempt.ts';
import type { DecideFacts, Decided } from './event.ts';
import { move } from './move.ts';
import { escalate } from './open.ts';

/** What comes after the agent was isolated or brought back: a person's turn, or the watch. Nothing is healed by it. */
export function afterContainment(incident: Incident, attempt: Attempt, facts: DecideFacts, last: Reason): Decided {
  const { for: what, reason } = attempt.plan.contain as NonNullable<Plan['contain']>;
  const ended = endAttempt(attempt, facts.now, 'contained');
  const attempts = [...incident.attempts, ended];
  // One that recovered meanwhile is a case for nobody: it is brought back.
  const isSound = facts.health === 'healthy' && facts.findings.length === 0;
  if (what === 'safe-state' && !isSound) return escalate({ ...incident, attempts }, facts, reason);
  if (what === 'return') return afterReturn(incident, attempts, facts);
  if (what === 'failover') return afterFailover(incident, attempts, facts, last);
  const failed = attempt.failure ? ` Not all of it was done: ${attempt.failure.text}` : '';
  return move(incident, facts, {
    to: { state: 'open', nextAt: facts.now },
    set: { attempts, health: facts.health, findings: facts.findings },
    type: 'attempt-ended',
    reason: { code: 'contained', text: `${last.text} ${reason.text}${failed}` },
    data: { attempt: attempt.number, contain: what, verdict: 'contained' },
  });
}

/** The group has another primary, or keeps the old one; in both cases the ladder goes on with the agent. */
function afterFailover(incident: Incident, attempts: readonly Attempt[], facts: DecideFacts, last: Reason): Decided {
  const attempt = attempts.at(-1) as Attempt;
  const { plan, failure, number } = attempt;
  const { to, epoch } = plan.promotion as NonNullable<Plan['promotion']>;
  const text = failure
    ? `${to} did not take over: ${sentence(failure.text)} ${incident.agentId} is brought back as the primary.`
    : `${last.text} ${to} leads group ${incident.group} in epoch ${epoch}; ${incident.agentId} is brought back as a replica.`;
  // One that was called off before anything was done to the primary is nothing that people have to hear of.
  const told = failure ? (hasActed(attempt) ? ['recovery-failed' as const] : []) : ['failed-over' as const];
  return move(incident, facts, {
    to: { state: 'open', nextAt: facts.now },
    set: { attempts, health: facts.health, findings: facts.findings },
    type: 'attempt-ended',
    reason: { code: failure ? 'failover-failed' : 'failed-over', text },
    data: { attempt: number, contain: 'failover', to, epoch, verdict: 'contained' },
    notices: told,
  });
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Tries to bring an agent back before a person has to; the pause between them is doubled, up to the longest. */
const returnsMax = 8;
const returnAgainMs = 5_000;
const returnAgainCapMs = 60_000;
/** After so many people hear of it. */
const returnsTold = 3;

/** What is not done leaves it out of reach, and a watch would find nothing wrong with it: it is tried again. */
function afterReturn(incident: Incident, attempts: readonly Attempt[], facts: DecideFacts): Decided {
  const failure = attempts.at(-1)?.failure;
  if (!failure) return watchAgain(incident, attempts, facts);
  const tries = attempts.filter((one) => one.plan.contain?.for === 'return' && one.failure).length;
  if (tries >= returnsMax) return escalate({ ...incident, attempts }, facts, failure);
  const pauseMs = Math.min(returnAgainCapMs, returnAgainMs * 2 ** (tries - 1));
  const text = `${incident.agentId} is still isolated: ${sentence(failure.text)} It is tried again in ${formatDuration(pauseMs)}.`;
  return move(incident, facts, {
    to: { state: 'open', nextAt: facts.now + pauseMs },
    set: { attempts, health: facts.health, findings: facts.findings },
    type: 'attempt-ended',
    reason: { code: 'returning', text },
    data: { attempt: attempts.length, contain: 'return', verdict: 'contained' },
    notices: tries === returnsTold ? ['blocked'] : [],
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
