import { button, h, moment, serverNow, since, span } from './dom.js';
import { doing, drawApproval, drawWhy } from './judgement.js';
import { burnBadge, drawLevels, millis } from './levels.js';

/** Sign, word and class of each health: never colour alone. */
export const healths = {
  failed: { sign: '✕', text: 'failed' },
  degraded: { sign: '▲', text: 'degraded' },
  unknown: { sign: '○', text: 'unknown' },
  healthy: { sign: '●', text: 'healthy' },
};
const order = ['failed', 'degraded', 'unknown', 'healthy'];

const states = {
  open: 'deciding',
  acting: 'acting',
  watching: 'watching the recovery',
  'awaiting-approval': 'waits for approval',
  held: 'held',
  escalated: 'needs a person',
  resolved: 'resolved',
};
const stateOrder = ['escalated', 'awaiting-approval', 'acting', 'watching', 'open', 'held', 'resolved'];

const bandOf = (severity) => (severity >= 9 ? 'critical' : severity >= 7 ? 'high' : severity >= 4 ? 'medium' : 'low');

function badge(kind, text, title) {
  return h('span', { class: `badge ${kind}`, title }, text);
}

export function healthBadge(health) {
  const { sign, text } = healths[health] ?? healths.unknown;
  return h(
    'span',
    { class: `badge health ${health in healths ? health : 'unknown'}` },
    h('span', { 'aria-hidden': 'true' }, sign),
    ` ${text}`,
  );
}

/** Of a fleet too large to be read whole (`partial`) the guard says how many there are. */
export function figures(status, { agents, incidents, partial }) {
  const count = (test) => agents.filter(test).length;
  const total = partial.agents ? status.agents : agents.length;
  const open = partial.incidents ? status.openIncidents : incidents.filter(isOpen).length;
  const waiting = incidents.filter(needsPerson).length;
  const figure = (value, text, kind) =>
    h('li', { class: `figure-card ${value > 0 ? kind : ''}` }, h('strong', {}, value), h('span', {}, text));
  return [
    figure(total, total === 1 ? 'agent' : 'agents', ''),
    ...order.toReversed().map((health) =>
      figure(
        count((one) => one.health === health),
        health,
        health,
      ),
    ),
    figure(open, open === 1 ? 'open incident' : 'open incidents', 'degraded'),
    figure(waiting, waiting === 1 ? 'needs a person' : 'need a person', 'failed'),
  ];
}

const isOpen = ({ state }) => state !== 'resolved';

/** Says of what the page shows only a part. */
export function partialNotice(status, { agents, incidents, partial }) {
  const parts = [
    partial.agents && `the first ${agents.length} of ${status.agents} agents by name`,
    partial.incidents && `the latest ${incidents.filter(isOpen).length} of ${status.openIncidents} open incidents`,
  ].filter(Boolean);
  if (parts.length === 0) return [];
  const text = `${parts.join(' and ')}. What is counted by health, and what needs a person, is of these alone.`;
  return [h('p', { class: 'notice' }, h('strong', {}, 'Only a part is shown: '), text)];
}

export function guardLine(status) {
  const what = { starting: 'is starting', running: 'is running', stopping: 'is stopping', stopped: 'has stopped' }[
    status.state
  ];
  return [
    h('strong', {}, status.guardId),
    ` ${what} · version ${status.version}`,
    status.settled ? '' : ' · settling: it watches, but does not act yet',
  ];
}

/** What the guard doubts itself for is told in a notice of its own. */
const ofDoubt = new Set(['self-doubt', 'canary']);

export function degradedNotice(status) {
  const broken = status.doubt ? status.degraded.filter(({ what }) => !ofDoubt.has(what)) : status.degraded;
  return broken.map(({ what, why }) => h('p', { class: 'notice' }, h('strong', {}, `${what} does not work: `), why));
}

// ── Fleet ───────────────────────────────────────────────────────────────────────────────────────────────────────

const worst = (agents) => Math.min(...agents.map(({ health }) => order.indexOf(health)));

/** The agents by group: groups with the worst health first, then by name. */
export function groupsOf(agents) {
  const groups = Map.groupBy ? Map.groupBy(agents, ({ agent }) => agent.group) : groupBy(agents);
  return [...groups]
    .map(([name, members]) => ({ name, members: members.toSorted(byHealth) }))
    .toSorted((a, b) => worst(a.members) - worst(b.members) || (a.name < b.name ? -1 : 1));
}

function groupBy(agents) {
  const groups = new Map();
  for (const one of agents) groups.set(one.agent.group, [...(groups.get(one.agent.group) ?? []), one]);
  return groups;
}

function byHealth(a, b) {
  return order.indexOf(a.health) - order.indexOf(b.health) || (a.agent.id < b.agent.id ? -1 : 1);
}

