import type { AgentId, GroupId, Instance, InstanceId } from './agent.ts';
import type { Assessment } from './assessment.ts';
import type { Finding } from './finding.ts';
import type { Health } from './health.ts';
import type { JsonObject } from './json.ts';
import type { Plan, StepRecord } from './plan.ts';
import type { Policy } from './policy.ts';
import type { Reason } from './reason.ts';
import type { EpochMs } from './units.ts';

/** `inc_` and a ULID from the injected clock and random. */
export type IncidentId = string;

/** One try at healing: a plan, its steps and what came of it. */
export interface Attempt {
  /** Counts from 1. */
  readonly number: number;
  readonly plan: Plan;
  readonly severity: number;
  readonly steps: readonly StepRecord[];
  readonly startedAt: EpochMs;
  /** It began on two kinds of evidence or on a proven exit, not on one kind that had lasted (R06). */
  readonly proven: boolean;
  /** The person who ordered or approved it. */
  readonly orderedBy?: string;
  /** The instance the attempt was made for. */
  readonly instance?: Instance;
  /** The instance the attempt brought, known from a receipt or from the inventory. */
  readonly replacement?: Instance;
  /** A step failed: what is left are the undo steps. */
  readonly failure?: Reason;
  readonly endedAt?: EpochMs;
  readonly verdict?: 'healed' | 'failed' | 'ambiguous' | 'superseded';
}

export interface Watch {
  readonly startedAt: EpochMs;
  readonly until: EpochMs;
  readonly checks: number;
  readonly lastHealth: Health;
}

/** A person's answer to a plan, bound to the plan's hash. */
export interface Approval {
  /** SHA-256 of the canonical JSON of incident, instance, plan and config version. */
  readonly planHash: string;
  readonly plan: Plan;
  readonly reason: Reason;
  readonly requestedAt: EpochMs;
  readonly expiresAt: EpochMs;
}

export type Outcome = 'healed' | 'self-recovered' | 'operator' | 'removed';

/** What every incident has, in whatever state. */
interface IncidentBase {
  readonly id: IncidentId;
  /** Counts the stored events; every change raises it, and a stale writer is refused. */
  readonly version: number;
  readonly agentId: AgentId;
  readonly group: GroupId;
  readonly instanceId?: InstanceId;
  readonly openedAt: EpochMs;
  readonly changedAt: EpochMs;
  /** Hash of the config in force when it was opened; a reload does not change an incident under way (R28). */
  readonly configVersion: string;
  readonly policy: Policy;
  readonly health: Health;
  readonly findings: readonly Finding[];
  /** Names the failure; kept when the findings are cleared. */
  readonly signature: string;
  readonly assessment?: Assessment;
  /** After a failed watch severity is at least this. */
  readonly severityAtLeast: number;
  /** Finished attempts, oldest first. */
  readonly attempts: readonly Attempt[];
  readonly acknowledged?: { readonly by: string; readonly at: EpochMs };
  /** An operator's own plan; takes the place of the strategy's until it was tried. */
  readonly requested?: { readonly plan: Plan; readonly by: string };
  /** The first incident of the thread when the same signature came back within the window. */
  readonly continues?: IncidentId;
  /** The last thing that was decided, acting or not, for a person to read. */
  readonly because: Reason;
  /** A message about it was accepted by a notifier. */
  readonly told: boolean;
}

/**
 * The durable record and state machine of one failure.
 * open → acting · awaiting-approval · held · escalated · resolved; acting → watching · open · escalated;
 * watching → resolved · open · escalated; awaiting-approval → acting · open · escalated; held → open · resolved;
 * escalated → open · watching · resolved; resolved is final.
 */
export type Incident = IncidentBase &
  /** Waiting for a decision; looked at again at `nextAt`. */
  (
    | { readonly state: 'open'; readonly nextAt: EpochMs }
    | { readonly state: 'acting'; readonly attempt: Attempt }
    | { readonly state: 'watching'; readonly attempt?: Attempt; readonly watch: Watch }
    | { readonly state: 'awaiting-approval'; readonly approval: Approval }
    | { readonly state: 'held'; readonly holdId: string; readonly until: EpochMs }
    | { readonly state: 'escalated'; readonly reason: Reason; readonly escalatedAt: EpochMs }
    | { readonly state: 'resolved'; readonly outcome: Outcome; readonly resolvedAt: EpochMs; readonly by?: string }
  );

export type IncidentState = Incident['state'];

/** The moves that are allowed; everything else is a fault of ours. */
export const transitions: { readonly [S in IncidentState]: readonly IncidentState[] } = {
  open: ['open', 'acting', 'awaiting-approval', 'held', 'escalated', 'resolved'],
  acting: ['acting', 'watching', 'open', 'escalated'],
  watching: ['watching', 'resolved', 'open', 'escalated'],
  'awaiting-approval': ['awaiting-approval', 'acting', 'open', 'escalated'],
  held: ['held', 'open', 'resolved'],
  escalated: ['escalated', 'open', 'watching', 'resolved'],
  resolved: ['resolved'],
};

/** Whether nothing more will happen to it by itself: resolved, or escalated and a person was told. */
export function isEnded(incident: Incident): boolean {
  return incident.state === 'resolved' || (incident.state === 'escalated' && incident.told);
}

/** One line of an incident's timeline, as stored. */
export interface TimelineEntry {
  /** Equals the incident's version after the event. */
  readonly seq: number;
  readonly at: EpochMs;
  readonly incidentId: IncidentId;
  readonly type: string;
  readonly state: IncidentState;
  readonly reason: Reason;
  readonly data?: JsonObject;
}
