import type { ApprovalsPolicy, EpochMs, Incident, Ms, Reminders } from '../model/index.ts';

/** Reminders of an escalated incident come at doubling pauses, up to this one. */
const longestPauseMs: Ms = 86_400_000;

type Awaiting = Extract<Incident, { state: 'awaiting-approval' }>;
type Escalated = Extract<Incident, { state: 'escalated' }>;

interface Waiting {
  readonly since: EpochMs;
  readonly reminded: Reminders | undefined;
  readonly policy: ApprovalsPolicy;
  readonly doubling: boolean;
}

/** When a plan that waits is looked at again: to remind, to call the second tier, or because it expires. */
export function approvalDue(incident: Awaiting): EpochMs {
  return Math.min(incident.approval.expiresAt, nextOf(waitingPlan(incident)));
}

/** When people are to be reminded of an escalated incident; `Infinity` when they are not. */
export function escalationDue(incident: Escalated): EpochMs {
  return incident.acknowledged || incident.quiet ? Infinity : nextOf(waitingPerson(incident));
}

/** The reminder of a plan that is due now, if one is. */
export function approvalReminder(incident: Awaiting, now: EpochMs): Reminders | undefined {
  return reminderAt(waitingPlan(incident), now);
}

/** The reminder of an escalated incident that is due now, if one is. */
export function escalationReminder(incident: Escalated, now: EpochMs): Reminders | undefined {
  return now < escalationDue(incident) ? undefined : reminderAt(waitingPerson(incident), now);
}

function waitingPlan({ approval, policy }: Awaiting): Waiting {
  return { since: approval.requestedAt, reminded: approval.reminded, policy: policy.approvals, doubling: false };
}

function waitingPerson({ escalatedAt, reminded, policy }: Escalated): Waiting {
  return { since: escalatedAt, reminded, policy: policy.approvals, doubling: true };
}

function nextOf(waiting: Waiting): EpochMs {
  const { since, reminded, policy, doubling } = waiting;
  const pauseMs = policy.remindEveryMs * (doubling ? 2 ** Math.min(reminded?.count ?? 0, 20) : 1);
  const again = pauseMs > 0 ? (reminded?.at ?? since) + Math.min(pauseMs, longestPauseMs) : Infinity;
  return Math.min(again, secondTierAt(waiting));
}

/** When the second tier is called; `Infinity` when it has been, or never is. */
function secondTierAt({ since, reminded, policy }: Waiting): EpochMs {
  return policy.secondTierAfterMs > 0 && reminded?.tier !== 2 ? since + policy.secondTierAfterMs : Infinity;
}

function reminderAt(waiting: Waiting, now: EpochMs): Reminders | undefined {
  if (now < nextOf(waiting)) return undefined;
  const tier = waiting.reminded?.tier === 2 || now >= secondTierAt(waiting) ? 2 : 1;
  return { count: (waiting.reminded?.count ?? 0) + 1, at: now, tier };
}
