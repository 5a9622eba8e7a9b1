import type { AgentMetrics } from './metrics.ts';
import type { Ratio } from './units.ts';

/** Computed in one place, the health monitor. `unknown` until a first fresh signal; a restart of the guard forgets it. */
export type Health = 'unknown' | 'healthy' | 'degraded' | 'failed';

/** Orthogonal to health: whether work is routed to the agent. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** From best to worst; `unknown` is between healthy and degraded because it proves nothing either way. */
const order: Readonly<Record<Health, number>> = { healthy: 0, unknown: 1, degraded: 2, failed: 3 };

/** The worse of two. */
export function worseHealth(a: Health, b: Health): Health {
  return order[a] >= order[b] ? a : b;
}

/** One term of the health score. `value` is 0–100 before weighting and may leave that range. */
export interface ScoreTerm {
  readonly name: 'uptime' | 'success_rate' | 'latency' | 'error_rate';
  readonly weight: Ratio;
  /** The figure it is made from: percent (uptime), share (success and error rate) or milliseconds (p95 latency). */
  readonly input?: number;
  readonly value?: number;
}

export interface HealthScore {
  /** 0–100, or `null` when terms of less than half the weight are known. */
  readonly score: number | null;
  readonly terms: readonly ScoreTerm[];
}

/** What the score is computed from; what is missing is left out of it. */
export interface ScoreInput {
  /** Observed time not failed / observed time over 24 h, 0–100. */
  readonly uptimePercentage?: number;
  readonly metrics?: AgentMetrics;
}

/**
 * The brief's composite score:
 * `0.3·uptime% + 0.3·success·100 + 0.2·(1 − p95/1000)·100 + 0.2·(1 − error rate)·100`, clamped to 0–100 as a whole.
 * `success` is completed / (completed + failed). Missing terms are left out and the other weights renormalised.
 */
export function healthScore(input: ScoreInput): HealthScore {
  const {
    tasks_completed: completed,
    tasks_failed: failed,
    p95_latency_ms: p95,
    error_rate: errorRate,
  } = input.metrics ?? {};
  const tasks = completed !== undefined && failed !== undefined ? completed + failed : 0;
  const terms: ScoreTerm[] = [
    term('uptime', 0.3, input.uptimePercentage, (percentage) => percentage),
    term('success_rate', 0.3, tasks > 0 ? (completed as number) / tasks : undefined, (share) => share * 100),
    term('latency', 0.2, p95, (ms) => (1 - ms / 1000) * 100),
    term('error_rate', 0.2, errorRate, (share) => (1 - share) * 100),
  ];
  let weight = 0;
  let sum = 0;
  for (const { weight: w, value } of terms) {
    if (value === undefined) continue;
    weight += w;
    sum += w * value;
  }
  // 0.3 + 0.2 is 0.5 exactly in binary, so the comparison needs no tolerance.
  const score = weight < 0.5 ? null : Math.max(0, Math.min(100, sum / weight));
  return { score, terms };
}

function term(
  name: ScoreTerm['name'],
  weight: Ratio,
  input: number | undefined,
  valueOf: (input: number) => number,
): ScoreTerm {
  return input === undefined ? { name, weight } : { name, weight, input, value: valueOf(input) };
}
