import type { Attempt, Incident } from '@praetorian-guard/core/plugin';
import { attemptsOf } from './checks.ts';
import type { Observer } from './observer.ts';

/** Where a recovery stood when the guard was killed. */
export interface Moment {
  readonly round: number;
  readonly agentId: string;
  readonly fault: string;
  /** ms between the fault and the kill. */
  readonly afterMs: number;
  /** `acting: 4-restart`, `watching`, `open: unsettled`, `not yet seen`. */
  readonly stood: string;
}

/** What one kill led to. */
export interface KillResult {
  readonly moment: Moment;
  /** From the restart until every incident was resolved and the fleet healthy; undefined when another kill came first. */
  readonly resolvedMs?: number;
}

/** What must never happen, each time it did. */
export interface Violations {
  readonly doneTwice: string[];
  readonly lost: string[];
  readonly orphans: string[];
  readonly died: string[];
  readonly bystanders: string[];
  readonly unhealed: string[];
}

export interface CampaignReport {
  readonly campaign: 'process';
  readonly seed: number;
  readonly kills: number;
  readonly inRecovery: number;
  readonly stood: { readonly [stood: string]: number };
  readonly rungs: { readonly [rung: string]: number };
  readonly incidents: number;
  readonly processes: number;
  readonly counts: { readonly [name in keyof Violations]: number };
  readonly violations: Violations;
  /** Attempts that did not heal, by the reason that ended them. */
  readonly failedAttempts: readonly string[];
  /** Incidents that were handed to a person, by the rule. */
  readonly escalated: readonly string[];
  readonly readyMs: Spread;
  readonly resolvedMs: Spread;
  readonly killAfterMs: Spread;
  readonly durationMs: number;
  /** Every kill, in order. */
  readonly each: readonly KillResult[];
}

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
}

/** What a campaign gathered. */
export interface Gathered {
  readonly seed: number;
  readonly results: readonly KillResult[];
  readonly violations: Violations;
  readonly observer: Observer;
  readonly processes: number;
  readonly escalated: readonly string[];
  readonly readyMs: readonly number[];
  readonly durationMs: number;
}

export function summarize(gathered: Gathered): CampaignReport {
  const { seed, results, violations, observer, processes, escalated, durationMs } = gathered;
  const moments = results.map(({ moment }) => moment);
  const { incidents } = observer;
  const attempts = incidents.flatMap((incident) => attemptsOf(incident).map((attempt) => ({ incident, attempt })));
  const counts = Object.fromEntries(
    Object.entries(violations).map(([name, found]) => [name, (found as string[]).length]),
  ) as CampaignReport['counts'];
  return {
    campaign: 'process',
    seed,
    kills: results.length,
    inRecovery: moments.filter(({ stood }) => stood !== 'not yet seen' && stood !== 'resolved').length,
    stood: countBy(moments.map(({ stood }) => stood)),
    rungs: countBy(attempts.map(({ attempt }) => attempt.plan.rung)),
    incidents: incidents.length,
    processes,
    counts,
    violations,
    failedAttempts: attempts
      .filter(({ attempt }) => attempt.verdict !== 'healed')
      .map(({ incident, attempt }) => whyNot(observer, incident, attempt)),
    escalated,
    readyMs: spreadOf(gathered.readyMs),
    resolvedMs: spreadOf(results.flatMap(({ resolvedMs }) => resolvedMs ?? [])),
    killAfterMs: spreadOf(moments.map(({ afterMs }) => afterMs)),
    durationMs,
    each: results,
  };
}

function whyNot(observer: Observer, incident: Incident, { number, plan, verdict }: Attempt): string {
  const line = observer
    .entriesOf(incident.id)
    .find(({ type, data }) => (type === 'attempt-ended' && data?.['attempt'] === number) || type === 'escalated');
  const why = line?.reason.text ?? 'nothing was heard of its end';
  return `${incident.agentId} ${incident.signature}: ${plan.rung} ${verdict ?? 'under way'}: ${why}`;
}

/** Nearest rank: with fewer than a hundred values P99 is the largest. */
function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (share: number): number => Math.round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
  return { count: sorted.length, p50: rank(0.5), p99: rank(0.99), min: rank(0), max: rank(1) };
}

function countBy(names: readonly string[]): { readonly [name: string]: number } {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

export function passed({ counts }: CampaignReport): boolean {
  return Object.values(counts).every((count) => count === 0);
}

const labels: { readonly [name in keyof Violations]: string } = {
  doneTwice: 'actions done twice',
  lost: 'incidents or lines lost',
  orphans: 'orphans',
  died: "agents that did not survive the guard's kill",
  bystanders: 'healthy agents acted upon',
  unhealed: 'recoveries that did not end',
};

/** The report for people. */
export function table(report: CampaignReport): string {
  const line = (name: string, value: string | number): string => `  ${name.padEnd(46)} ${value}`;
  const spread = ({ count, p50, p99, min, max }: Spread): string =>
    count === 0 ? 'none' : `P50 ${p50}  P99 ${p99}  (${min}–${max}, n=${count})`;
  const names = Object.keys(labels) as (keyof Violations)[];
  return [
    `chaos process, seed ${report.seed}: ${passed(report) ? 'passed' : 'FAILED'}`,
    line('kills', report.kills),
    line('of them in a recovery', report.inRecovery),
    ...Object.entries(report.stood).map(([stood, count]) => line(`  ${stood}`, count)),
    line('incidents', report.incidents),
    line(
      'attempts by rung',
      Object.entries(report.rungs)
        .map(([rung, count]) => `${rung} ${count}`)
        .join(', '),
    ),
    line('processes started', report.processes),
    ...names.map((name) => line(labels[name], report.counts[name])),
    line('attempts that did not heal', report.failedAttempts.length),
    line('handed to a person', report.escalated.length),
    line('restart to ready, ms', spread(report.readyMs)),
    line('restart to resolved, ms', spread(report.resolvedMs)),
    line('kill after the fault, ms', spread(report.killAfterMs)),
    line('duration, s', Math.round(report.durationMs / 1_000)),
    ...names.flatMap((name) => report.violations[name].map((text) => `  ! ${labels[name]}: ${text}`)),
    ...report.failedAttempts.map((text) => `  - did not heal: ${text}`),
    ...report.escalated.map((text) => `  - handed over: ${text}`),
  ].join('\n');
}
