/**
 * The nouns of the engine: types and small pure functions. Imports nothing from outside this folder.
 */
export type { Json, JsonObject } from './json.ts';
export { canonicalJson } from './json.ts';
export type { EpochMs, Ms, Ratio } from './units.ts';
export { formatDuration, parseBytes, parseDuration, parseRatio } from './units.ts';
export type { Agent, AgentId, Criticality, GroupId, Instance, InstanceId, InstanceState, Role } from './agent.ts';
export { isId, stillByHand } from './agent.ts';
export type { AgentMetrics, MetricName, Progress } from './metrics.ts';
export { invalidMetric, metricNames } from './metrics.ts';
export type {
  ErrorSignal,
  HeartbeatSignal,
  HeartbeatStatus,
  LifecycleEvent,
  LifecycleSignal,
  MetricsSignal,
  ProbeName,
  ProbeOutcome,
  ProbeSignal,
  Signal,
  SignalBase,
  SignalKind,
} from './signal.ts';
export type { BreakerState, Health, HealthScore, ScoreTerm } from './health.ts';
export { healthScore, worseHealth } from './health.ts';
export type { EvidenceKind, Finding, FindingKind } from './finding.ts';
export {
  evidenceKinds,
  foreseenOnly,
  isFlapping,
  nothingHappened,
  onlyFlaps,
  sameFailure,
  signatureOf,
} from './finding.ts';
export type { AuditChainCheck, AuditCheck, AuditDraft, AuditEntry, AuditHead } from './audit.ts';
export type { Assessment, Band, Factor } from './assessment.ts';
export { bandOf, nextBandEdge } from './assessment.ts';
export { leavesAlternative, restoredCheckpoints } from './variant.ts';
export type { Action, ActionKind, Capability, ConfigOverride, Intent } from './action.ts';
export { capabilityFor, respawnMode, secretNames } from './action.ts';
export type { Decision, GateVerdict, Reason, ReasonCode, RuleResult } from './reason.ts';
export { reasonCodes } from './reason.ts';
export type {
  AttemptLimit,
  BurnPolicy,
  FlappingPolicy,
  RecurrencePolicy,
  SharedLimit,
  BreakerPolicy,
  ApprovalsPolicy,
  CheckpointPolicy,
  ErrorsPolicy,
  GatePolicy,
  HeartbeatPolicy,
  LadderPolicy,
  LearningPolicy,
  Mode,
  Policy,
  ProbePolicy,
  ProbesPolicy,
  Rung,
  RungPolicy,
  SeverityPolicy,
  SloPolicy,
  WatchPolicy,
} from './policy.ts';
export { expectsHeartbeats, rungs, strictestMode } from './policy.ts';
export type {
  BurnRate,
  BurnStatus,
  GroupFigure,
  GroupSlo,
  MeasuredLatency,
  SloAlert,
  SloFigure,
  SloObjective,
  SloStatus,
} from './slo.ts';
export { groupSlo } from './slo.ts';
export { scoreText, sloTexts } from './levels-text.ts';
export type { PredictionPolicy, QuietPolicy, TrendsPolicy } from './trends.ts';
export type { FailoverPolicy, Leadership, Promotion } from './failover.ts';
export type { ProbeType, ProbeWay, TlsPolicy } from './probe-way.ts';
export { isAskable, wayOf } from './probe-way.ts';
export type { SeverityRule, UseWhenRule } from './rules.ts';
export type {
  AgentCall,
  ControlCommand,
  Draw,
  Effect,
  Learned,
  LearnedChoice,
  Plan,
  Receipt,
  Step,
  StepRecord,
  StepSpec,
} from './plan.ts';
export type {
  Approval,
  Attempt,
  Incident,
  IncidentId,
  IncidentState,
  Leftover,
  Outcome,
  Prepared,
  Reminders,
  TimelineEntry,
  Vote,
  Watch,
} from './incident.ts';
export { allAttempts, currentAttempt, doingOf, failoverOutcome, isEnded, personOf, transitions } from './incident.ts';
export type { FleetBreaker, Storm, StormCause, StormEntry, StormId } from './storm.ts';
export type { Hold, HoldScope, MaintenanceWindow } from './hold.ts';
export { covers, windowReason } from './hold.ts';
export type { Delivery, IncidentNoticeKind, Notice, NoticeKind, Priority } from './notice.ts';
export { priorityOf } from './notice.ts';
export type { Checkpoint } from './checkpoint.ts';
export { checkpointChunkBytes } from './checkpoint.ts';
export type { Defect } from './defect.ts';
export type { History, LedgerEntry } from './ledger.ts';
