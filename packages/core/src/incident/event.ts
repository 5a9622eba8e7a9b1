import type {
  Assessment,
  Attempt,
  Decision,
  Defect,
  Effect,
  EpochMs,
  Finding,
  GateVerdict,
  Health,
  Hold,
  Incident,
  Instance,
  InstanceId,
  Ms,
  IncidentNoticeKind,
  Plan,
  Prepared,
  Reason,
  Receipt,
  Step,
  StormId,
  TimelineEntry,
} from '../model/index.ts';

/** Everything that can happen to an incident. Each is stored before anything follows from it. */
export type IncidentEvent =
  /** The suspicions against the agent changed, or its health did. */
  | { readonly type: 'findings'; readonly findings: readonly Finding[]; readonly health: Health }
  /** The moment the incident was to be looked at again. */
  | { readonly type: 'due' }
  | { readonly type: 'step-started'; readonly stepId: string; readonly key: string; readonly effect: Effect }
  | { readonly type: 'step-finished'; readonly stepId: string; readonly receipt: Receipt }
  /** The orchestrator does not admit it: it is over and was never begun. */
  | {
      readonly type: 'step-inadmissible';
      readonly stepId: string;
      readonly key: string;
      readonly effect: Effect;
      readonly receipt: Receipt;
    }
  /** There is nothing to do for this step, for example no checkpoint to restore. */
  | { readonly type: 'step-skipped'; readonly stepId: string; readonly reason: Reason }
  /** The gate, asked again at the moment of applying, said no. */
  | { readonly type: 'step-refused'; readonly stepId: string; readonly reason: Reason }
  | { readonly type: 'watch-check' }
  /** An instance that was left behind is ended later: journaled, then finished. */
  | {
      readonly type: 'leftover-started';
      readonly instanceId: InstanceId;
      readonly key: string;
      readonly startedAt: EpochMs;
      readonly effect: Effect;
    }
  | { readonly type: 'leftover-finished'; readonly instanceId: InstanceId; readonly receipt: Receipt }
  /** It is the one that works now; the one beside it is in the way. */
  | { readonly type: 'leftover-turned'; readonly instanceId: InstanceId }
  /**
   * A person's yes to the plan of that hash, signed by the guard that took it. Without a hash, as in older recordings,
   * to whichever waits.
   */
  | {
      readonly type: 'approved';
      readonly planHash?: string;
      readonly by: string;
      readonly account?: string;
      readonly note?: string;
      readonly token?: string;
      readonly seal: string;
    }
  /** What the plan that waits needs was looked up. */
  | { readonly type: 'prepared'; readonly planHash: string; readonly prepared: Prepared }
  /** A person's no, to the plan of that hash as with a yes. */
  | { readonly type: 'rejected'; readonly planHash?: string; readonly by: string; readonly note?: string }
  | { readonly type: 'acknowledged'; readonly by: string; readonly note?: string }
  | { readonly type: 'operator-resolved'; readonly by: string; readonly note?: string }
  /** An operator orders a plan of their own. */
  | {
      readonly type: 'ordered';
      readonly by: string;
      readonly account?: string;
      readonly note?: string;
      readonly plan: Plan;
    }
  | { readonly type: 'released' }
  | { readonly type: 'removed' }
  /** It is one of many that are told of together. */
  | { readonly type: 'joined-storm'; readonly stormId: StormId }
  /**
   * What it was told of with, or waited for, is over: what is still open is told of by itself. `known`: people heard of
   * what it was part of, and need not hear of one that is being healed.
   */
  | { readonly type: 'announce'; readonly known: boolean }
  /** A notifier accepted a message that tells a person of the present state. */
  | { readonly type: 'told'; readonly notifier: string };

/** What the guard knows at the moment of the decision; plain data, so that a decision can be repeated. */
export interface DecideFacts {
  readonly now: EpochMs;
  readonly health: Health;
  /** Suspicions against the current instance. */
  readonly findings: readonly Finding[];
  /** How long the agent has had no suspicion and a fresh sign of life; 0 while it has any. */
  readonly soundForMs: Ms;
  /** How often this failure of the agent was healed lately; from so many on it is a defect (R20). [0] */
  readonly healings?: number;
  readonly instance?: Instance;
  readonly assessment: Assessment;
  /** The strategy's plan, or why it has none. */
  readonly proposal: Decision<Plan>;
  /** The plan as steps. */
  readonly steps: readonly Step[];
  /** What leaves the agent in the declared safe state, when that can be done now and was not done yet. */
  readonly safeState?: { readonly plan: Plan; readonly steps: readonly Step[] };
  /** What brings an agent back that the guard isolated, when it did. */
  readonly comeBack?: { readonly plan: Plan; readonly steps: readonly Step[]; readonly verdict: GateVerdict };
  /** If the attempt under way does not heal, the same rung can be tried another way: the ladder does not climb yet. */
  readonly alternative?: boolean;
  /** An attempt that begins now is a canary of this trip of the fleet breaker. */
  readonly canary?: number;
  /** It is one of many, and people are asked about enough of them already. */
  readonly crowd?: Reason;
  /** What the gate says of starting the plan now. */
  readonly verdict: GateVerdict;
  /** Nobody has been told lately of what the verdict waits for. */
  readonly untold?: boolean;
  readonly planHash: string;
  readonly approval: {
    /** Signature of a request for the plan made now. */
    readonly seal: string;
    /** The request that stands carries the guard's signature. */
    readonly valid: boolean;
    /** Persons whose stored votes carry it. */
    readonly voters: readonly string[];
  };
  /** A hold that covers the agent. */
  readonly hold?: Hold;
  /** The guard has not seen the fleet again since it started: that nothing was heard of an agent proves nothing (R05). */
  readonly unsettled?: boolean;
  /** Wait before the next attempt, drawn from the backoff. */
  readonly backoffMs: Ms;
}

/** What follows from an event: the new incident with its line in the timeline, and what is to be done. */
export interface Decided {
  readonly incident: Incident;
  /** Absent when the event changed nothing worth a line. */
  readonly entry?: TimelineEntry;
  /** Messages to people about the new state. */
  readonly notices: readonly IncidentNoticeKind[];
  /** An attempt ended with this event, and is to be written into the ledger. */
  readonly ended?: Attempt;
  /** With this healing the failure is a defect, or remains one. */
  readonly defect?: Defect;
  /** An attempt begins with this event: its place in the budget is reserved in the same commit. */
  readonly begins: boolean;
}
