import { button, h, moment, serverNow, span } from './dom.js';

/** Why the guard acts or does not: its doubt of itself, storms, plans that wait, the rules of the gate. */

function badge(kind, text, title) {
  return h('span', { class: `badge ${kind}`, title }, text);
}

const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

// ── The guard's doubt of itself ─────────────────────────────────────────────────────────────────────────────────

export function doubtNotice({ doubt }) {
  if (!doubt) return [];
  const cutOff = doubt.canaries.filter(({ reached }) => reached === false);
  if (doubt.multiplier === 0 && cutOff.length === 0) return [];
  // A bad sign of the last round names the canary already.
  const unsaid = cutOff.filter(({ url }) => !doubt.reasons.some((reason) => reason.includes(url)));
  const said = [
    ...doubt.reasons,
    ...unsaid.map(({ url, why }) => `canary ${url} does not answer${why ? `: ${why}` : ''}`),
  ];
  return [
    h(
      'div',
      { class: 'notice' },
      h(
        'p',
        {},
        h('strong', {}, 'The guard doubts itself. '),
        doubt.multiplier > 0
          ? `Everybody gets ${doubt.multiplier + 1} times as long before silence or slowness counts.`
          : 'Silence proves nothing while it may be cut off.',
      ),
      said.length > 0
        ? h(
            'ul',
            {},
            said.map((text) => h('li', {}, text)),
          )
        : h('p', { class: 'soft' }, 'It was worse a moment ago; doubt fades round by round.'),
    ),
  ];
}

// ── Storms ──────────────────────────────────────────────────────────────────────────────────────────────────────

const causes = {
  'mass-failure': 'many failed at once',
  silence: 'many fell silent at once',
  canary: 'the guard may be cut off',
  dependency: 'what they depend on failed',
};

/** `incidents`: how many belong to it; `shown`: whether they stand in the list below. */
export function drawStorm({ storm, incidents, shown }, act) {
  const { id, cause, groups, members, memberCount, reason, breaker, openedAt, dependency, told, paged, timeline } =
    storm;
  const where = groups.length === 1 ? `group ${groups[0]}` : `${groups.length} groups`;
  const box = h(
    'details',
    { open: act.isOpen(id) },
    h('summary', { 'data-focus': `details-${id}` }, `Its ${plural(memberCount, 'agent')}, and what happened`),
    h(
      'div',
      { class: 'inside' },
      h('p', {}, members.join(', '), memberCount > members.length ? ` and ${memberCount - members.length} more` : ''),
      h(
        'ol',
        { class: 'timeline' },
        timeline.map(({ at, text }) => h('li', {}, moment(at), h('span', { class: 'said' }, text))),
      ),
    ),
  );
  box.addEventListener('toggle', () => act.keepOpen(id, box.open));
  return h(
    'article',
    { class: 'card storm', id, tabindex: '-1' },
    h(
      'div',
      { class: 'bar' },
      h('h3', {}, `Storm: ${plural(memberCount, 'agent')} of ${where}`),
      badge('failed', causes[cause] ?? cause),
      breakerBadge(breaker),
    ),
    h('p', { class: 'because' }, reason.text),
    dependency && h('p', {}, `All of them depend on ${dependency}: that one comes first.`),
    h('p', {}, breakerText(breaker)),
    h(
      'p',
      { class: 'facts soft' },
      'since ',
      moment(openedAt),
      ` · people ${told ? 'were told once for all of them' : paged ? 'could not be reached so far' : 'are not told yet'}`,
    ),
    incidents > 0 &&
      h(
        'div',
        { class: 'buttons' },
        button(
          `${shown ? 'Hide' : 'Show'} its ${plural(incidents, 'incident')}`,
          `members-${id}`,
          () => act.showMembers(id),
          { kind: 'quiet' },
        ),
      ),
    box,
  );
}

function breakerBadge({ state }) {
  const kinds = { open: 'failed', 'half-open': 'degraded', closed: 'healthy' };
  return badge(kinds[state] ?? 'unknown', `fleet breaker ${state}`);
}

function breakerText(breaker) {
  switch (breaker.state) {
    case 'open':
      return ['Nothing is done to them before ', moment(breaker.probeAt), '; then one agent is tried first.'];
    case 'half-open':
      return `It tries itself out: ${plural(breaker.allowed, 'agent')} may be healed at once; ${breaker.successes} proved to be well again so far.`;
    default:
      return 'The breaker lets everything through.';
  }
}

// ── A plan that waits ───────────────────────────────────────────────────────────────────────────────────────────

/** Different persons who agreed, counted as the guard does: by account, else by name; whoever ordered the plan is one. */
export function agreedOf({ votes = [], orderedBy }) {
  const persons = votes.map(({ by, account }) =>
    String(account ?? by)
      .normalize('NFKC')
      .trim()
      .toLowerCase(),
  );
  return new Set(orderedBy === undefined ? persons : [...persons, orderedBy]).size;
}