const columns = ['Agent', 'Health', 'Score', 'Silent', 'Missed', 'Failures', 'Breaker', 'Mode', 'Findings', ''];
const widths = columns.map((text) => `col-${(text || 'actions').toLowerCase()}`);

export function drawGroup({ name, members, line }, act) {
  const well = members.filter(({ health }) => health === 'healthy').length;
  return h(
    'section',
    { class: 'card group', 'aria-label': `Group ${name}` },
    h(
      'div',
      { class: 'bar' },
      h('h3', {}, name),
      h('span', { class: 'soft' }, `${well} of ${members.length} healthy`),
      line && h('span', { class: 'soft', title: 'Of each figure that of the agent who has the worst' }, line),
      act.can &&
        button('Hold the group', `hold-group-${name}`, () => act.hold({ kind: 'group', group: name }), {
          kind: 'quiet',
          label: `Hold group ${name}`,
        }),
    ),
    h(
      'div',
      { class: 'scroll' },
      h(
        'table',
        {},
        h(
          'colgroup',
          {},
          widths.map((kind) => h('col', { class: kind })),
        ),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            columns.map((text) => h('th', { scope: 'col' }, text || h('span', { class: 'sr' }, 'Actions'))),
          ),
        ),
        h('tbody', { 'data-group': name }),
      ),
    ),
  );
}

function drawAgent(one, act) {
  const { agent, health, missed, failures, breaker, mode, findings, heldBy, incidentId, silentAt } = one;
  // That the guard doubts itself stands once above, not with everybody.
  const remarks = (one.remarks ?? []).filter(({ code }) => code !== 'self-doubt');
  const quiet = findings.length === 0 && !incidentId && !heldBy && remarks.length === 0;
  const { id } = agent;
  const cell = (label, kind, ...content) => h('td', { 'data-label': label, class: kind }, content);
  return h(
    'tr',
    { class: health in healths ? health : 'unknown' },
    h('th', { scope: 'row', class: 'agent' }, h('span', { class: 'id' }, id), agentNotes(one)),
    cell('Health', '', healthBadge(health)),
    cell('Score', 'number', scoreButton(one, act)),
    cell('Silent', 'number', silentAt === undefined ? dash('no heartbeat so far') : since(silentAt)),
    cell('Missed', `number ${missed > 0 ? 'warn' : 'usual'}`, missed),
    cell('Failures', `number ${failures > 0 ? 'warn' : 'usual'}`, failures),
    cell(
      'Breaker',
      breaker === 'closed' ? 'usual' : '',
      breaker === 'closed' ? 'closed' : badge(breaker === 'open' ? 'failed' : 'degraded', breaker),
    ),
    cell('Mode', mode === 'auto' ? 'usual' : '', mode),
    cell(
      'Findings',
      `findings ${quiet ? 'usual' : ''}`,
      quiet
        ? dash('nothing is suspected')
        : [
            findings.map((finding) => h('p', { title: `${finding.detector} · ${finding.evidence}` }, finding.text)),
            incidentId &&
              h(
                'p',
                {},
                button('Open incident', `incident-${id}`, () => act.show(incidentId), {
                  kind: 'as-link',
                  label: `Open incident of ${id}`,
                }),
              ),
            heldBy && h('p', {}, badge('held', isWindow(one.hold) ? 'maintenance' : 'held'), heldText(one.hold)),
            remarks.map(({ text, remedy }) => h('p', { class: 'soft', title: remedy }, text)),
          ],
      burnBadge(one.slo),
    ),
    cell(
      '',
      'actions',
      act.can && [
        // A hold on more than this agent is released where it is seen to be one: in the list of holds.
        one.hold?.scope.kind === 'agent' && !isWindow(one.hold)
          ? button('Release', `release-${id}`, () => act.release(one.hold), { kind: 'quiet', label: `Release ${id}` })
          : button('Hold', `hold-${id}`, () => act.hold({ kind: 'agent', agentId: id }), {
              kind: 'quiet',
              label: `Hold ${id}`,
            }),
        button('Respawn', `respawn-${id}`, () => act.respawn(id), { kind: 'quiet', label: `Respawn ${id}` }),
      ],
    ),
  );
}

/** `undefined`: it has just been placed, and the list of holds was read before it. */
function heldText(hold) {
  const where = !hold || hold.scope.kind === 'agent' ? '' : ` in ${scopeText(hold.scope)}`;
  return ` no remediation${where}`;
}

/** The score opens what it is made of. */
function scoreButton({ agent, score }, act) {
  const open = act.isUnfolded(agent.id);
  const value = score?.score === null || score?.score === undefined ? '–' : Math.round(score.score);
  const shown = button(`${value} ${open ? '▴' : '▾'}`, `levels-${agent.id}`, () => act.unfold(agent.id), {
    kind: 'as-link',
    label: `Score ${value} of ${agent.id}: where it comes from, and why the guard acts or does not`,
  });
  shown.setAttribute('aria-expanded', String(open));
  shown.title = 'Score, service levels, and why';
  return shown;
}

