/**
 * What every stage stands on: time, chance, events, logs, metrics, order of start and stop. The only room of the
 * engine that reads the real clock.
 */
export type { SteadyClock } from './steady-clock.ts';
export { steadyClock } from './steady-clock.ts';
export { systemClock } from './system-clock.ts';
export { createVirtualClock } from './virtual-clock.ts';
export { seededRandom, systemRandom } from './seeded-random.ts';
export { EventBus } from './event-bus.ts';
export type { LoggerOptions, LogLevel } from './logger.ts';
export { createLogger, noopLogger } from './logger.ts';
export { redact, registerSecret } from './redaction.ts';
export type { MetricsSnapshot, RecordedMetrics } from './metrics.ts';
export { noopMetrics, recordedMetrics } from './metrics.ts';
export { ephemeralKey, readKeyFile } from './key-file.ts';
export { Lifecycle } from './lifecycle.ts';
export { SerialQueue } from './serial-queue.ts';
export { withDeadline } from './deadline.ts';
export { TlsTrust } from './tls-trust.ts';
