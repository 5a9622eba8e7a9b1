import { spreadOf } from '../docker/report.ts';
import type { ComparisonReport, Outcome } from './comparison.ts';
import { comparedFaults, type ComparedKind } from './faults.ts';

/** The table for people, as it stands in the docs. */
export function comparisonTable(report: ComparisonReport): string {
  const { contestants, kinds, outcomes, baselineStartMs } = report;
  const head = ['fault', ...contestants];
  const rows = kinds.map((kind) => [
    comparedFaults[kind].says,
    ...contestants.map((name) => cellOf(outcomesOf(outcomes, name, kind))),
  ]);
  const healed = contestants.map(
    (name) => `${kinds.filter((kind) => isHealed(outcomes, name, kind)).length} of ${kinds.length}`,
  );
  const down = contestants.map((name) => {
    const of = outcomesOf(outcomes, name, 'sigkill').flatMap(({ downMs }) => downMs ?? []);
    const { count, p50, p99 } = spreadOf(of);
    return count === 0 ? '–' : `${p50} / ${p99} ms`;
  });
  const lines = [head, head.map(() => '---'), ...rows, ['kinds healed', ...healed], ['killed: end to start', ...down]];
  return [
    ...lines.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    `Time to heal P50 / P99 in seconds, from the fault (out of memory: from the end) until the agent answers as before. A start by hand in the same run takes P50 ${baselineStartMs.p50} / P99 ${baselineStartMs.p99} ms (n=${baselineStartMs.count}). Took ${Math.round(report.durationMs / 60_000)} min.`,
  ].join('\n');
}

/** Whether the last contestants, which are the guard, have healed everything. */
export function allHealed({ contestants, kinds, outcomes }: ComparisonReport): boolean {
  return contestants
    .filter((name) => name.startsWith('Praetorian'))
    .every((name) => kinds.every((kind) => isHealed(outcomes, name, kind)));
}

function isHealed(outcomes: readonly Outcome[], name: string, kind: ComparedKind): boolean {
  const of = outcomesOf(outcomes, name, kind);
  return of.length > 0 && of.every(({ healedMs }) => healedMs !== undefined);
}

function outcomesOf(outcomes: readonly Outcome[], name: string, kind: ComparedKind): readonly Outcome[] {
  return outcomes.filter((one) => one.contestant === name && one.kind === kind);
}

function cellOf(of: readonly Outcome[]): string {
  const healed = of.flatMap(({ healedMs }) => healedMs ?? []);
  if (healed.length === 0) return 'never';
  const { p50, p99 } = spreadOf(healed);
  const some = healed.length < of.length ? ` (${healed.length} of ${of.length})` : '';
  return `${(p50 / 1_000).toFixed(1)} / ${(p99 / 1_000).toFixed(1)}${some}`;
}
