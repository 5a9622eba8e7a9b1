import type { Clock, ControlPlane, Logger, Orchestrator } from '../contracts/index.ts';
import type { IncidentEvent } from '../incident/index.ts';
import type {
  Agent,
  AgentId,
  AgentMetrics,
  Checkpoint,
  EpochMs,
  GateVerdict,
  GroupId,
  Incident,
  IncidentId,
  Instance,
  InstanceId,
  Step,
} from '../model/index.ts';

/** What an agent answered to a call of the guard. */
export type AgentReply =
  | { readonly ok: true }
  /** It does not know the call (404, 405, 501). */
  | { readonly ok: false; readonly unsupported: true; readonly text: string }
  | { readonly ok: false; readonly unsupported: false; readonly retryable: boolean; readonly text: string };

/** What came of handing a state over. */
export type RestoreReply =
  | AgentReply
  /**
   * It was not handed over now, and perhaps before: the instance works by now, so that it would lose what it has done since.
   * Or nobody can tell whether it does.
   */
  | { readonly ok: 'perhaps'; readonly works: boolean; readonly text: string };

/** A state that is to be handed over. */
export interface Handover {
  readonly checkpointId: string;
  /** When a guard that did not see its end began to. [it is the first try] */
  readonly begunAt?: EpochMs;
}

/** Everything the executor reaches the world through; it knows no stage and no store. */
export interface ExecutorPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly controlPlane: ControlPlane;
  orchestrator(name: string): Orchestrator | undefined;
  agent(agentId: AgentId): Agent | undefined;
  /** The incident as it is stored now. */
  incident(incidentId: IncidentId): Incident | undefined;
  /** Resolves once it is known what is stored of the incident; rejects while the store does not say. */
  confirm(incidentId: IncidentId): Promise<void>;
  /** Stores an event and what follows from it, in the group's serial queue; returns the incident after it. */
  apply(incidentId: IncidentId, event: IncidentEvent): Promise<Incident | undefined>;
  /** Asks the gate for a step of an attempt under way, on the present view. */
  gate(incident: Incident, affects: readonly AgentId[]): GateVerdict;
  /** Whether the agent is proven to hang at this moment, so that it cannot end by itself. */
  hangs(incident: Incident): boolean;
  fence(group: GroupId): number;
  /** Whether this guard may act on the group now. */
  owns(group: GroupId): boolean;
  /** A new incarnation came of an action: the fleet is told before the inventory says so. */
  adopt(agentId: AgentId, instance: Instance): void;
  /**
   * An instance was ended on purpose: it no longer counts, and if another lives beside it that is current. Resolves
   * when that is written down.
   */
  retired(agentId: AgentId, instanceId: InstanceId): Promise<void>;
  /** Resolves when the instance takes work; rejects with the signal's reason. */
  awaitReady(agentId: AgentId, instanceId: string, signal: AbortSignal): Promise<void>;
  drain(agent: Agent, instance: Instance, forMs: number, signal: AbortSignal): Promise<AgentReply>;
  restoreState(agent: Agent, instance: Instance, handover: Handover, signal: AbortSignal): Promise<RestoreReply>;
  promote(agent: Agent, instance: Instance, epoch: number, signal: AbortSignal): Promise<AgentReply>;
  /** Whether the agent says itself that it leads its group in that epoch. */
  leads(agent: Agent, epoch: number): boolean;
  /** The newest that may be restored and is none of those to avoid. */
  latestCheckpoint(agentId: AgentId, avoid: readonly string[]): Promise<Checkpoint | undefined>;
  /** Last known figures of the agent. */
  figures(agentId: AgentId): AgentMetrics;
  redact(text: string): string;
  onStep(incident: Incident, step: Step, key: string): void;
}
