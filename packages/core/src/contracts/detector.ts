import type {
  Agent,
  ErrorSignal,
  EvidenceKind,
  FindingKind,
  Health,
  JsonObject,
  LifecycleSignal,
  MetricsSignal,
  Ms,
  Policy,
  ProbeSignal,
  Ratio,
  Reason,
  SignalKind,
  SloStatus,
} from '../model/index.ts';
import type { HeartbeatSignal } from '../model/index.ts';
import type { Component } from './call.ts';

/** Small whole number of an agent in this run of the guard; index of the columns. Reused after deregistration. */
export type AgentSlot = number;

/** Heartbeats that changed nothing but the time, as columns: no object is made for them. */
export interface HeartbeatColumns {
  readonly length: number;
  readonly slots: Uint32Array;
  /** Monotonic time of receipt. */
  readonly atMs: Float64Array;
}

/** What arrived since the last tick, only of the kinds the detector consumes. Valid during the call; copy what is kept. */
export interface SignalBatch {
  readonly nowMs: Ms;
  readonly heartbeats: HeartbeatColumns;
  /** All others, and heartbeats that carry metrics, progress or a changed status, in order of arrival. */
  readonly signals: readonly SlottedSignal[];
}

export type BatchSignal = HeartbeatSignal | ProbeSignal | MetricsSignal | ErrorSignal | LifecycleSignal;

export interface SlottedSignal {
  readonly slot: AgentSlot;
  readonly signal: BatchSignal;
}

/** What a detector suspects; the engine adds ids and times and makes it a finding. */
export interface Suspicion {
  readonly kind: FindingKind;
  readonly evidence: EvidenceKind;
  readonly implies: 'degraded' | 'failed';
  readonly strength: Ratio;
  readonly text: string;
  /** Names the failure without ids, numbers or times. */
  readonly signature: string;
  readonly proven?: boolean;
  /** Found again by fresh checks, until it had stood for twice what raised it (R06 b). */
  readonly lasting?: boolean;
  /** Ask the agent at once before believing it (R06 c). */
  readonly confirm?: boolean;
  readonly data?: JsonObject;
}

export interface Evaluation {
  readonly slot: AgentSlot;
  /** Everything it suspects of the agent now; what it suspected before and leaves out is cleared. */
  readonly suspicions: readonly Suspicion[];
  /** Look at it again at this monotonic time even if nothing arrives. */
  readonly wakeAtMs?: Ms;
  /** Ask the agent at once; the answer counts like that of any probe. For what is not a suspicion yet (R06 c). */
  readonly ask?: boolean;
}

/** What a detector may know of the fleet. */
export interface AgentView {
  readonly agent: Agent;
  readonly policy: Policy;
  /** Monotonic time since when the guard has known the current instance. */
  readonly sinceMs: Ms;
  /** The current instance sent heartbeats in an earlier run of the guard: their absence means something, and it is not starting. */
  readonly beats?: boolean;
}

/** Read-only view of the fleet by slot. */
export interface FleetView {
  agent(slot: AgentSlot): AgentView | undefined;
  slotOf(agentId: string): AgentSlot | undefined;
  /** Agents known. */
  readonly size: number;
  /** Capacity of columns: all slots are below it. */
  readonly slots: number;
}

/** Turns signals into suspicions. Synchronous and bounded: it works on what arrived and what is due, not on the fleet. */
export interface Detector extends Component {
  readonly consumes: readonly SignalKind[];
  /** Takes in a batch; called once a tick when there is something. */
  observe(batch: SignalBatch): void;
  /**
   * Judges the agents that had signals in the batch or are due. An agent left out of the answer stays as it was; one
   * that was due by time and is left out is not due again before the next evaluation of it.
   */
  evaluate(due: readonly AgentSlot[], nowMs: Ms): readonly Evaluation[];
  /** Agent registered, its instance replaced, or it left: drop what belongs to the old instance. */
  reset(slot: AgentSlot): void;
  /** The guard itself stood still for `lostMs`, up to now: the time is held against nobody. Called before `observe`. */
  paused?(lostMs: Ms, nowMs: Ms): void;
  /** An incident of the agent began or ended: what is measured in between is not how it usually behaves. */
  troubled?(slot: AgentSlot, on: boolean): void;
  /** The watch after a recovery began or ended: what was before it is not held against what was recovered. */
  watched?(slot: AgentSlot, on: boolean, nowMs: Ms): void;
  /** The engine's opinion of the agent's health changed; for detectors that count it. Called after `evaluate`. */
  judged?(slot: AgentSlot, health: Health, nowMs: Ms): void;
  /** Service levels of the agent, where the detector counts them. */
  serviceLevels?(slot: AgentSlot, nowMs: Ms): SloStatus | undefined;
  /** What a person should know of the agent that is no suspicion: shown, and never acted upon. */
  remarks?(slot: AgentSlot, nowMs: Ms): readonly Reason[];
  /** Agents with something new that is worth keeping since they were saved. Without it nothing is saved by itself. */
  unsaved?(): readonly AgentSlot[];
  /**
   * What is worth keeping of an agent over a restart of the guard, at most 64 KiB; it is deleted when the agent leaves.
   * A crash may cost the last minutes of it.
   */
  save?(slot: AgentSlot, nowMs: Ms): Uint8Array | undefined;
  /** `savedMs`: when it was saved, on the present monotonic clock, so mostly below 0. May throw: then it is dropped. */
  load?(slot: AgentSlot, bytes: Uint8Array, savedMs: Ms): void;
}
