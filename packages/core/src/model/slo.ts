import type { Ms, Ratio } from './units.ts';

/** What is promised of an agent, each with a budget of its own. */
export const sloObjectives = ['availability', 'errorRate', 'successRate', 'latencyP95', 'latencyP99'] as const;

export type SloObjective = (typeof sloObjectives)[number];

/** `page`: the budget burns so fast that somebody has to look now; `ticket`: within days. */
export type SloAlert = 'page' | 'ticket';

/** One line of the burn table: both windows burn at `factor` or faster. */
export interface BurnRate {
  readonly alert: SloAlert;
  readonly factor: number;
  readonly longMs: Ms;
  readonly shortMs: Ms;
}

/** How fast a budget burns: 1 = it is used up exactly at the end of the budget's window. */
export interface BurnStatus extends BurnRate {
  /** Absent: too little was seen in that window (missing is not zero). */
  readonly long?: number;
  readonly short?: number;
  /** It is raised now. */
  readonly raised: boolean;
}

/** One objective of an agent over the budget's window. */
export interface SloFigure {
  readonly objective: SloObjective;
  /** The share that has to be good. */
  readonly target: Ratio;
  /** The share that was good, of what was seen. */
  readonly good: Ratio;
  /** What was seen: milliseconds (availability), requests, tasks, or samples (latency). */
  readonly total: number;
  readonly bad: number;
  /** Time it was counted in, at most the budget's window: the figure of an agent known for a minute is that of a minute. */
  readonly overMs: Ms;
  /** Share of the budget that is left; below 0 it is overspent. Absent: too little was seen. */
  readonly budgetLeft?: number;
  readonly burn: readonly BurnStatus[];
}

/** The service levels of an agent; what was never seen is absent. */
export interface SloStatus {
  readonly windowMs: Ms;
  readonly objectives: readonly SloFigure[];
  /** Latency as the guard measures it by its probes, from a quantile sketch. */
  readonly measured?: MeasuredLatency;
}

export interface MeasuredLatency {
  readonly p95Ms: Ms;
  readonly p99Ms: Ms;
  readonly samples: number;
  /** They are from this long a time, or a little more. */
  readonly overMs: Ms;
  /** Relative error of the quantiles at most. */
  readonly error: Ratio;
}

/** The service levels of a group: of every figure the worst, because percentiles cannot be averaged. */
export interface GroupSlo {
  readonly agents: number;
  /** `maximum`: each figure is that of the agent who has the worst. */
  readonly of: 'maximum';
  readonly availability?: GroupFigure;
  readonly errorRate?: GroupFigure;
  readonly successRate?: GroupFigure;
  readonly p95LatencyMs?: GroupFigure;
  readonly p99LatencyMs?: GroupFigure;
  /** The least that is left of any budget. */
  readonly budgetLeft?: GroupFigure & { readonly objective: SloObjective };
}

export interface GroupFigure {
  readonly value: number;
  readonly agentId: string;
}

/** What one agent brings into the view of its group. */
export interface GroupMember {
  readonly agentId: string;
  readonly slo?: SloStatus | undefined;
  readonly metrics: { readonly p95_latency_ms?: number; readonly p99_latency_ms?: number };
}

/** The worst of every figure, and whose it is. A figure that nobody has is absent. */
export function groupSlo(members: readonly GroupMember[]): GroupSlo {
  const worst = (
    figure: (member: GroupMember) => number | undefined,
    worse: 'high' | 'low',
  ): GroupFigure | undefined => {
    let found: GroupFigure | undefined;
    for (const member of members) {
      const value = figure(member);
      if (value === undefined) continue;
      if (!found || (worse === 'high' ? value > found.value : value < found.value))
        found = { value, agentId: member.agentId };
    }
    return found;
  };
  const good = (objective: SloObjective) => (member: GroupMember) =>
    member.slo?.objectives.find((one) => one.objective === objective)?.good;
  const failing = (member: GroupMember): number | undefined => {
    const share = good('errorRate')(member);
    return share === undefined ? undefined : 1 - share;
  };
  const figures = {
    availability: worst(good('availability'), 'low'),
    errorRate: worst(failing, 'high'),
    successRate: worst(good('successRate'), 'low'),
    p95LatencyMs: worst(({ metrics }) => metrics.p95_latency_ms, 'high'),
    p99LatencyMs: worst(({ metrics }) => metrics.p99_latency_ms, 'high'),
    budgetLeft: leastBudget(members),
  };
  const known = Object.entries(figures).filter(([, value]) => value !== undefined);
  return { agents: members.length, of: 'maximum', ...Object.fromEntries(known) };
}

function leastBudget(members: readonly GroupMember[]): GroupSlo['budgetLeft'] {
  let least: GroupSlo['budgetLeft'];
  for (const { agentId, slo } of members) {
    for (const { objective, budgetLeft } of slo?.objectives ?? []) {
      if (budgetLeft === undefined || (least && budgetLeft >= least.value)) continue;
      least = { value: budgetLeft, agentId, objective };
    }
  }
  return least;
}
