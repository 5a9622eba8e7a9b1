import type {
  Agent,
  AgentMetrics,
  Assessment,
  Attempt,
  Capability,
  Decision,
  EpochMs,
  Finding,
  Health,
  History,
  Learned,
  Ms,
  Plan,
  Policy,
  Promotion,
} from '../model/index.ts';

/** Everything a decision about an incident may rest on. Plain data: it is recorded and replayed. */
export interface IncidentFacts {
  readonly now: EpochMs;
  readonly agent: Agent;
  readonly health: Health;
  readonly findings: readonly Finding[];
  /** Last known figures of the agent. */
  readonly metrics: AgentMetrics;
  readonly attempts: readonly Attempt[];
  /** After a failed watch severity is at least this. */
  readonly severityAtLeast: number;
  readonly history: History;
  readonly policy: Policy;
  /** How far the failure reaches beyond the agent; absent where nobody looked. */
  readonly reach?: Reach;
  /** What worked before, drawn for this decision; absent while learning is off. */
  readonly learned?: Learned;
  /** Every checkpoint of the agent that may be restored, the newest first; absent while it does not matter. */
  readonly checkpoints?: readonly string[];
  /** Flags that were raised before in the incident: what raised them may be gone, what it told of is not. */
  readonly flagged?: { readonly dataLossRisk: boolean; readonly securityIncident: boolean };
  /** The guard isolated the current instance and has not brought it back. */
  readonly isolated?: boolean;
  /** Which replica could take its place, or why none can; absent where it is no primary or no failover is wanted. */
  readonly failover?: Decision<Promotion>;
  /** What is heard of the agent itself, whatever stands against it; absent where nobody looked. */
  readonly signs?: SignsOfLife;
}

/** By what an agent shows that it runs. */
export interface SignsOfLife {
  /** It sends heartbeats. */
  readonly beats: boolean;
  /** The current instance has answered a probe well. */
  readonly answers: boolean;
  /** Its last heartbeat, good answer or figures came this long ago; absent when none ever came. */
  readonly heardAgoMs?: Ms;
}

export interface Reach {
  /** Agents of its group, itself included. */
  readonly groupSize: number;
  /** Others of the group that have an open incident. */
  readonly unhealthy: number;
  /** Agents that cannot work without it. */
  readonly dependants: number;
}

/** Turns findings and history into a severity. Pure: the same facts give the same assessment. */
export interface Assessor {
  assess(facts: IncidentFacts): Assessment;
}

/** Turns an assessment into a plan, or abstains with a reason. Pure. */
export interface Strategy {
  propose(facts: IncidentFacts, assessment: Assessment, can: readonly Capability[]): Decision<Plan>;
}

/** Scores rows of figures by how unusual they are. Rows are flat, `features.length` values each. */
export interface AnomalyModel {
  readonly features: readonly string[];
  /** Learns from healthy rows; replaces what it knew. */
  fit(rows: Float64Array): void;
  /** One score per row: 0 ordinary … 1 very unusual; NaN before the first `fit`. */
  score(rows: Float64Array): Float64Array;
  /** Which feature made the row unusual, largest share first. */
  explain(row: Float64Array): readonly { readonly feature: string; readonly share: number }[];
  save(): Uint8Array;
  load(bytes: Uint8Array): void;
}
