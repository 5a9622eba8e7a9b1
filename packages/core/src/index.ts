/**
 * `@praetorian-guard/core`: the engine, for those who embed it. Plugins are written against `./plugin`.
 */
// Making a guard.
export type { CreateOptions } from './di/create-guard.ts';
export { createGuard, loadConfigFile } from './di/create-guard.ts';
export type { StoredAudit } from './di/open-audit.ts';
export { openAudit } from './di/open-audit.ts';

// Its config.
export type {
  AgentConfig,
  GuardConfig,
  LoadedPlugin,
  NotificationRoute,
  PluginInstanceConfig,
  PolicyOf,
} from './config/guard-config.ts';
export type { LoadedConfig } from './config/load.ts';
export type { ConfigProblem } from './config/problem.ts';
export { formatProblem } from './config/problem.ts';
export { composedSchema } from './config/schema.ts';

// What it is given.
export {
  createLogger,
  noopLogger,
  noopMetrics,
  recordedMetrics,
  seededRandom,
  systemClock,
  systemRandom,
} from './runtime/index.ts';
export type { LoggerOptions, LogLevel, MetricsSnapshot, RecordedMetrics } from './runtime/index.ts';

// What it gives.
export type {
  Actor,
  Answer,
  ApprovalLink,
  AgentStatus,
  AnyGuardEvent,
  Explanation,
  GuardApi,
  GuardEvent,
  GuardEvents,
  GuardEventType,
  GuardStatus,
  Heartbeat,
  HeartbeatAck,
  Hold,
  Incident,
  ListOf,
  ListOptions,
  Registration,
  Route,
  TimelineEntry,
} from './contracts/index.ts';
export { guardEventTypes, isGuardError } from './contracts/index.ts';
