import { type FaultKind, faultKinds } from './faults.ts';
import type { Injection } from './injector.ts';
import type { Limits } from './limits.ts';
import type { RunResult } from './fleet-run.ts';
import type { Violations } from './violations.ts';

export interface KindReport {
  readonly injected: number;
  readonly detected: number;
  readonly healed: number;
  readonly leftAlone: number;
  readonly refused: number;
  /** Nobody could have healed it, as the judge tried. */
  readonly beyond: number;
  readonly healedMs: Spread;
}

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

export interface RunReport {
  readonly limits: Limits;
  readonly injections: number;
  readonly kinds: { readonly [kind in FaultKind]?: KindReport };
  readonly violations: Violations;
  /** From the end of a container that ended by itself until the guard had it started again. */
  readonly downMs: Spread;
  readonly refusals: { readonly [code: string]: number };
  readonly disturbances: RunResult['disturbances'];
  readonly each: readonly Injection[];
}

export interface DockerReport {
  readonly campaign: 'docker';
  readonly seed: number;
  readonly fleet: number;
  /** `POST /containers/:id/start` of a killed container by hand, on the same engine in the same run. */
  readonly baselineStartMs: Spread;
  readonly runs: readonly RunReport[];
  readonly durationMs: number;
}

export function runReport(limits: Limits, { injections, violations, disturbances }: RunResult): RunReport {
  const kinds = faultKinds.flatMap((kind) => {
    const mine = injections.filter((one) => one.kind === kind);
    return mine.length === 0 ? [] : [[kind, kindReport(mine)]];
  });
  const codes = injections.filter(isRefused).map(({ reason }) => reason?.code ?? 'none');
  return {
    limits,
    injections: injections.length,
    kinds: Object.fromEntries(kinds) as RunReport['kinds'],
    violations,
    downMs: spreadOf(injections.flatMap(({ downMs }) => downMs ?? [])),
    refusals: Object.fromEntries([...new Set(codes)].map((code) => [code, codes.filter((one) => one === code).length])),
    disturbances,
    each: injections,
  };
}

function kindReport(mine: readonly Injection[]): KindReport {
  return {
    injected: mine.length,
    detected: mine.filter(({ detected }) => detected).length,
    healed: mine.filter(({ healedMs }) => healedMs !== undefined).length,
    leftAlone: mine.filter(({ leftAlone }) => leftAlone === true).length,
    refused: mine.filter(isRefused).length,
    beyond: mine.filter(({ beyond }) => beyond !== undefined).length,
    healedMs: spreadOf(mine.flatMap(({ healedMs }) => healedMs ?? [])),
  };
}

function isRefused({ healedMs, leftAlone, beyond }: Injection): boolean {
  return healedMs === undefined && leftAlone === undefined && beyond === undefined;
}

/** Nearest rank: with fewer than a hundred values P99 is the largest. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (share: number): number => Math.round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
  return { count: sorted.length, p50: rank(0.5), p99: rank(0.99) };
}

export function passed({ runs }: DockerReport): boolean {
  return runs.every(({ violations }) => Object.values(violations).every((found) => found.length === 0));
}

const labels: { readonly [name in keyof Violations]: string } = {
  wrong: 'actions on healthy containers',
  lost: 'actions or records lost',
  duplicated: 'actions done twice',
  leftovers: 'leftovers',
  unhealed: 'faults that did not heal',
  unexplained: 'refusals without a reason that fits',
};

/** The report for people. */
export function table(report: DockerReport): string {
  return [
    `chaos docker, seed ${report.seed}, ${report.fleet} containers: ${passed(report) ? 'passed' : 'FAILED'}`,
    `  docker start by hand, ms: ${spreadText(report.baselineStartMs)}`,
    ...report.runs.flatMap(runText),
    `  duration, s: ${Math.round(report.durationMs / 1_000)}`,
  ].join('\n');
}

function runText(run: RunReport): readonly string[] {
  const names = Object.keys(labels) as (keyof Violations)[];
  const head = ['fault', 'injected', 'detected', 'healed', 'left alone', 'refused', 'beyond', 'P50 ms', 'P99 ms'];
  const rows = Object.entries(run.kinds).map(([kind, one]) => [
    kind,
    ...[
      one.injected,
      one.detected,
      one.healed,
      one.leftAlone,
      one.refused,
      one.beyond,
      one.healedMs.p50,
      one.healedMs.p99,
    ].map(String),
  ]);
  const refusals = Object.entries(run.refusals).map(([code, count]) => `${code} ${count}`);
  return [
    '',
    `limits ${run.limits}: ${run.injections} injections, the guard killed ${run.disturbances.guard} times, the engine restarted ${run.disturbances.engine} times, ${run.disturbances.debris} networks it left behind cleared away`,
    ...[head, ...rows].map((row) => `  ${row.map((cell, at) => cell.padEnd(at === 0 ? 20 : 11)).join('')}`.trimEnd()),
    `  ended by itself to started again, ms: ${spreadText(run.downMs)}`,
    ...(refusals.length > 0 ? [`  refused because of: ${refusals.join(', ')}`] : []),
    ...names.map((name) => `  ${labels[name].padEnd(38)} ${run.violations[name].length}`),
    ...names.flatMap((name) => run.violations[name].map((text) => `  ! ${labels[name]}: ${text}`)),
  ];
}

function spreadText({ count, p50, p99 }: Spread): string {
  return count === 0 ? 'none' : `P50 ${p50}  P99 ${p99}  (n=${count})`;
}
