/**
 * What every stage stands on: time, chance, events, logs, metrics, order of start and stop. The only room of the
 * engine that reads the real clock.
 */
export { systemClock } from './system-clock.ts';
export { seededRandom, systemRandom } from './seeded-random.ts';
export type { EventBusOptions } from './event-bus.ts';
export { EventBus } from './event-bus.ts';
export type { LoggerOptions, LogLevel } from './logger.ts';
export { createLogger, noopLogger } from './logger.ts';
export { redact, redacted, Redactor, registerSecret } from './redaction.ts';
export type { MetricsSnapshot, Observations, RecordedMetrics } from './metrics.ts';
export { noopMetrics, recordedMetrics } from './metrics.ts';
export type { LifecycleOptions } from './lifecycle.ts';
export { Lifecycle } from './lifecycle.ts';
export type { SerialQueueOptions } from './serial-queue.ts';
export { SerialQueue } from './serial-queue.ts';
export type { DeadlineOptions, Work } from './deadline.ts';
export { withDeadline } from './deadline.ts';