/** An agent, and beneath it, if it is unfolded, where its score and its service levels come from, and why. */
export function agentRows(members, act) {
  return members.flatMap((one) => {
    const unfolded = act.isUnfolded(one.agent.id);
    const row = { ...one, can: act.can, unfolded, hold: act.holdOf(one.heldBy) };
    return unfolded ? [row, { ...row, levels: true, why: act.explanation(one.agent.id) }] : [row];
  });
}

export const rowKey = ({ agent, levels }) => (levels ? `${agent.id} levels` : agent.id);

export function drawRow(row, act) {
  return row.levels ? drawLevels(row, columns.length) : drawAgent(row, act);
}

function agentNotes({ agent, metrics, leadership }) {
  const notes = [
    roleText(leadership),
    agent.criticality > 0 && (agent.criticality === 2 ? 'vital' : 'important'),
    metrics?.p95_latency_ms !== undefined && `p95 ${millis(metrics.p95_latency_ms)}`,
    metrics?.error_rate !== undefined && `errors ${(metrics.error_rate * 100).toFixed(1)} %`,
    ...Object.entries(agent.labels ?? {})
      .slice(0, 3)
      .map(([key, value]) => `${key}=${value}`),
  ].filter(Boolean);
  return notes.length === 0 ? undefined : h('span', { class: 'notes' }, notes.join(' · '));
}

/** Its part now; what its label says may be long past. */
function roleText(leadership) {
  if (!leadership) return undefined;
  const { role, epoch, lagMs } = leadership;
  if (role === 'primary') return epoch > 0 ? `primary of epoch ${epoch}` : 'primary';
  return lagMs === undefined ? 'replica' : `replica, ${millis(lagMs)} behind`;
}

function dash(title) {
  return h('span', { class: 'soft', title }, '–');
}

// ── Incidents ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Whether it goes on only when a person does something. */
export const needsPerson = ({ state }) => state === 'awaiting-approval' || state === 'escalated';

export function sortIncidents(incidents) {
  const rank = ({ state }) => stateOrder.indexOf(state);
  return incidents.toSorted((a, b) => rank(a) - rank(b) || b.openedAt - a.openedAt);
}

const planOf = (incident) => incident.approval?.plan ?? incident.attempt?.plan ?? incident.attempts?.at(-1)?.plan;

/** Whether its card would only repeat what that of its storm says. */
export const isTold = ({ parent, state }, storms) =>
  state !== 'awaiting-approval' && storms.some((storm) => storm.id === parent && storm.state === 'open');

export function drawIncident(incident, act) {
  const { id, agentId, group, state, assessment, because, openedAt, acknowledged } = incident;
  const severity = assessment?.severity;
  return h(
    'article',
    {
      class: `card incident ${state === 'resolved' ? 'resolved' : bandOf(severity ?? 1)} ${needsPerson(incident) ? 'wants' : ''}`,
      id,
      tabindex: '-1',
    },
    h(
      'div',
      { class: 'bar' },
      h('h3', {}, agentId),
      badge(`state ${state}`, state === 'resolved' ? `resolved: ${incident.outcome}` : (states[state] ?? state)),
      severity !== undefined && badge(bandOf(severity), `severity ${severity} · ${bandOf(severity)}`),
      rungOf(incident),
      incident.parent && state !== 'resolved' && badge('plain', 'part of a storm'),
      incident.defect && badge('plain', 'a defect', 'It was healed so often that people have to mend its cause.'),
      h('span', { class: 'soft grow' }, `group ${group}`),
    ),
    h('p', { class: 'because' }, because?.text, because?.remedy && h('span', { class: 'soft' }, ` ${because.remedy}`)),
    h(
      'p',
      { class: 'facts soft' },
      'opened ',
      moment(openedAt),
      facts(incident),
      acknowledged && ` · seen by ${acknowledged.by}`,
    ),
    state === 'awaiting-approval' && drawApproval(incident),
    act.can && state !== 'resolved' && h('div', { class: 'buttons' }, verbs(incident, act)),
    details(incident, act),
  );
}

function rungOf(incident) {
  const plan = planOf(incident);
  return (
    plan && badge('plain', incident.state === 'awaiting-approval' ? `plan: ${doing(plan)}` : `rung: ${doing(plan)}`)
  );
}

