import type { ConfigOverride, Intent } from './action.ts';
import type { AgentId, GroupId, Instance, InstanceId } from './agent.ts';
import type { Promotion } from './failover.ts';
import type { BreakerState, Health } from './health.ts';
import type { JsonObject } from './json.ts';
import type { Rung } from './policy.ts';
import type { Reason } from './reason.ts';
import type { EpochMs, Ms, Ratio } from './units.ts';

/** What a strategy wants done: one rung of the ladder. `recovery/` turns it into steps. */
export interface Plan {
  readonly rung: Rung;
  /** Rungs passed over because the orchestrator lacks them. */
  readonly skipped: readonly Rung[];
  readonly restoreState: boolean;
  readonly mode?: 'beside' | 'in-place';
  readonly override?: ConfigOverride;
  readonly graceMs: Ms;
  /** Why the instance gets less time to end by itself than the rung gives; absent: it gets all of it. */
  readonly shortGrace?: Reason;
  readonly timeoutMs: Ms;
  /** The plan may only be carried out after a person approved it. */
  readonly needsApproval?: Reason;
  /** What is told to people: `restart`, `manual_investigation`. */
  readonly recommendedAction: string;
  /** Nothing is healed: the agent is only put out of harm's way, or brought back from there. `reason` says what for. */
  readonly contain?: { readonly for: 'security' | 'safe-state' | 'return' | 'failover'; readonly reason: Reason };
  /** With `contain.for` `failover`: which replica takes the place of the agent once that is fenced. */
  readonly promotion?: Promotion;
  /** The same rung once more, another way. */
  readonly variant?: 'older-checkpoint' | 'without-state';
  /** Checkpoints that are suspected and not restored. */
  readonly avoid?: readonly string[];
  /** What worked before has to say of the choice of the rung. */
  readonly learned?: LearnedChoice;
}

/** One draw of the learned ranking. */
export interface Draw {
  readonly rung: Exclude<Rung, 'escalate'>;
  /** 0–1: the chance to heal that was drawn. */
  readonly chance: Ratio;
  /** Outcomes it rests on, each counted less the older it is. */
  readonly healed: number;
  readonly failed: number;
}

/** Draws for every rung, made once for an attempt: the same incident and attempt draw the same. */
export interface Learned {
  readonly mode: 'suggest' | 'on';
  readonly draws: readonly Draw[];
}

/** What the learned ranking would choose or chose, and on which figures. */
export interface LearnedChoice {
  readonly mode: 'suggest' | 'on';
  readonly would: Exclude<Rung, 'escalate'>;
  readonly ladder: Exclude<Rung, 'escalate'>;
  readonly draws: readonly Draw[];
}

/** A change of what the fleet's control plane knows. */
export type ControlCommand =
  | { readonly kind: 'register'; readonly agentId: AgentId; readonly group: GroupId; readonly instance: Instance }
  | { readonly kind: 'deregister'; readonly agentId: AgentId; readonly instanceId: InstanceId }
  | { readonly kind: 'status'; readonly agentId: AgentId; readonly health: Health }
  | { readonly kind: 'route'; readonly agentId: AgentId; readonly breaker: BreakerState };

/** What the guard asks of an agent over its own endpoint. */
export type AgentCall = { readonly kind: 'drain'; readonly forMs: Ms } | { readonly kind: 'await-ready' };

/** What a step does. `on` is resolved to an instance when the step is started, not when it is planned. */
export type StepSpec =
  | {
      readonly type: 'action';
      readonly action: 'restart' | 'recreate' | 'respawn' | 'retire' | 'isolate' | 'reinstate' | 'restoreState';
      readonly on: 'old' | 'new';
    }
  | { readonly type: 'agent-call'; readonly call: AgentCall; readonly on: 'old' | 'new' }
  | { readonly type: 'control'; readonly command: 'route-out' | 'route-half-open' | 'register-new' | 'deregister-old' }
  | { readonly type: 'evidence'; readonly on: 'old' }
  /** The replica of the plan takes over. */
  | { readonly type: 'promote' };

/** One thing done to the world; journaled, gated, executed and reconciled by the one executor. */
export interface Step {
  /** Unique in the attempt, in order: `3-restart`. */
  readonly id: string;
  readonly spec: StepSpec;
  readonly timeoutMs: Ms;
  /** `continue`: a failure is noted and the attempt goes on. */
  readonly onFailure: 'fail' | 'continue';
  /** Done when a later step fails. */
  readonly undo?: StepSpec;
}

/** A step with what became of it. */
export type StepRecord = Step &
  (
    | { readonly state: 'planned' }
    /** Journaled before it was done: `intent` for an action, `effect` for the rest. */
    | { readonly state: 'started'; readonly key: string; readonly startedAt: EpochMs; readonly effect: Effect }
    | {
        readonly state: 'finished';
        readonly key: string;
        readonly startedAt: EpochMs;
        readonly effect: Effect;
        readonly receipt: Receipt;
      }
    | { readonly state: 'skipped'; readonly reason: Reason }
  );

/** A step made concrete, as it stands in the journal. */
export type Effect =
  | { readonly type: 'action'; readonly orchestrator: string; readonly intent: Intent }
  | {
      readonly type: 'restore';
      readonly agentId: AgentId;
      readonly instanceId: InstanceId;
      readonly checkpointId: string;
    }
  | {
      readonly type: 'agent-call';
      readonly call: AgentCall;
      readonly agentId: AgentId;
      readonly instanceId: InstanceId;
    }
  | {
      readonly type: 'promote';
      /** The replica, and the instance of it that is called. */
      readonly agentId: AgentId;
      readonly instanceId: InstanceId;
      readonly epoch: number;
      /** The primary it takes the place of. */
      readonly from: AgentId;
    }
  | { readonly type: 'control'; readonly command: ControlCommand }
  | { readonly type: 'evidence'; readonly agentId: AgentId; readonly instanceId: InstanceId };

/** What an orchestrator or the executor says came of a step. `unknown` is legal and forces `reconcile`. */
export type Receipt = { readonly key: string; readonly at: EpochMs } & (
  | {
      readonly result: 'succeeded';
      readonly instance?: Instance;
      readonly data?: JsonObject;
      readonly reconciled?: boolean;
    }
  | { readonly result: 'failed'; readonly retryable: boolean; readonly code: string; readonly text: string }
  | { readonly result: 'superseded'; readonly text: string }
  | { readonly result: 'cancelled'; readonly text: string }
  | { readonly result: 'unknown'; readonly text: string }
  | { readonly result: 'ambiguous'; readonly text: string }
);
