import type {
  Agent,
  AgentId,
  AgentMetrics,
  AuditCheck,
  AuditEntry,
  AuditHead,
  BreakerState,
  Checkpoint,
  Criticality,
  ConfigOverride,
  EpochMs,
  Finding,
  GroupId,
  Health,
  HealthScore,
  HeartbeatStatus,
  Hold,
  HoldScope,
  Incident,
  IncidentId,
  IncidentState,
  InstanceId,
  Mode,
  Ms,
  Progress,
  Reason,
  Role,
  RuleResult,
  SloStatus,
  Storm,
  StormId,
  TimelineEntry,
} from '../model/index.ts';
import type { Route } from './control-plane.ts';
import type { DoubtStatus } from './doubt.ts';
import type { AnyGuardEvent, GuardEvent, GuardEventType } from './events.ts';
import type { Subscription } from './call.ts';
import type { SignalDraft } from './signal-source.ts';

/** `POST /heartbeat`, as received. Nothing in it is trusted. */
export interface Heartbeat {
  readonly agentId: AgentId;
  readonly instance?: InstanceId;
  readonly seq?: number;
  readonly at?: EpochMs;
  readonly status?: HeartbeatStatus;
  readonly role?: Role;
  readonly epoch?: number;
  /** Milliseconds the replica is behind its primary. */
  readonly lag?: Ms;
  readonly version?: string;
  readonly metrics?: AgentMetrics;
  readonly progress?: Progress;
}

/** What became of a heartbeat. */
export type HeartbeatAck =
  /** Counted. */
  | 'accepted'
  /** A repeated or older sequence number; dropped. */
  | 'duplicate'
  /** Counted, and the agent is to finish what it has: HTTP 200 `{"instruction":"drain"}`. */
  | 'drain'
  /** Counted, and the agent is cut off from work. */
  | 'isolated'
  /** Counted, and the agent does not know who leads its group: it is the primary of that epoch, or must stop being one. */
  | 'epoch'
  /** Of an instance that was replaced, which must stop: HTTP 410. */
  | 'retired'
  /** Nobody registered this agent: HTTP 404. */
  | 'unknown'
  /** A field is not valid; `heartbeatProblem` says which: HTTP 400. */
  | 'invalid';

export interface Registration {
  readonly id: AgentId;
  readonly group: GroupId;
  readonly instance?: InstanceId;
  /** Must not be lower than the one that is current. [the current one, or 1] */
  readonly generation?: number;
  readonly endpoint?: string;
  readonly labels?: { readonly [key: string]: string };
  readonly role?: Role;
  readonly dependsOn?: readonly AgentId[];
  readonly criticality?: Criticality;
}

/** What part an agent has in a group with a primary, as it is now: labels say only how it began. */
export interface RoleStatus {
  readonly role: Role;
  /** Of the primary that leads the group, or the latest that was ordered while it is not clear who does; 0 while none ever was. */
  readonly epoch: number;
  /** Who leads the group; absent while that is not clear. */
  readonly primary?: AgentId;
  /** How far behind the primary it says it is; absent when it never said so. */
  readonly lagMs?: Ms;
}

/** An agent with everything the guard knows of it now. */
export interface AgentStatus {
  readonly agent: Agent;
  readonly health: Health;
  readonly since: EpochMs;
  readonly breaker: BreakerState;
  readonly mode: Mode;
  readonly score: HealthScore;
  readonly metrics: AgentMetrics;
  /** Service levels over the window of the error budget; absent while nothing was counted. */
  readonly slo?: SloStatus;
  readonly progress?: Progress;
  /** Its part in a group that has a primary; absent where nobody said a role. */
  readonly leadership?: RoleStatus;
  readonly findings: readonly Finding[];
  /** What a person should know of it that no detector holds against it. [nothing] */
  readonly remarks?: readonly Reason[];
  readonly missed: number;
  readonly failures: number;
  /** Time since the last heartbeat; absent when there was none. */
  readonly silentMs?: Ms;
  readonly heldBy?: string;
  readonly incidentId?: IncidentId;
}

