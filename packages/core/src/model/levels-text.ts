import type { HealthScore, ScoreTerm } from './health.ts';
import type { SloFigure, SloObjective, SloStatus } from './slo.ts';
import { formatDuration } from './units.ts';

const termNames: { readonly [N in ScoreTerm['name']]: string } = {
  uptime: 'uptime',
  success_rate: 'success rate',
  latency: 'p95 latency',
  error_rate: 'error rate',
};

/** What is counted as good. */
const goods: { readonly [O in SloObjective]: string } = {
  availability: 'available',
  errorRate: 'requests without error',
  successRate: 'tasks done well',
  latencyP95: 'p95 latency within its target',
  latencyP99: 'p99 latency within its target',
};

/** The health score with its terms: the figure, its points, and their weight. */
export function scoreText({ score, terms }: HealthScore): string {
  const known = terms.filter(({ value }) => value !== undefined);
  const missing = terms.filter(({ value }) => value === undefined).map(({ name }) => termNames[name]);
  const parts = known.map(
    (term) => `${termNames[term.name]} ${inputText(term)} = ${rounded(term.value ?? 0, 1)} points × ${term.weight}`,
  );
  const said = parts.length === 0 ? 'nothing is known yet' : parts.join(', ');
  const unknown = missing.length === 0 ? '' : `; not known: ${missing.join(', ')}`;
  return `${score === null ? 'none' : rounded(score, 1)} (${said}${unknown})`;
}

/** The service levels, a sentence each. */
export function sloTexts({ windowMs, objectives, measured }: SloStatus): readonly string[] {
  const texts = objectives.map((figure) => sloText(figure, formatDuration(windowMs)));
  if (!measured) return texts;
  const { p95Ms, p99Ms, overMs, error } = measured;
  const figures = `p95 ${rounded(p95Ms, 1)}ms, p99 ${rounded(p99Ms, 1)}ms`;
  return [...texts, `answers to probes of the last ${formatDuration(overMs)}: ${figures} (± ${error * 100} %)`];
}

function sloText({ objective, target, good, overMs, budgetLeft, burn }: SloFigure, window: string): string {
  const alerts = burn.filter(({ raised }) => raised);
  const fastest = alerts.reduce((most, { long = 0, short = 0 }) => Math.max(most, Math.min(long, short)), 0);
  const kind = alerts.some(({ alert }) => alert === 'page') ? 'page' : 'ticket';
  const burns = alerts.length === 0 ? '' : `, burning ${rounded(fastest, 1)}× (${kind})`;
  const left = budgetLeft === undefined ? '' : `, ${budgetText(budgetLeft, window)}`;
  return `${goods[objective]}: ${percent(good)} of the last ${formatDuration(overMs)} (target ${percent(target)})${left}${burns}`;
}

function budgetText(left: number, window: string): string {
  return left >= 0
    ? `${rounded(left * 100, 1)} % of the budget of ${window} left`
    : `budget of ${window} overspent ${rounded(1 - left, 1)}×`;
}

function inputText({ name, input = 0 }: ScoreTerm): string {
  if (name === 'uptime') return `${rounded(input, 2)} %`;
  return name === 'latency' ? `${rounded(input, 0)}ms` : percent(input);
}

function percent(share: number): string {
  return `${rounded(share * 100, 3)} %`;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
