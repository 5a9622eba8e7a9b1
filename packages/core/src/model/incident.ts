import type { AgentId, GroupId, Instance, InstanceId } from './agent.ts';
import type { Assessment } from './assessment.ts';
import type { FailoverOutcome } from './failover.ts';
import type { Finding } from './finding.ts';
import type { Defect } from './defect.ts';
import type { Health } from './health.ts';
import type { JsonObject } from './json.ts';
import type { Effect, Plan, Step, StepRecord } from './plan.ts';
import type { Policy } from './policy.ts';
import type { Reason } from './reason.ts';
import type { StormId } from './storm.ts';
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
  /** Names the failure as it was when the attempt was chosen; what came of it is learned under this name. */
  readonly signature?: string;
  /** It began on two kinds of evidence or on a proven exit, not on one kind that had lasted (R06). */
  readonly proven: boolean;
  /** The person who ordered or approved it. */
  readonly orderedBy?: string;
  /** It tries out whether healing helps after a mass failure: the trip of the fleet breaker it belongs to. */
  readonly canary?: number;
  /** The instance the attempt was made for. */
  readonly instance?: Instance;
  /** The instance the attempt brought, known from a receipt or from the inventory. */
  readonly replacement?: Instance;
  /** A step failed: what is left are the undo steps. */
  readonly failure?: Reason;
  /** What people agreed to, and who did. */
  readonly approval?: Pick<Approval, 'planHash' | 'votes'>;
  readonly endedAt?: EpochMs;
  /** `contained`: it was not meant to heal, only to isolate the agent or to bring it back. */
  readonly verdict?: 'healed' | 'failed' | 'ambiguous' | 'superseded' | 'contained';
}

export interface Watch {
  readonly startedAt: EpochMs;
  readonly until: EpochMs;
  readonly checks: number;
  readonly lastHealth: Health;
}

/** One person's yes to a plan. */
export interface Vote {
  readonly by: string;
  /** The credential it came with; two votes of one account are one. */
  readonly account?: string;
  readonly at: EpochMs;
  readonly note?: string;
  /** Id of the token of a message it came with: a token lets one person vote, once. */
  readonly token?: string;
  /** Signature over incident, plan and person: one that was not made by a guard does not count. */
  readonly seal: string;
}

/** What was found out about a plan while it waits, so that it can start at once. */
export interface Prepared {
  readonly at: EpochMs;
  /** The orchestrator would do it now. */
  readonly ok: boolean;
  readonly text: string;
  /** Newest checkpoint that was verified and would be restored. */
  readonly checkpointId?: string;
}

/** How often people were reminded of something that waits for them, and how far up. */
export interface Reminders {
  readonly count: number;
  readonly at: EpochMs;
  readonly tier: 1 | 2;
}

/** A plan that waits for people, bound to its hash. */
export interface Approval {
  /** SHA-256 of the canonical JSON of incident, instance, plan, steps and config version. */
  readonly planHash: string;
  readonly plan: Plan;
  /** Exactly what will be done. */
  readonly steps: readonly Step[];
  readonly reason: Reason;
  readonly requestedAt: EpochMs;
  readonly expiresAt: EpochMs;
  /** Different persons who have to agree. */
  readonly quorum: number;
  /** Who ordered the plan, as a person: counts as one who agrees. */
  readonly orderedBy?: string;
  /** Signature over plan hash, quorum, orderer and expiry. */
  readonly seal: string;
  /** Oldest first. */
  readonly votes: readonly Vote[];
  readonly reminded?: Reminders;
  readonly prepared?: Prepared;
}

/** Who votes, to tell persons apart: the account that was proven, else the name that was said. */
export function personOf({ by, account }: { readonly by: string; readonly account?: string | undefined }): string {
  return (account ?? by).normalize('NFKC').trim().toLowerCase();
}

export type Outcome = 'healed' | 'self-recovered' | 'operator' | 'removed';

/** An instance that should have been ended and was not, because a hold or a failure stood in the way. */
export interface Leftover {
  readonly instance: Instance;
  /** The one that lives beside it. */
  readonly beside: Instance;
  /** Why it was not ended. */
  readonly reason: Reason;
  readonly since: EpochMs;
  /** Tries to end it that failed. */
  readonly tries: number;
  /** It is being ended: journaled before it was done. */
  readonly under?: { readonly key: string; readonly startedAt: EpochMs; readonly effect: Effect };
  /** People were told that it keeps the incident open. */
  readonly told?: boolean;
  /** Every try failed, and a person was told: it is theirs now. */
  readonly handedOver?: boolean;
}

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
  readonly requested?: { readonly plan: Plan; readonly by: string; readonly account?: string };
  /** In mode dry-run: what was recorded last as what would have been done. */
  readonly wouldHave?: string;
  /** The failure is a defect: it was healed often before, or is one with the healing that ended this incident. */
  readonly defect?: Defect;
  /** The first incident of the thread when the same signature came back within the window. */
  readonly continues?: IncidentId;
  /** Instances left behind by attempts; the incident does not end by itself before they are gone or a person was told. */
  readonly leftovers?: readonly Leftover[];
  /** The last thing that was decided, acting or not, for a person to read. */
  readonly because: Reason;
  /** The storm it is part of: people are told of that, and not of each of its incidents. */
  readonly parent?: StormId;
  /** A message about it was kept back, because a storm or a failed dependency speaks for it. */
  readonly unannounced?: true;
  /** People were told that the agent is down and nothing could be done about it for long. */
  readonly stuckTold?: true;
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
    | {
        readonly state: 'escalated';
        readonly reason: Reason;
        readonly escalatedAt: EpochMs;
        /** People know and have decided: they are not reminded. */
        readonly quiet?: boolean;
        readonly reminded?: Reminders;
      }
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

/** The attempt that is under way or being proven. */
export function currentAttempt(incident: Incident): Attempt | undefined {
  return incident.state === 'acting' || incident.state === 'watching' ? incident.attempt : undefined;
}

/** Every attempt, the current one included, oldest first. */
export function allAttempts(incident: Incident): readonly Attempt[] {
  const current = currentAttempt(incident);
  return current ? [...incident.attempts, current] : incident.attempts;
}

/** What came of the promotion of an attempt; `undefined`: it has none, or is under way and the replica was not called. */
export function failoverOutcome({ plan, steps, verdict }: Attempt): FailoverOutcome | undefined {
  if (plan.promotion === undefined) return undefined;
  const step = steps.find(({ spec }) => spec.type === 'promote');
  const result = step?.state === 'finished' ? step.receipt.result : undefined;
  if (result === 'succeeded') return 'led';
  if (result === 'unknown' || result === 'ambiguous') return 'unknown';
  if (verdict === undefined) return undefined;
  return step?.state === 'started' ? 'unknown' : 'not-led';
}

/** What a plan does, in a word for people. */
export function doingOf({ rung, contain, promotion }: Plan): string {
  if (promotion) return 'failover';
  if (!contain) return rung;
  return contain.for === 'return' ? (rung === 'escalate' ? 'reinstate' : rung) : 'isolate';
}

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