export interface ListOptions {
  readonly limit?: number;
  readonly after?: string;
}

export interface ListOf<T> {
  readonly items: readonly T[];
  /** Give it as `after` to get what follows. */
  readonly next?: string;
}

export interface Explanation {
  readonly subject: { readonly agentId: AgentId; readonly incidentId?: IncidentId };
  /** The whole in a few sentences. */
  readonly summary: string;
  readonly health: Health;
  /** Why the guard acts or does not act now, most recent first. */
  readonly decisions: readonly (TimelineEntry | { readonly reason: Reason })[];
  readonly wouldChange: readonly string[];
  /** Every rule of the gate with what it says now; absent when nothing could be done or is being done. */
  readonly rules?: readonly RuleResult[];
  /** What was heard of the agent last, in sentences; absent when it left. */
  readonly seen?: readonly string[];
  /** Health score and service levels of the agent, in sentences. */
  readonly levels?: readonly string[];
  /** The timeline condensed to what happened. */
  readonly story?: readonly { readonly at: EpochMs; readonly text: string }[];
  readonly incident?: Incident;
  /** The storm it is part of, while that lasts. */
  readonly storm?: Storm;
  readonly timeline: readonly TimelineEntry[];
}

export interface GuardStatus {
  readonly guardId: string;
  readonly version: string;
  readonly state: 'starting' | 'running' | 'stopping' | 'stopped';
  readonly startedAt: EpochMs;
  readonly settled: boolean;
  readonly agents: number;
  readonly openIncidents: number;
  readonly configVersion: string;
  /** Plugins and parts that do not work now, with the reason. */
  readonly degraded: readonly { readonly what: string; readonly why: string }[];
  readonly tick: { readonly lastMs: Ms; readonly lagMs: Ms };
  /** What speaks against the guard itself; every timeout is `multiplier + 1` times as long. Absent before it started. */
  readonly doubt?: DoubtStatus;
  /** Entries of the audit log and one hash over its ends; noted elsewhere, it shows later whether the log was cut off. */
  readonly audit?: { readonly entries: number; readonly anchor: string };
}

/** Who does something, for the record. */
export interface Actor {
  readonly by: string;
  readonly note?: string;
  /** The credential that was proven, where one was: it tells persons apart, whatever names they give. */
  readonly account?: string;
}

/** A person's answer to a plan that waits for approval. */
export interface Answer extends Actor {
  /** The answer counts for this plan alone. */
  readonly planHash?: string;
  /** The token of a message: names the plan and the answer, expires, and counts once. */
  readonly token?: string;
}

/** What a message needs to carry an answer. Whoever holds the token can give it. */
export interface ApprovalLink {
  readonly token: string;
  readonly planHash: string;
  readonly expiresAt: EpochMs;
}

/**
 * The embedder's handle; HTTP and CLI use only this. Every method refuses with a typed error.
 * Unknown names: `GUARD_AGENT_UNKNOWN`, `GUARD_INCIDENT_UNKNOWN`, `GUARD_HOLD_UNKNOWN`; wrong moment: `GUARD_INCIDENT_STATE`.
 */
export interface GuardApi {
  start(): Promise<void>;
  stop(): Promise<void>;
  status(): GuardStatus;

  /** The hot path: counts a heartbeat. Never throws. */
  heartbeat(beat: Heartbeat): HeartbeatAck;
  /** Which field of a heartbeat is not valid, and why; `undefined` when all are. */
  heartbeatProblem(beat: unknown): string | undefined;
  /** Which field of a signal is not valid, and why; `undefined` when all are. */
  signalProblem(signal: unknown): string | undefined;
  /** Takes in any signal; throws `GUARD_SIGNAL_INVALID` or `GUARD_AGENT_UNKNOWN`. */
  ingest(signal: SignalDraft): void;

