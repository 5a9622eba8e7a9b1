import type { EpochMs } from './units.ts';

/** The figures an agent reports of itself, with the wire names of the performance probe. Missing is unknown, never 0. */
export interface AgentMetrics {
  readonly avg_latency_ms?: number;
  readonly p95_latency_ms?: number;
  readonly p99_latency_ms?: number;
  /** Share of requests that failed, 0–1. */
  readonly error_rate?: number;
  readonly requests_per_second?: number;
  /** Share of one processor, 0–1 (above 1 with several processors). */
  readonly cpu_usage?: number;
  readonly memory_usage_mb?: number;
  /** Counter since the instance's start. */
  readonly tasks_completed?: number;
  /** Counter since the instance's start. */
  readonly tasks_failed?: number;
}

/** The names of `AgentMetrics`, in wire order. */
export const metricNames = [
  'avg_latency_ms',
  'p95_latency_ms',
  'p99_latency_ms',
  'error_rate',
  'requests_per_second',
  'cpu_usage',
  'memory_usage_mb',
  'tasks_completed',
  'tasks_failed',
] as const satisfies readonly (keyof AgentMetrics)[];

export type MetricName = (typeof metricNames)[number];

/** Work in hand, as an agent reports it. `lastProgressAt` is compared for advance only, never with the guard's clock. */
export interface Progress {
  readonly activeTasks?: number;
  readonly queueDepth?: number;
  readonly lastProgressAt?: EpochMs;
}

/** The first metric that is not a finite, non-negative number (or a share above 1), or `undefined` when all are good. */
export function invalidMetric(metrics: AgentMetrics): MetricName | undefined {
  for (const name of metricNames) {
    const value: unknown = metrics[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return name;
    if (name === 'error_rate' && value > 1) return name;
  }
  return undefined;
}
