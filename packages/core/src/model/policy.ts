import type { ConfigOverride } from './action.ts';
import type { FailoverPolicy } from './failover.ts';
import type { ProbeWay, TlsPolicy } from './probe-way.ts';
import type { PredictionPolicy, TrendsPolicy } from './trends.ts';
import type { SeverityRule, UseWhenRule } from './rules.ts';
import type { BurnRate } from './slo.ts';
import type { Ms, Ratio } from './units.ts';

/** How far the guard may go by itself in a group; from the most careful to the freest. */
export type Mode = 'observe' | 'dry-run' | 'approve' | 'auto';

const modeOrder: readonly Mode[] = ['observe', 'dry-run', 'approve', 'auto'];

/** The more careful of two: a label can only narrow what the config allows. */
export function strictestMode(a: Mode, b: Mode): Mode {
  return modeOrder.indexOf(a) <= modeOrder.indexOf(b) ? a : b;
}

/** One scheduled probe. */
export interface ProbePolicy extends ProbeWay {
  readonly everyMs: Ms;
  /** Consecutive failures until it counts as down. */
  readonly failures: number;
  /** Consecutive successes until it counts as up again. */
  readonly successes: number;
}

export interface HeartbeatPolicy {
  /** `auto`: the timeout is armed by the first heartbeat; `required`: from the registration on; `off`: never. */
  readonly expect: 'auto' | 'required' | 'off';
  readonly everyMs: Ms;
  readonly timeoutMs: Ms;
  /** `phi`: silence counts as soon as it is unusual for the agent, if it does not answer either; `fixed`: after the timeout. */
  readonly detector: 'fixed' | 'phi';
  /** A heartbeat may be this late without being unusual, as after a collection of garbage. */
  readonly pauseMs: Ms;
  /** Work in hand that does not advance for this long is a suspicion. */
  readonly stalledForMs: Ms;
  /** After this long silent but answering, a restart is allowed. */
  readonly silentForMs: Ms;
}

/** Whether an agent has to be heard: always, or because it has sent heartbeats at some time. */
export function expectsHeartbeats({ expect }: HeartbeatPolicy, beats: boolean): boolean {
  return expect === 'required' || (expect === 'auto' && beats);
}

export interface ProbesPolicy {
  /** The brief's active check, asked to confirm a suspicion; 404 falls back to the liveness path. */
  readonly health: ProbeWay;
  readonly liveness: ProbePolicy;
  readonly readiness: ProbePolicy;
  readonly performance: ProbePolicy;
  readonly tls: TlsPolicy;
  /** After an instance's start, failures do not count for this long. */
  readonly startGraceMs: Ms;
  /** Each interval is spread by this share, so that a fleet is not asked in one moment. */
  readonly jitter: Ratio;
}

export interface SloPolicy {
  readonly availability: Ratio;
  readonly latencyP95Ms: Ms;
  readonly latencyP99Ms: Ms;
  readonly errorRate: Ratio;
  readonly successRate: Ratio;
  /** A target must be missed for this long before it is a suspicion (hold time). */
  readonly forMs: Ms;
  /** And met again by this margin before the suspicion is cleared (hysteresis): 0.1 = 10 % better than the target. */
  readonly clearBelow: Ratio;
  /** Multiple of the error-rate target from which a finding is raised. */
  readonly errorRateFactor: number;
  /** Multiple of the latency target from which a finding is raised. */
  readonly latencyFactor: number;
  readonly burn: BurnPolicy;
}

/** Error budgets and alerts on how fast they burn. */
export interface BurnPolicy {
  /** Time over which the budget is counted. */
  readonly windowMs: Ms;
  /** Share of the reported percentiles that has to meet its target. */
  readonly latencyObjective: Ratio;
  /** Requests that a long window has to hold before it says anything. */
  readonly minRequests: number;
  /** The same for tasks and for reports of a percentile. */
  readonly minSamples: number;
  readonly rates: readonly BurnRate[];
}

/** When an agent counts as flapping. */
export interface FlappingPolicy {
  /** Changes between good and bad are counted over this time. */
  readonly windowMs: Ms;
  /** It flaps from this many changes on, until there are at most `low`. */
  readonly high: number;
  readonly low: number;
}

/** When a failure that comes back is a case for people. */
export interface RecurrencePolicy {
  /** Healings of one failure of an agent in `defectWindowMs` from which it is a defect. */
  readonly defectAfter: number;
  readonly defectWindowMs: Ms;
  /** The agent is recreated or respawned for one failure this often in `movesWindowMs`; then a person is asked. */
  readonly movesMax: number;
  readonly movesWindowMs: Ms;
}

export type Rung = 'restart' | 'recreate' | 'respawn' | 'escalate';

/** From the gentlest to the last. */
export const rungs = ['restart', 'recreate', 'respawn', 'escalate'] as const satisfies readonly Rung[];

export interface RungPolicy {
  readonly timeoutMs: Ms;
  /** Time the instance gets to end by itself. */
  readonly graceMs: Ms;
  /** How long the agent may drain before this rung; absent: as long as the ladder says. */
  readonly drainMs?: Ms;
  /** Pause after this rung did not heal; absent: as the gate says. */
  readonly backoff?: { readonly baseMs?: Ms; readonly capMs?: Ms };
}

