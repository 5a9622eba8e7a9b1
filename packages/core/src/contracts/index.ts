/**
 * `@praetorian-guard/core/plugin`: everything a plugin is written against, and nothing else.
 */
// The nouns a contract speaks of.
export type {
  Action,
  ActionKind,
  Agent,
  AgentCall,
  AgentId,
  AgentMetrics,
  Approval,
  Assessment,
  Attempt,
  AttemptLimit,
  SharedLimit,
  Band,
  BreakerState,
  Capability,
  ApprovalsPolicy,
  AuditChainCheck,
  AuditCheck,
  AuditEntry,
  AuditHead,
  Checkpoint,
  CheckpointPolicy,
  ConfigOverride,
  ControlCommand,
  Criticality,
  Decision,
  Delivery,
  Effect,
  EpochMs,
  ErrorSignal,
  EvidenceKind,
  Factor,
  Finding,
  FindingKind,
  GatePolicy,
  GateVerdict,
  GroupId,
  Health,
  HealthScore,
  HeartbeatPolicy,
  HeartbeatSignal,
  HeartbeatStatus,
  History,
  Hold,
  HoldScope,
  MaintenanceWindow,
  Incident,
  IncidentId,
  IncidentState,
  Instance,
  InstanceId,
  InstanceState,
  Intent,
  Json,
  JsonObject,
  LadderPolicy,
  Leftover,
  LedgerEntry,
  LifecycleEvent,
  LifecycleSignal,
  MetricName,
  MetricsSignal,
  Mode,
  Ms,
  Notice,
  NoticeKind,
  Outcome,
  Plan,
  Policy,
  Prepared,
  Priority,
  ProbeName,
  ProbeOutcome,
  ProbePolicy,
  ProbesPolicy,
  ProbeSignal,
  Progress,
  Ratio,
  Reason,
  ReasonCode,
  Receipt,
  Role,
  RuleResult,
  Rung,
  RungPolicy,
  ScoreTerm,
  ErrorsPolicy,
  SeverityPolicy,
  Signal,
  SignalBase,
  SignalKind,
  BurnPolicy,
  Defect,
  BurnRate,
  BurnStatus,
  FlappingPolicy,
  GroupFigure,
  GroupSlo,
  MeasuredLatency,
  RecurrencePolicy,
  SloAlert,
  SloFigure,
  SloObjective,
  SloPolicy,
  SloStatus,
  Step,
  StepRecord,
  StepSpec,
  BreakerPolicy,
  IncidentNoticeKind,
  StormId,
  StormEntry,
  StormCause,
  Storm,
  FleetBreaker,
  TimelineEntry,
  Vote,
  Watch,
  WatchPolicy,
} from '../model/index.ts';
export {
  bandOf,
  doingOf,
  canonicalJson,
  capabilityFor,
  formatDuration,
  groupSlo,
  isId,
  parseBytes,
  parseDuration,
  priorityOf,
  reasonCodes,
  scoreText,
  sloTexts,
} from '../model/index.ts';

// The plugin itself.
export type { Contributions, Kind, Kinds, PluginContext, PluginManifest } from './plugin.ts';
export { apiVersion, definePlugin, isPlugin } from './plugin.ts';

// What is passed to and expected of every contribution.
export type { Call, Clock, Component, LogFields, Logger, Metrics, Random, Subscription } from './call.ts';
export type { Doubt, DoubtSettings, DoubtStatus } from './doubt.ts';
export { noDoubt } from './doubt.ts';
export type { ErrorCode, ErrorDetails, ErrorPlace } from './errors.ts';
export { errorCatalogue } from './error-catalogue.ts';
export { GuardError, guardError, invariant, isGuardError, messageOf } from './errors.ts';

// The ten kinds, and leases.
export type {
  DiscoveredAgent,
  EvidenceItem,
  ExecResult,
  Grant,
  InventoryEvent,
  LogPage,
  Orchestrator,
} from './orchestrator.ts';
export type {
  CommitOptions,
  Lease,
  Leases,
  Page,
  StateStore,
  StoreOp,
  StreamEntry,
  Version,
  Versioned,
  Versions,
  When,
} from './state-store.ts';
export { checkStoreKey, checkStoreOps, storeBytesMax, storeJson, storeKeyMax, storeKeyProblem } from './store-keys.ts';
export { StoreLeases } from './store-leases.ts';
export type { TailSource } from './store-tails.ts';
export { StreamTails } from './store-tails.ts';
export type {
  AgentSlot,
  AgentView,
  BatchSignal,
  Detector,
  Evaluation,
  FleetView,
  HeartbeatColumns,
  SignalBatch,
  SlottedSignal,
  Suspicion,
} from './detector.ts';
export type { AnomalyModel, Assessor, IncidentFacts, Reach, SignsOfLife, Strategy } from './judgement.ts';
export type { Notifier } from './notifier.ts';
export type { SignalDraft, SignalSource } from './signal-source.ts';
export type { Surface } from './surface.ts';
export type { AgentChange, ControlPlane, Route } from './control-plane.ts';

// The guard, as surfaces see it.
export type {
  Actor,
  AgentStatus,
  Answer,
  ApprovalLink,
  Explanation,
  GuardApi,
  GuardStatus,
  Heartbeat,
  HeartbeatAck,
  RoleStatus,
  ListOf,
  ListOptions,
  Registration,
} from './guard-api.ts';
export type { AnyGuardEvent, GuardEvent, GuardEvents, GuardEventType } from './events.ts';
export { guardEventTypes } from './events.ts';