export function drawApproval({ approval }) {
  const {
    plan,
    reason,
    steps = [],
    quorum = 1,
    votes = [],
    orderedBy,
    prepared,
    reminded,
    expiresAt,
    planHash,
  } = approval;
  const agreed = [
    orderedBy !== undefined && h('li', {}, `${orderedBy}, who ordered it`),
    ...votes.map(({ by, at, note }) => h('li', {}, `${by}, `, moment(at), note ? ` – “${note}”` : '')),
  ].filter(Boolean);
  return h(
    'dl',
    { class: 'approval' },
    fact('What', [
      h('strong', {}, doing(plan)),
      [how(plan), steps.length > 0 && ` in ${plural(steps.length, 'step')}: ${steps.map(stepName).join(' → ')}`],
    ]),
    plan.override && fact('With other settings', overrides(plan).join(', ')),
    fact('Why it waits', reason.text),
    fact(
      'Agreed',
      `${agreedOf(approval)} of ${plural(quorum, 'person', 'persons')}`,
      agreed.length > 0 && h('ul', {}, agreed),
    ),
    prepared &&
      fact(
        'Prepared',
        h('span', { class: prepared.ok ? '' : 'warn' }, prepared.ok ? '✓ ' : '✕ not possible now: ', prepared.text),
      ),
    reminded && fact('Reminded', `${plural(reminded.count, 'time')}, last `, moment(reminded.at), tierText(reminded)),
    fact('Expires', moment(expiresAt)),
    planHash && fact('Plan hash', h('code', { title: planHash }, `${planHash.slice(0, 12)}…`)),
  );
}

const tierText = ({ tier }) => (tier === 2 ? '; the second tier was called' : '');
const stepName = ({ id }) => String(id).replace(/^\d+-/, '');

/** What a plan does, in a word: what only isolates, or lets another lead, heals nothing and is no rung. */
export function doing({ rung, contain, promotion }) {
  if (promotion) return 'failover';
  if (!contain) return rung;
  return contain.for !== 'return' ? 'isolate' : rung === 'escalate' ? 'reinstate' : rung;
}

/** How a plan is carried out, for a person who has to agree to it. */
export function how(plan) {
  const { promotion, contain } = plan;
  if (promotion) return ` (${promotion.to} leads from then on, in epoch ${promotion.epoch})`;
  if (contain) return '';
  const words = [
    plan.mode === 'in-place' ? 'the old instance goes first' : plan.mode === 'beside' && 'beside the old instance',
    plan.restoreState ? 'state is restored' : 'without its state',
  ].filter(Boolean);
  return ` (${words.join(', ')})`;
}

/** What the new instance gets instead of what the old one had. Of the environment the names: a value may be long. */
export function overrides({ override = {} }) {
  const { image, command, memoryLimit, cpuLimit, timeoutMs, env } = override;
  return [
    image !== undefined && `image ${image}`,
    command && `command ${JSON.stringify(command)}`,
    memoryLimit !== undefined && `memory ${Math.round(memoryLimit / 1024 ** 2)} MiB`,
    cpuLimit !== undefined && `${cpuLimit} of a processor`,
    timeoutMs !== undefined && `timeout ${span(timeoutMs)}`,
    env && `env ${Object.keys(env).join(', ')}`,
  ].filter(Boolean);
}

function fact(name, ...content) {
  return [h('dt', {}, name), h('dd', {}, content)];
}

// ── Why ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const says = { proceed: 'yes', wait: 'wait', refuse: 'no' };

/** The rules of the gate: those that object with their reason, the others by name. */
export function drawRules(rules, deciding) {
  if (!rules || rules.length === 0) return undefined;
  const objections = rules.filter(({ verdict }) => verdict !== 'proceed');
  const names = rules.filter(({ verdict }) => verdict === 'proceed').map(({ rule }) => rule);
  return h(
    'section',
    {},
    h('h4', {}, deciding ? 'The gate now' : 'The gate, if it were asked now'),
    objections.length > 0 &&
      h(
        'table',
        { class: 'rules' },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ['Rule', 'Says', 'Why'].map((text) => h('th', { scope: 'col' }, text)),
          ),
        ),
        h('tbody', {}, objections.map(ruleRow)),
      ),
    h(
      'p',
      { class: 'soft' },
      objections.length === 0 ? 'No rule objects. ' : '',
      names.length > 0 && `${names.length} say yes: ${names.join(', ')}.`,
    ),
  );
}

function ruleRow({ rule, verdict, untilMs, reason }) {
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, rule),
    h('td', {}, badge(verdict === 'wait' ? 'degraded' : 'failed', says[verdict] ?? verdict)),
    h(
      'td',
      {},
      reason.text,
      verdict === 'wait' && untilMs > serverNow() && [' Until ', moment(untilMs), '.'],
      reason.remedy && h('span', { class: 'soft' }, ` ${reason.remedy}`),
    ),
  );
}

function sentences(title, texts) {
  if (!texts || texts.length === 0) return undefined;
  return h(
    'section',
    {},
    h('h4', {}, title),
    h(
      'ul',
      {},
      texts.map((text) => h('li', {}, text)),
    ),
  );
}

/** What an explanation says beyond the incident itself. */
export function drawWhy(explanation) {
  if (!explanation) return [];
  const { rules, seen, wouldChange, incident } = explanation;
  const over = !incident || incident.state === 'resolved';
  return [
    drawRules(rules, incident?.state === 'open'),
    sentences(over ? 'What would open an incident' : 'What would change the answer', wouldChange),
    sentences('Heard of it last', over ? [] : seen),
  ].filter(Boolean);
}

/** The explanation of an agent, under its figures. */
export function drawAgentWhy(explanation) {
  if (!explanation) return h('section', { class: 'why' }, h('p', { class: 'soft' }, 'Reading why …'));
  return h(
    'section',
    { class: 'why' },
    h('h4', {}, 'Why the guard acts, or does not'),
    h('p', {}, explanation.summary),
    drawWhy(explanation),
  );
}
