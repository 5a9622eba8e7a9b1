import { h, span } from './dom.js';
import { drawAgentWhy } from './judgement.js';

/** Health score and service levels of an agent: every figure with where it comes from. */

const terms = {
  uptime: { text: 'Uptime, 24 h', figure: (value) => `${trim(value, 2)} %` },
  success_rate: { text: 'Success rate', figure: (value) => percent(value) },
  latency: { text: 'p95 latency', figure: millis },
  error_rate: { text: 'Error rate', figure: (value) => percent(value) },
};

const objectives = {
  availability: 'Availability',
  errorRate: 'Error rate',
  successRate: 'Success rate',
  latencyP95: 'p95 latency',
  latencyP99: 'p99 latency',
};

/** A latency in whole milliseconds; below one it is not none. */
export function millis(value) {
  return value > 0 && value < 1 ? '< 1 ms' : `${Math.round(value)} ms`;
}

const trim = (value, digits) => String(Number(value.toFixed(digits)));
const percent = (share) => `${trim(share * 100, 3)} %`;

/** A row of its own under that of the agent. */
export function drawLevels({ agent, score, slo, why }, columns) {
  return h(
    'tr',
    { class: 'levels' },
    h(
      'td',
      { colspan: columns, 'aria-label': `Score and service levels of ${agent.id}` },
      h('div', { class: 'inside' }, scoreOf(score), slo && levelsOf(slo), drawAgentWhy(why)),
    ),
  );
}

/** What a person should not miss while the figures are folded away. */
export function burnBadge(slo) {
  const raised = (slo?.objectives ?? []).filter(({ burn }) => burn.some((one) => one.raised));
  if (raised.length === 0) return undefined;
  const page = raised.some(({ burn }) => burn.some((one) => one.raised && one.alert === 'page'));
  return h(
    'p',
    {},
    h('span', { class: `badge ${page ? 'failed' : 'degraded'}` }, page ? 'budget burns' : 'budget burns slowly'),
  );
}

function scoreOf(score) {
  if (!score) return undefined;
  const known = score.terms.filter(({ value }) => value !== undefined);
  const weight = known.reduce((sum, one) => sum + one.weight, 0);
  const total = score.score === null ? 'none, less than half of its weight is known' : `${trim(score.score, 1)} of 100`;
  return h(
    'section',
    {},
    h('h4', {}, `Health score: ${total}`),
    h(
      'table',
      { class: 'figures-table' },
      head('Term', 'Figure', 'Points', 'Weight', 'Share'),
      h(
        'tbody',
        {},
        score.terms.map((term) => scoreRow(term, score.score === null ? undefined : weight)),
      ),
    ),
  );
}

function scoreRow({ name, weight, input, value }, known) {
  const { text, figure } = terms[name] ?? { text: name, figure: String };
  const share = value === undefined || known === undefined ? undefined : (value * weight) / known;
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, text),
    number(input === undefined ? undefined : figure(input)),
    number(value === undefined ? undefined : trim(value, 1)),
    number(String(weight)),
    number(share === undefined ? undefined : trim(share, 1)),
  );
}

function levelsOf({ windowMs, objectives: all, measured }) {
  return h(
    'section',
    {},
    h('h4', {}, `Service levels, budgets of ${span(windowMs)}`),
    all.length > 0 &&
      h(
        'table',
        { class: 'figures-table' },
        head('Objective', 'In order', 'Seen for', 'Target', 'Budget left', 'Burns'),
        h('tbody', {}, all.map(levelRow)),
      ),
    measured &&
      h(
        'p',
        { class: 'soft' },
        `Answers to probes, last ${span(measured.overMs)}: p95 ${trim(measured.p95Ms, 1)} ms, p99 ${trim(measured.p99Ms, 1)} ms (± ${trim(measured.error * 100, 1)} %, ${measured.samples} answers).`,
      ),
  );
}

function levelRow({ objective, good, overMs, target, budgetLeft, burn }) {
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, objectives[objective] ?? objective),
    number(percent(good)),
    number(span(overMs)),
    number(percent(target)),
    h('td', { class: 'number' }, budget(budgetLeft)),
    h('td', {}, burning(burn)),
  );
}

function budget(left) {
  if (left === undefined) return dash('too little was seen to say');
  if (left < 0) return h('span', { class: 'warn' }, `overspent ${trim(1 - left, 1)}×`);
  return [h('meter', { min: '0', max: '1', value: String(left), 'aria-hidden': 'true' }), ` ${trim(left * 100, 1)} %`];
}

/** The fastest line of the table that alerts, else how fast the shortest windows burn. */
function burning(burn) {
  const rate = ({ long, short }) => (long === undefined || short === undefined ? undefined : Math.min(long, short));
  const raised = burn.filter((one) => one.raised);
  const [worst] = (raised.length > 0 ? raised : burn).filter((one) => rate(one) !== undefined);
  if (!worst) return dash('too little was seen to say');
  const windows = `over ${span(worst.longMs)} and ${span(worst.shortMs)}`;
  const text = `${trim(rate(worst), 2)}×`;
  if (raised.length === 0) return h('span', { title: `${windows}; alerts from ${worst.factor}×` }, text);
  return h(
    'span',
    { class: `badge ${worst.alert === 'page' ? 'failed' : 'degraded'}`, title: windows },
    `${worst.alert} ${text}`,
  );
}

/** Of each figure the worst in the group: percentiles cannot be averaged. */
export function groupLine(members) {
  const highest = (figure) => {
    const values = members.map(figure).filter((value) => value !== undefined);
    return values.length === 0 ? undefined : Math.max(...values);
  };
  const lefts = members
    .flatMap(({ slo }) => (slo?.objectives ?? []).map(({ budgetLeft }) => budgetLeft))
    .filter((left) => left !== undefined);
  const p95 = highest(({ metrics }) => metrics?.p95_latency_ms);
  const errors = highest(({ metrics }) => metrics?.error_rate);
  const parts = [
    p95 !== undefined && `p95 ${millis(p95)}`,
    errors !== undefined && `errors ${trim(errors * 100, 1)} %`,
    lefts.length > 0 &&
      (Math.min(...lefts) < 0 ? 'budget overspent' : `budget left ${trim(Math.min(...lefts) * 100, 1)} %`),
  ].filter(Boolean);
  return parts.length === 0 ? '' : `worst agent: ${parts.join(' · ')}`;
}

function head(...texts) {
  return h(
    'thead',
    {},
    h(
      'tr',
      {},
      texts.map((text) => h('th', { scope: 'col' }, text)),
    ),
  );
}

function number(text) {
  return h('td', { class: 'number' }, text ?? dash('not known'));
}

function dash(title) {
  return h('span', { class: 'soft', title }, '–');
}