export interface LadderPolicy {
  readonly restart: RungPolicy;
  readonly recreate: RungPolicy & { readonly restoreState: boolean };
  readonly respawn: RungPolicy & {
    readonly restoreState: boolean;
    readonly mode: 'beside' | 'in-place';
    readonly override?: ConfigOverride;
    /** What is tried once more when a respawn with restored state did not heal: perhaps the state is at fault. */
    readonly alternative: 'older-checkpoint' | 'without-state' | 'none';
  };
  /** `workload`: actions that touch a whole workload are allowed. */
  readonly restartScope: 'instance' | 'workload';
  /** Ask the agent to drain before a destructive step, for at most this long; 0 = do not ask. */
  readonly drainMs: Ms;
  /**
   * What an agent that is proven to hang gets at most to end by itself. Absent in policies that were stored before there
   * was such a rule: it gets all that the rung gives.
   */
  readonly hungGraceMs?: Ms;
  /** What is left behind when the ladder is exhausted; a person is told in any case. */
  readonly safeState: 'isolate' | 'leave';
  /** The user's lines of the table "use when"; they come before the built-in ones. */
  readonly useWhen: readonly UseWhenRule[];
}

/** `max` attempts at once, and then one every `perMs / max` (GCRA). */
export interface AttemptLimit {
  readonly max: number;
  readonly perMs: Ms;
}

/**
 * Weight of the recoveries of many agents (restart 1, recreate 2, respawn 4): `share` of the agents, at least `least`,
 * at once, and then as much every `perMs` (GCRA).
 */
export interface SharedLimit {
  readonly share: Ratio;
  readonly least: number;
  readonly perMs: Ms;
}

/** When the remediation of a whole group stops, and how it is taken up again. */
export interface BreakerPolicy {
  /** Share of the group that is unhealthy from which it opens, if these are `least` at least. */
  readonly threshold: Ratio;
  readonly least: number;
  /** Failures within this are one event: when all of two or more agents fail within it, it opens too. */
  readonly windowMs: Ms;
  /** Pause before it goes half-open; doubled with each canary that fails, up to the cap. */
  readonly coolDownMs: Ms;
  readonly coolDownCapMs: Ms;
}

export interface GatePolicy {
  readonly attempts: readonly AttemptLimit[];
  /** Of the group, and of the whole fleet. */
  readonly budgets: { readonly group: SharedLimit; readonly global: SharedLimit };
  readonly backoff: { readonly baseMs: Ms; readonly capMs: Ms; readonly resetAfterMs: Ms };
  /** Nothing is done for this long after the guard's start. */
  readonly settleMs: Ms;
  /** Share of a group that may be in recovery at once; at least one always may. */
  readonly inFlight: Ratio;
  /** Progress within this window vetoes a restart for slowness. */
  readonly progressWindowMs: Ms;
  readonly breaker: BreakerPolicy;
  /** An approval that nobody decides expires after this. */
  readonly approvalTtlMs: Ms;
}

/** How people are asked and reminded. */
export interface ApprovalsPolicy {
  /** Different persons who have to approve a plan; with more than one nobody can order a plan alone either. */
  readonly quorum: number;
  /** Pause between reminders of a plan that waits, or of an escalated incident nobody acknowledged; 0 = never. */
  readonly remindEveryMs: Ms;
  /** After this long without an answer the second tier is called; 0 = never. */
  readonly secondTierAfterMs: Ms;
  /** What becomes of a plan nobody answered. */
  readonly onExpiry: 'escalate' | 'reject';
}

/** When the errors an agent reports, and the error lines of its log, are a suspicion. */
export interface ErrorsPolicy {
  /** Length of the sliding window. */
  readonly windowMs: Ms;
  /** Errors in the window from which they are a suspicion. */
  readonly min: number;
  /** The same for errors of one pattern nobody has shown before. */
  readonly novelMin: number;
  /** Multiple of the agent's usual number from which half of `min` suffices. */
  readonly burst: number;
  /** The log is read this often where the orchestrator can give it; 0 = never. */
  readonly logsEveryMs: Ms;
}

export interface SeverityPolicy {
  /** More failures in 24 h than this go to a person. */
  readonly escalateFailures: number;
  /** The user's rules for flags and shares. */
  readonly rules: readonly SeverityRule[];
}

export interface LearningPolicy {
  /** What worked before: not used, shown as a suggestion, or allowed to choose among the rungs that are permitted. */
  readonly ranking: 'off' | 'suggest' | 'on';
}

export interface WatchPolicy {
  readonly everyMs: Ms;
  readonly forMs: Ms;
}

export interface CheckpointPolicy {
  /** Checkpoints kept per agent. */
  readonly keep: number;
  /** Older ones are not restored. */
  readonly maxAgeMs: Ms;
  /** The guard asks `GET /state` this often; 0 = only what the agent sends. */
  readonly everyMs: Ms;
}

/** What holds for one agent: defaults, group, agent in config and labels, resolved. Pinned per incident (R28). */
export interface Policy {
  readonly mode: Mode;
  readonly heartbeat: HeartbeatPolicy;
  readonly probes: ProbesPolicy;
  readonly slo: SloPolicy;
  readonly errors: ErrorsPolicy;
  readonly trends: TrendsPolicy;
  readonly prediction: PredictionPolicy;
  readonly severity: SeverityPolicy;
  readonly ladder: LadderPolicy;
  readonly gate: GatePolicy;
  /** Absent in policies that were stored before there was one: then it is off. */
  readonly failover?: FailoverPolicy;
  readonly approvals: ApprovalsPolicy;
  readonly watch: WatchPolicy;
  readonly checkpoints: CheckpointPolicy;
  readonly learning: LearningPolicy;
  readonly flapping: FlappingPolicy;
  readonly recurrence: RecurrencePolicy;
  /** Name of the assessor and the strategy that decide for the group. */
  readonly assessor: string;
  readonly strategy: string;
  /** Names of the detectors that watch the group. */
  readonly detectors: readonly string[];
}
