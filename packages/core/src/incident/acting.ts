import type { Attempt, Effect, Incident, Reason, Receipt, Rung, StepRecord } from '../model/index.ts';
import { formatDuration, nextBandEdge } from '../model/index.ts';
import { endAttempt, failing, hasActed, nextStep, stepById, withReceipt, withStep } from './attempt.ts';
import type { DecideFacts, Decided, IncidentEvent } from './event.ts';
import { move, unchanged } from './move.ts';
import { afterContainment } from './contained.ts';
import { leaveBehind } from './leftovers.ts';
import { escalate, join, withFindings } from './open.ts';

type Acting = Extract<Incident, { state: 'acting' }>;

/** A line of the timeline. */
interface Line {
  readonly type: string;
  readonly reason: Reason;
}

/** An attempt under way: steps start and finish in order; the last one leads to the watch. */
export function decideActing(incident: Acting, event: IncidentEvent, facts: DecideFacts): Decided {
  switch (event.type) {
    case 'step-started':
      return started(incident, event, facts);
    case 'step-finished':
      return finished(incident, event.stepId, event.receipt, facts);
    case 'step-inadmissible':
      return inadmissible(incident, event, facts);
    case 'step-skipped':
      return goOn(incident, skip(incident.attempt, event.stepId, event.reason), facts, {
        type: 'step-skipped',
        reason: event.reason,
      });
    case 'step-refused':
      return refused(incident, event.stepId, event.reason, facts);
    case 'findings': {
      const joined = withFindings(incident, event.findings, event.health);
      // While it is repaired an agent is expected to look broken: noted, and nothing follows.
      return joined ? join(incident, facts, joined) : unchanged(incident);
    }
    default:
      return unchanged(incident);
  }
}

function started(
  incident: Acting,
  event: Extract<IncidentEvent, { type: 'step-started' }>,
  facts: DecideFacts,
): Decided {
  const { stepId, key } = event;
  if (stepById(incident.attempt, stepId)?.state !== 'planned') return unchanged(incident);
  const attempt = begun(incident.attempt, event, facts);
  return move(incident, facts, {
    to: { state: 'acting', attempt },
    type: 'step-started',
    reason: { code: 'step-started', text: `Step ${stepId} was started.` },
    data: { step: stepId, key },
  });
}

function begun(
  attempt: Attempt,
  { stepId, key, effect }: { readonly stepId: string; readonly key: string; readonly effect: Effect },
  { now }: DecideFacts,
): Attempt {
  return withStep(attempt, stepId, (step) => ({ ...plain(step), state: 'started', key, startedAt: now, effect }));
}

/** In one move: a guard that is killed must not find a step that looks begun and was never allowed. */
function inadmissible(
  incident: Acting,
  event: Extract<IncidentEvent, { type: 'step-inadmissible' }>,
  facts: DecideFacts,
): Decided {
  const { stepId, receipt } = event;
  if (stepById(incident.attempt, stepId)?.state !== 'planned') return unchanged(incident);
  return finished({ ...incident, attempt: begun(incident.attempt, event, facts) }, stepId, receipt, facts);
}

function plain(step: StepRecord): Omit<StepRecord, 'state' | 'reason' | 'key' | 'startedAt' | 'effect' | 'receipt'> {
  const { id, spec, timeoutMs, onFailure, undo } = step;
  return { id, spec, timeoutMs, onFailure, ...(undo ? { undo } : {}) };
}

function skip(attempt: Attempt, stepId: string, reason: Reason): Attempt {
  return withStep(attempt, stepId, (step) =>
    step.state === 'planned' ? { ...plain(step), state: 'skipped', reason } : step,
  );
}

/** A step that was begun before a crash, proven not done, and is not allowed any more, is over: it must not come up again. */
function callOff(attempt: Attempt, stepId: string, { text }: Reason, { now }: DecideFacts): Attempt {
  const step = stepById(attempt, stepId);
  if (step?.state !== 'started') return attempt;
  return withReceipt(attempt, stepId, { key: step.key, at: now, result: 'cancelled', text });
}

function finished(incident: Acting, stepId: string, receipt: Receipt, facts: DecideFacts): Decided {
  const step = stepById(incident.attempt, stepId);
  if (step?.state !== 'started') return unchanged(incident);
  const attempt = withReceipt(incident.attempt, stepId, receipt);
  const reason = receiptReason(step, receipt, facts);
  switch (receipt.result) {
    case 'succeeded':
      return goOn(incident, attempt, facts, { type: 'step-finished', reason: reason });
    case 'ambiguous':
    case 'unknown':
      return handOver(incident, attempt, facts, reason);
    case 'superseded':
    case 'cancelled': {
      if (step.onFailure === 'continue')
        return leaveBehind(goOn(incident, attempt, facts, { type: 'step-finished', reason }), attempt, step, reason);
      // What the attempt brought is not left behind beside what overtook it.
      const undoing = failing(attempt, reason);
      if (nextStep(undoing)) return goOn(incident, undoing, facts, { type: 'step-finished', reason });
      return end(incident, undoing, facts, { reason, verdict: 'superseded' });
    }
    case 'failed':
      if (step.onFailure === 'continue')
        return leaveBehind(goOn(incident, attempt, facts, { type: 'step-finished', reason }), attempt, step, reason);
      return goOn(incident, failing(attempt, reason), facts, { type: 'step-finished', reason: reason });
  }
}