function facts(incident) {
  switch (incident.state) {
    case 'watching':
      return [' · watched until ', moment(incident.watch.until)];
    case 'awaiting-approval':
      return [' · expires ', moment(incident.approval.expiresAt)];
    case 'held':
      return [' · held until ', moment(incident.until)];
    case 'resolved':
      return [
        ' · resolved ',
        moment(incident.resolvedAt),
        ` after ${span(incident.resolvedAt - incident.openedAt)}`,
        incident.by ? ` by ${incident.by}` : '',
      ];
    case 'open':
      return incident.nextAt > serverNow() + 1_500 ? [' · next decision ', moment(incident.nextAt)] : [];
    default:
      return [];
  }
}

function verbs(incident, act) {
  const { id, state, acknowledged } = incident;
  const one = (name, text, kind) =>
    button(text, `${name}-${id}`, () => act.decide(name, incident), { kind, label: `${text} (${incident.agentId})` });
  return [
    state === 'awaiting-approval' && one('approve', `Approve ${doing(planOf(incident))} …`, 'primary'),
    state === 'awaiting-approval' && one('reject', 'Reject …', 'danger'),
    !acknowledged && one('acknowledge', 'Acknowledge'),
    one('resolve', 'Resolve …'),
  ];
}

function details(incident, act) {
  const { id } = incident;
  const box = h(
    'details',
    { open: act.isOpen(id), 'data-incident': id },
    h('summary', { 'data-focus': `details-${id}` }, 'What happened, and why'),
  );
  box.append(
    h(
      'div',
      { class: 'inside' },
      drawWhy(act.explanation(id)),
      factors(incident),
      findingsOf(incident),
      timelineOf(act.explanation(id)?.timeline),
    ),
  );
  box.addEventListener('toggle', () => act.toggle(id, box.open));
  return box;
}

function factors({ assessment }) {
  if (!assessment || assessment.factors.length === 0) return undefined;
  return h(
    'section',
    {},
    h('h4', {}, `Severity ${assessment.severity} of 10 comes from`),
    h(
      'ul',
      { class: 'factors' },
      assessment.factors.map(({ name, share, text }) =>
        h(
          'li',
          {},
          h('span', { class: 'share' }, `${share > 0 ? '+' : ''}${Math.round(share * 10) / 10}`),
          h('span', {}, text || name),
        ),
      ),
    ),
    (assessment.dataLossRisk || assessment.securityIncident) &&
      h(
        'p',
        { class: 'warn' },
        [assessment.dataLossRisk && 'Data may be lost.', assessment.securityIncident && 'This is a security incident.']
          .filter(Boolean)
          .join(' '),
      ),
  );
}

function findingsOf({ findings }) {
  if (!findings || findings.length === 0) return undefined;
  return h(
    'section',
    {},
    h('h4', {}, 'Suspected now'),
    h(
      'ul',
      {},
      findings.map((finding) =>
        h('li', {}, finding.text, ' ', h('span', { class: 'soft' }, 'since '), moment(finding.since)),
      ),
    ),
  );
}

function timelineOf(entries) {
  if (entries === undefined) return h('p', { class: 'soft' }, 'Reading the timeline …');
  if (entries.length === 0) return h('p', { class: 'soft' }, 'Nothing has been recorded yet.');
  return h(
    'section',
    {},
    h('h4', {}, 'Timeline'),
    h(
      'ol',
      { class: 'timeline' },
      entries.map((entry) =>
        h(
          'li',
          { class: entry.state },
          moment(entry.at),
          h('span', { class: 'said' }, entry.reason.text),
          entry.reason.remedy && h('span', { class: 'soft' }, ` ${entry.reason.remedy}`),
        ),
      ),
    ),
  );
}

// ── Holds ───────────────────────────────────────────────────────────────────────────────────────────────────────

export function scopeText(scope) {
  if (scope.kind === 'fleet') return 'the whole fleet';
  return scope.kind === 'group' ? `group ${scope.group}` : `agent ${scope.agentId}`;
}

/** A window ends by itself, or in the config. */
const isWindow = (hold) => hold?.kind === 'window';

export function drawHold(hold, act) {
  return h(
    'div',
    { class: 'card hold bar' },
    badge('held', isWindow(hold) ? 'window' : hold.maintenance ? 'maintenance' : 'hold'),
    h('strong', {}, scopeText(hold.scope)),
    h('span', { class: 'grow' }, hold.reason),
    h('span', { class: 'soft' }, isWindow(hold) ? 'by the config until ' : `by ${hold.by} until `, moment(hold.until)),
    act.can &&
      !isWindow(hold) &&
      button(
        hold.scope.kind === 'agent' ? 'Release' : 'Release …',
        `release-hold-${hold.id}`,
        () => act.release(hold),
        {
          kind: 'quiet',
          label: `Release the hold on ${scopeText(hold.scope)}`,
        },
      ),
  );
}

export function empty(title, text) {
  return h('div', { class: 'empty' }, h('p', {}, h('strong', {}, title)), h('p', {}, text));
}