  readonly agents: {
    list(options?: ListOptions & { readonly group?: GroupId; readonly health?: Health }): ListOf<AgentStatus>;
    get(agentId: AgentId): AgentStatus;
    /** The group it is in now; cheap enough to ask for every heartbeat. */
    groupOf(agentId: AgentId): GroupId;
    /** What an instance of it is worth: nothing of one that is `retired` or `unknown` counts; the former must stop. */
    standing(agentId: AgentId, instance: InstanceId): 'current' | 'retired' | 'unknown';
    register(registration: Registration): Promise<AgentStatus>;
    /**
     * Takes it out of the fleet for good. Refused, and nothing is done, when that cannot be written into the audit log;
     * when only its record could not be deleted yet, it is gone and the guard tries that again. `actor`: for the record.
     */
    deregister(agentId: AgentId, actor?: Actor): Promise<void>;
  };
  readonly incidents: {
    list(
      options?: ListOptions & { readonly agentId?: AgentId; readonly state?: IncidentState | 'unresolved' },
    ): Promise<ListOf<Incident>>;
    get(incidentId: IncidentId): Promise<Incident>;
    timeline(incidentId: IncidentId): Promise<readonly TimelineEntry[]>;
  };
  /** Many failures that are one, newest first. */
  readonly storms: {
    list(options?: ListOptions & { readonly state?: Storm['state'] }): ListOf<Storm>;
    get(stormId: StormId): Storm;
  };
  readonly checkpoints: {
    /**
     * Keeps a state. That of an instance nobody registered is kept, but never restored; that of one that was replaced is
     * refused with `GUARD_AGENT_RETIRED`. Without a name it is of the current instance.
     */
    save(
      agentId: AgentId,
      bytes: Uint8Array,
      meta: { readonly contentType: string; readonly instance?: InstanceId },
    ): Promise<Checkpoint>;
    /** The newest that may be restored. `admit` is asked before its bytes are read; what it throws is passed on. */
    latest(
      agentId: AgentId,
      options?: { readonly admit?: (checkpoint: Checkpoint) => void },
    ): Promise<{ readonly checkpoint: Checkpoint; readonly bytes: Uint8Array } | undefined>;
  };
  readonly holds: { list(): readonly Hold[] };
  /** Who did what: append-only and hash-chained. */
  readonly audit: {
    /** Newest first. */
    list(options?: ListOptions): Promise<ListOf<AuditEntry>>;
    /** Follows every chain from its start. `anchors`: ends noted earlier, which show what was cut off since. */
    verify(anchors?: readonly AuditHead[]): Promise<AuditCheck>;
  };
  routes(group: GroupId): readonly Route[];

  /** Why the guard acted or did not, for an incident id or an agent id. */
  explain(id: IncidentId | AgentId): Promise<Explanation>;
  acknowledge(incidentId: IncidentId, actor: Actor): Promise<Incident>;
  /**
   * A person's yes; with a quorum the plan begins when enough different persons have agreed. Idempotent. Refused with
   * `GUARD_APPROVAL_STALE` when another plan waits now, `GUARD_APPROVAL_TOKEN` when the token does not fit.
   */
  approve(incidentId: IncidentId, answer: Answer): Promise<Incident>;
  /** A person's no; one suffices. */
  reject(incidentId: IncidentId, answer: Answer): Promise<Incident>;
  /** A token for a message that lets its reader answer the plan that waits now; `person`: nobody else may use it. */
  approvalLink(incidentId: IncidentId, action: 'approve' | 'reject', person?: string): Promise<ApprovalLink>;
  resolve(incidentId: IncidentId, actor: Actor): Promise<Incident>;
  hold(
    hold: {
      readonly scope: HoldScope;
      readonly reason: string;
      readonly ttlMs: Ms;
      readonly maintenance?: boolean;
    } & Actor,
  ): Promise<Hold>;
  release(holdId: string, actor: Actor): Promise<void>;
  /** An operator's respawn: opens an incident if there is none and passes the gate like any other. */
  respawn(
    agentId: AgentId,
    options: Actor & { readonly restoreState?: boolean; readonly configOverride?: ConfigOverride },
  ): Promise<Incident>;

  on<K extends GuardEventType>(type: K, listener: (event: GuardEvent<K>) => void): Subscription;
  /** Every event, in order. */
  onAny(listener: (event: AnyGuardEvent) => void): Subscription;
}