function receiptReason(step: StepRecord, receipt: Receipt, facts: DecideFacts): Reason {
  const took = step.state === 'started' ? ` after ${formatDuration(facts.now - step.startedAt)}` : '';
  if (receipt.result !== 'succeeded') {
    const code =
      receipt.result === 'ambiguous' ? 'step-ambiguous' : receipt.result === 'unknown' ? 'step-unknown' : 'step-failed';
    const text = `Step ${step.id} ${receipt.result}${took}: ${receipt.text}`;
    return { code, text, ...decidedByHand(step, receipt) };
  }
  const code = receipt.reconciled ? 'step-reconciled' : 'step-succeeded';
  const instance = receipt.instance ? `; the instance is now ${receipt.instance.id}` : '';
  return { code, text: `Step ${step.id} ${receipt.reconciled ? 'was proven done' : 'succeeded'}${took}${instance}.` };
}

/** What a person has to do about an order to lead of which it is not known whether it was followed. */
function decidedByHand(step: StepRecord, { result }: Receipt): Pick<Reason, 'remedy'> {
  if (step.state !== 'started' || step.effect.type !== 'promote' || result !== 'unknown') return {};
  const { agentId, epoch } = step.effect;
  return {
    remedy: `Nobody leads now. Look whether ${agentId} does; if not, promote one by hand, with epoch ${epoch + 1}.`,
  };
}

/** The next step, or the end: the watch after success, the next rung after failure. */
function goOn(incident: Acting, attempt: Attempt, facts: DecideFacts, line: Line): Decided {
  const { type, reason } = line;
  if (nextStep(attempt)) return move(incident, facts, { to: { state: 'acting', attempt }, type, reason });
  if (attempt.plan.contain) return afterContainment(incident, attempt, facts, reason);
  if (attempt.failure) return end(incident, attempt, facts, { reason: attempt.failure, verdict: 'failed' });
  const { everyMs, forMs } = incident.policy.watch;
  const instanceId = attempt.replacement?.id ?? incident.instanceId;
  return move(incident, facts, {
    to: {
      state: 'watching',
      attempt,
      watch: { startedAt: facts.now, until: facts.now + forMs, checks: 0, lastHealth: 'unknown' },
    },
    set: { findings: [], ...(instanceId ? { instanceId } : {}) },
    type: 'watch-started',
    reason: {
      code: 'watch-started',
      text: `${reason.text} The agent is watched every ${formatDuration(everyMs)} for ${formatDuration(forMs)}.`,
    },
  });
}

/**
 * Ends an attempt that did not heal. After a failure severity is at least the next band's lower edge, so that the
 * ladder climbs; an attempt that never touched anything costs nothing and climbs nowhere.
 */
export function end(
  incident: Extract<Incident, { state: 'acting' | 'watching' }>,
  attempt: Attempt,
  facts: DecideFacts,
  how: { readonly reason: Reason; readonly verdict: 'failed' | 'superseded' },
): Decided {
  const { reason, verdict } = how;
  if (attempt.plan.contain) return afterContainment(incident, attempt, facts, reason);
  const ended = endAttempt(attempt, facts.now, verdict);
  const climb = verdict === 'failed' ? climbed(incident, attempt, facts) : incident.severityAtLeast;
  return move(incident, facts, {
    to: { state: 'open', nextAt: facts.now + (verdict === 'failed' ? facts.backoffMs : 0) },
    set: {
      attempts: [...incident.attempts, ended],
      severityAtLeast: climb,
      health: facts.health,
      findings: facts.findings,
    },
    type: 'attempt-ended',
    reason,
    data: { attempt: attempt.number, rung: attempt.plan.rung, verdict },
    notices: verdict === 'failed' ? ['recovery-failed'] : [],
    ended,
  });
}

/** Severity from which the rung above is chosen. */
const edgeAbove: { readonly [R in Rung]: number } = { restart: 4, recreate: 7, respawn: 10, escalate: 10 };

/**
 * At least the lower edge of the next band; not past the rung above the one that was tried, which may have been a
 * gentler one than that of the band. While the same rung can be tried another way, the ladder stays where it is.
 */
function climbed({ severityAtLeast }: Incident, { severity, plan }: Attempt, { alternative }: DecideFacts): number {
  if (alternative) return severityAtLeast;
  const edge = nextBandEdge(Math.max(severity, severityAtLeast));
  return Math.max(severityAtLeast, Math.min(edge, edgeAbove[plan.rung]));
}

function refused(incident: Acting, stepId: string, reason: Reason, facts: DecideFacts): Decided {
  const asked = stepById(incident.attempt, stepId);
  if (asked?.state === 'started' && asked.effect.type === 'promote') {
    const { epoch, agentId } = asked.effect;
    const text = `Whether ${agentId} leads epoch ${epoch} is not known, and it is not asked again: ${reason.text}`;
    const receipt = { key: asked.key, at: facts.now, result: 'unknown', text } as const;
    const why = { ...reason, ...decidedByHand(asked, receipt), text };
    return handOver(incident, withReceipt(incident.attempt, stepId, receipt), facts, why);
  }
  const attempt = callOff(incident.attempt, stepId, reason, facts);
  if (!hasActed(attempt)) return end(incident, failing(attempt, reason), facts, { reason, verdict: 'superseded' });
  // The recovery stands without it. To take everything back would end the instance that works now.
  const step = stepById(attempt, stepId);
  const dispensable = step?.onFailure === 'continue';
  const next = dispensable ? skip(attempt, stepId, reason) : failing(attempt, reason);
  return leaveBehind(goOn(incident, next, facts, { type: 'step-refused', reason }), attempt, step, reason);
}

function handOver(incident: Acting, attempt: Attempt, facts: DecideFacts, reason: Reason): Decided {
  const ended = endAttempt(attempt, facts.now, 'ambiguous');
  const decided = escalate({ ...incident, attempts: [...incident.attempts, ended] }, facts, reason);
  return { ...decided, ended };
}
