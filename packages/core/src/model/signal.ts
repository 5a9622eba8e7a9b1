import type { AgentId, InstanceId, Role } from './agent.ts';
import type { AgentMetrics, Progress } from './metrics.ts';
import type { EpochMs, Ms } from './units.ts';

export type SignalKind = 'heartbeat' | 'probe' | 'metrics' | 'error' | 'lifecycle';

/** What every signal carries. Freshness is judged by `receivedMs`; `at` is what the sender claims and only informs. */
export interface SignalBase {
  readonly agentId: AgentId;
  readonly instanceId?: InstanceId;
  /** The sender's own time of the observation. */
  readonly at?: EpochMs;
  /** The guard's monotonic clock at receipt; stamped by the collector. */
  readonly receivedMs: Ms;
}

export type HeartbeatStatus = 'ok' | 'degraded' | 'draining' | 'stopping';

/** `POST /heartbeat`. */
export interface HeartbeatSignal extends SignalBase {
  readonly kind: 'heartbeat';
  /** Counts up per instance; a repeated or lower one is a duplicate and is dropped. */
  readonly seq?: number;
  readonly status?: HeartbeatStatus;
  readonly role?: Role;
  readonly epoch?: number;
  readonly lag?: number;
  readonly version?: string;
  readonly metrics?: AgentMetrics;
  readonly progress?: Progress;
}

/** `health` is the brief's active check; the others are the three scheduled probes. */
export type ProbeName = 'health' | 'liveness' | 'readiness' | 'performance';

/** `unknown`: the guard could not ask (its own fault, no address); never counted against the agent. */
export type ProbeOutcome = 'up' | 'down' | 'unknown';

/** What one question of the guard to an agent brought. */
export interface ProbeSignal extends SignalBase {
  readonly kind: 'probe';
  readonly probe: ProbeName;
  readonly outcome: ProbeOutcome;
  /** Time to the complete answer, or to giving up. */
  readonly latencyMs: Ms;
  readonly statusCode?: number;
  /** What went wrong, in a sentence. */
  readonly detail?: string;
  /** Readiness: the dependencies the agent checked, by name. */
  readonly checks?: { readonly [name: string]: boolean };
  /** Performance: the figures it answered. */
  readonly metrics?: AgentMetrics;
  /** The address may not be called; `detail` says why. Only with the outcome `unknown`. */
  readonly denied?: boolean;
  /** It cannot be asked this way before the config changes; `detail` says why. Only with the outcome `unknown`. */
  readonly unaskable?: boolean;
  /** Asked at once to confirm a suspicion, not by the schedule. */
  readonly confirming?: boolean;
}

/** Figures from somewhere else than a heartbeat or a probe, for example container statistics. */
export interface MetricsSignal extends SignalBase {
  readonly kind: 'metrics';
  readonly metrics: AgentMetrics;
  /** They were measured from outside, as of its container: that they arrive does not show that the agent runs. [false] */
  readonly outside?: boolean;
}

/** `POST /api/v1/agents/:id/errors`, or a line of a log. */
export interface ErrorSignal extends SignalBase {
  readonly kind: 'error';
  readonly message: string;
  readonly type?: string;
  /** How many times it happened since the last report [1]. */
  readonly count: number;
}

export type LifecycleEvent =
  | 'started'
  | 'died'
  | 'oom-killed'
  | 'unhealthy'
  | 'healthy'
  | 'stopped'
  | 'paused'
  | 'restarted'
  | 'removed';

/**
 * What the orchestrator saw. `stopped` and `paused` are an operator's hand and are left alone; `restarted`: somebody else,
 * such as a restart policy, ended it and started it again.
 */
export interface LifecycleSignal extends SignalBase {
  readonly kind: 'lifecycle';
  readonly event: LifecycleEvent;
  readonly exitCode?: number;
  /** Name of the signal that ended it, for example `SIGKILL`. */
  readonly exitSignal?: string;
  /**
   * With `unhealthy`: it lasts (R06 b) if it is not taken back for so long. Absent: it is no verdict of the orchestrator, or nobody
   * knows how old that is.
   */
  readonly lastsInMs?: Ms;
  readonly detail?: string;
}

/** One observation. */
export type Signal = HeartbeatSignal | ProbeSignal | MetricsSignal | ErrorSignal | LifecycleSignal;
