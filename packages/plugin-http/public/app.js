import { all, call, change as makeChange, EventStream, Refused, session } from './api.js';
import { ask } from './dialog.js';
import { button, h, serverNow, sync, tick } from './dom.js';
import { agreedOf, doing, doubtNotice, drawStorm, how, overrides } from './judgement.js';
import {
  agentRows,
  degradedNotice,
  drawGroup,
  drawHold,
  drawIncident,
  drawRow,
  empty,
  figures,
  groupsOf,
  guardLine,
  isTold,
  needsPerson,
  partialNotice,
  rowKey,
  scopeText,
  sortIncidents,
} from './view.js';
import { groupLine } from './levels.js';

const $ = (id) => document.getElementById(id);
const mostAgents = 5_000;
const mostIncidents = 1_000;

const state = {
  status: undefined,
  agents: new Map(),
  incidents: new Map(),
  /** Whether there are more than were read. */
  partial: { agents: false, incidents: false },
  /** Agents whose score and service levels are shown. */
  unfolded: new Set(),
  /** By the id of an incident or an agent; read when it is opened. */
  explanations: new Map(),
  holds: [],
  storms: [],
  /** Storms whose incidents stand in the list, too. */
  spread: new Set(),
  open: new Set(),
  filter: '',
  onlyUnwell: false,
};
let stream;
let countdown;

// ── What a person can do ────────────────────────────────────────────────────────────────────────────────────────

const act = {
  get can() {
    return state.status?.caller?.role === 'operator';
  },
  isOpen: (id) => state.open.has(id),
  explanation: (id) => state.explanations.get(id),
  holdOf: (holdId) => state.holds.find(({ id }) => id === holdId),
  toggle(id, open) {
    if (open === state.open.has(id)) return;
    act.keepOpen(id, open);
    if (open) void explain(id);
  },
  keepOpen(id, open) {
    if (open) state.open.add(id);
    else state.open.delete(id);
  },
  showMembers(stormId) {
    if (!state.spread.delete(stormId)) state.spread.add(stormId);
    draw();
  },
  isUnfolded: (agentId) => state.unfolded.has(agentId),
  unfold(agentId) {
    if (!state.unfolded.delete(agentId)) {
      state.unfolded.add(agentId);
      void explain(agentId);
    }
    draw();
  },
  show(id) {
    state.open.add(id);
    const parent = state.incidents.get(id)?.parent;
    if (parent) state.spread.add(parent);
    void explain(id);
    draw();
    const card = document.getElementById(id);
    card?.scrollIntoView({ block: 'start' });
    card?.focus({ preventScroll: true });
  },
  hold: (scope) =>
    ask({
      title: `Hold ${scopeText(scope)}`,
      text: 'The guard goes on watching, but heals nothing here until the hold ends or is released.',
      fields: [
        { name: 'reason', label: 'Reason', required: true, max: 500 },
        {
          name: 'ttl',
          label: 'For how long',
          options: [
            ['30m', '30 minutes'],
            ['2h', '2 hours'],
            ['8h', '8 hours'],
            ['1d', '1 day'],
            ['7d', '7 days'],
          ],
          value: '2h',
        },
        { name: 'maintenance', label: 'Maintenance: page nobody either', check: true },
      ],
      ok: 'Hold',
      run: ({ reason, ttl, maintenance }) =>
        change('POST', '/api/v1/holds', { scope, reason, ttl, maintenance }, `Held: ${scopeText(scope)}.`),
    }),
  release: ({ id, scope, reason }) => {
    const run = ({ note }) =>
      change(
        'DELETE',
        `/api/v1/holds/${encodeURIComponent(id)}${note ? `?note=${encodeURIComponent(note)}` : ''}`,
        undefined,
        'Released.',
      );
    if (scope.kind === 'agent') return run({}).catch(say);
    return ask({
      title: `Release ${scopeText(scope)}`,
      text: `The guard heals again everything this hold is on. It was placed because: ${reason}`,
      fields: [{ name: 'note', label: 'Note for the record' }],
      ok: 'Release',
      run,
    });
  },
  respawn: (id) =>
    ask({
      title: `Respawn ${id}`,
      text: 'A new instance takes the place of the current one. The gate may still say no, and will say why.',
      fields: [
        { name: 'restoreState', label: 'Give it the last checkpoint', check: true, value: true },
        { name: 'note', label: 'Note for the record' },
      ],
      ok: 'Respawn',
      run: ({ restoreState, note }) =>
        change(
          'POST',
          `/api/v1/agents/${encodeURIComponent(id)}/respawn`,
          { restoreState, ...(note ? { note } : {}) },
          `Respawn of ${id} is asked for.`,
        ),
    }),
  decide(name, incident) {
    const { id, agentId } = incident;
    const path = `/api/v1/incidents/${encodeURIComponent(id)}/${name}`;
    if (name === 'acknowledge') return change('POST', path, {}, 'Noted.').catch(say);
    // A vote of many is not the start yet: what came of it says the guard.
    const outcome = ({ because: { text, remedy = '' } }) => `${text} ${remedy}`.trim();
    const words = {
      approve: ['Approve the plan', planText(incident), 'Approve'],
      reject: ['Reject the plan', 'Nothing is done. The incident stays with people.', 'Reject'],
      resolve: [
        'Resolve the incident',
        'The guard closes it as resolved by a person. It opens a new one if the agent fails again.',
        'Resolve',
      ],
    }[name];
    return ask({
      title: `${words[0]} for ${agentId}`,
      text: words[1],
      fields: [{ name: 'note', label: 'Note for the record' }],
      ok: words[2],
      danger: name === 'reject',
      run: ({ note }) =>
        change(
          'POST',
          path,
          { ...(note ? { note } : {}), ...(name === 'approve' ? { planHash: incident.approval.planHash } : {}) },
          outcome,
        ),
    });
  },
};

function planText({ approval }) {
  const { plan, reason, quorum = 1 } = approval;
  const left = quorum - agreedOf(approval) - 1;
  const more = left > 0 ? ` After you ${left} more ${left === 1 ? 'has' : 'have'} to agree.` : '';
  const settings = plan.override ? ` With other settings: ${overrides(plan).join(', ')}.` : '';
  return `${doing(plan)}${how(plan)}.${settings} ${reason.text}${more}`;
}

async function change(method, path, body, words) {
  await makeChange(method, path, {
    body,
    done: (answer) => say(typeof words === 'function' ? words(answer) : words),
    reread: () => [loadAgents(), loadIncidents(), loadHolds()],
  });
  void Promise.all(explainOpen());
  draw();
}

let toastTimer;
function say(what) {
  const toast = $('toast');
  toast.textContent = what instanceof Error ? what.message : what;
  toast.classList.toggle('bad', what instanceof Error);
  toast.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (toast.hidden = true), what instanceof Error ? 12_000 : 4_000);
}

// ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

async function loadStatus() {
  state.status = await call('GET', '/api/v1/status');
}

/** Silence is counted on from the moment of the answer. */
function keep(one) {
  const { silentMs, ...rest } = one;
  state.agents.set(
    one.agent.id,
    silentMs === undefined ? rest : { ...rest, silentAt: Math.round((serverNow() - silentMs) / 1000) * 1000 },
  );
}

async function loadAgents() {
  const { items, partial } = await all('/api/v1/agents', mostAgents);
  state.agents.clear();
  state.partial.agents = partial;
  for (const one of items) keep(one);
}

async function loadAgent(id) {
  try {
    keep(await call('GET', `/api/v1/agents/${encodeURIComponent(id)}`));
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) throw error;
    state.agents.delete(id);
  }
}

async function loadIncidents() {
  const [open, recent] = await Promise.all([
    all('/api/v1/incidents?state=unresolved', mostIncidents),
    call('GET', '/api/v1/incidents?limit=25'),
  ]);
  const before = state.incidents;
  state.partial.incidents = open.partial;
  // An event that came while the list was on its way knows more than the list.
  state.incidents = new Map(
    [...recent.items, ...open.items].map((read) => [read.id, newer(before.get(read.id), read)]),
  );
}

const newer = (known, read) => (known && known.version > read.version ? known : read);

async function loadHolds() {
  state.holds = (await call('GET', '/api/v1/holds')).items;
}

async function loadStorms() {
  state.storms = (await call('GET', '/api/v1/storms?state=open')).items;
}

/** Why, of an incident or an agent that is open on the page; of anything else there is nothing to read. */
async function explain(id) {
  const kind = state.incidents.has(id) ? 'incidents' : state.agents.has(id) ? 'agents' : undefined;
  if (!kind) return;
  try {
    state.explanations.set(id, await call('GET', `/api/v1/${kind}/${encodeURIComponent(id)}/explain`));
    draw();
  } catch (error) {
    // One that is gone by now is taken from the page by the next reading.
    if (!(error instanceof Refused) || error.status !== 404) say(error);
  }
}

/** All that is unfolded on the page, or only what an event is about. */
const explainOpen = (wanted = () => true) => [...state.open, ...state.unfolded].filter(wanted).map(explain);

async function loadAll() {
  try {
    await loadStatus();
    await Promise.all([loadAgents(), loadIncidents(), loadHolds(), loadStorms()]);
    await Promise.all(explainOpen());
    signedIn(true);
    draw();
  } catch (error) {
    if (error instanceof Refused && (error.status === 401 || error.status === 403)) signOut(error);
    else if (state.status) say(error);
  }
}

// ── Events ──────────────────────────────────────────────────────────────────────────────────────────────────────

const dirty = new Set();
let refreshing;

/** Several events in one moment become one reading; very many become a reading of the whole list. */
function refresh(agentId) {
  if (agentId) dirty.add(agentId);
  refreshing ??= setTimeout(async () => {
    const ids = [...dirty];
    dirty.clear();
    try {
      if (ids.length > 20) await loadAgents();
      else await Promise.all(ids.map(loadAgent));
      await Promise.all(explainOpen((id) => ids.includes(id) || ids.includes(state.incidents.get(id)?.agentId)));
    } catch {
      // The next reading of everything comes by itself.
    }
    refreshing = undefined;
    draw();
    if (dirty.size > 0) refresh();
  }, 250);
}

function onEvent(type, event) {
  if (type === 'stream.opened') return void loadAll();
  const { data } = event;
  if (data.incident) keepIncident(data.incident);
  if (data.storm) keepStorm(data.storm);
  if (type.startsWith('hold.')) void loadHolds().then(draw, () => undefined);
  announce(type, data);
  const agentId = data.agentId ?? data.agent?.id ?? data.finding?.agentId ?? data.incident?.agentId;
  if (type === 'agent.deregistered') state.agents.delete(agentId);
  else if (type.startsWith('guard.')) loadStatus().then(draw, () => undefined);
  refresh(agentId);
}

function keepIncident(incident) {
  const { id } = incident;
  state.incidents.set(id, newer(state.incidents.get(id), incident));
  if (state.incidents.size <= 2 * mostIncidents) return;
  // A page that is hidden reads no list by which it would forget what is over.
  for (const [old, { state: at }] of state.incidents) if (at === 'resolved') state.incidents.delete(old);
}

function keepStorm(storm) {
  const others = state.storms.filter(({ id }) => id !== storm.id);
  state.storms = storm.state === 'open' ? [storm, ...others] : others;
}

/** What a person who does not see the page should hear at once; everything else can wait until it is looked for. */
function announce(type, data) {
  const words = {
    'storm.opened': () => `Storm: ${data.storm.reason.text}`,
    'storm.closed': () => 'A storm is over.',
    'approval.requested': () => `A plan for ${data.agentId} waits for approval.`,
    'guard.degraded': () => `${data.what} does not work: ${data.why}`,
  }[type];
  if (words) $('announce').textContent = words();
}

function onState({ live, waitMs, error }) {
  clearInterval(countdown);
  const link = $('link');
  link.className = `link ${live ? 'live' : 'lost'}`;
  if (live) link.textContent = '● live';
  else if (waitMs === undefined) signOut(error);
  else {
    // The guard is there and has no room for one more stream: what it knows can be read all the same.
    if (error) void loadAll();
    const until = Date.now() + waitMs;
    const word = h('span', { 'aria-hidden': 'true' });
    link.replaceChildren(
      error ? `▲ no live events: ${error.message} ` : '▲ connection lost ',
      word,
      ' ',
      button('Try now', 'retry', () => stream.retryNow(), { kind: 'quiet' }),
    );
    const show = () =>
      (word.textContent =
        Date.now() < until ? `– trying again in ${Math.ceil((until - Date.now()) / 1000)} s` : '– trying …');
    show();
    countdown = setInterval(show, 1_000);
  }
}

// ── Drawing ─────────────────────────────────────────────────────────────────────────────────────────────────────

function shown() {
  const wanted = state.filter.trim().toLowerCase();
  return [...state.agents.values()].filter(
    (one) =>
      (!state.onlyUnwell || one.health !== 'healthy') &&
      (!wanted ||
        [one.agent.id, one.agent.group, ...one.findings.map(({ text }) => text)]
          .join(' ')
          .toLowerCase()
          .includes(wanted)),
  );
}

function draw() {
  const { status } = state;
  if (!status) return;
  const agents = [...state.agents.values()];
  const incidents = sortIncidents([...state.incidents.values()]);
  $('guard').replaceChildren(...guardLine(status).map((part) => part));
  const read = { agents, incidents, partial: state.partial };
  const notices = [...degradedNotice(status), ...doubtNotice(status), ...partialNotice(status, read)];
  $('notices').replaceChildren(...notices);
  $('figures').replaceChildren(...figures(status, read));
  const waiting = incidents.filter(needsPerson).length;
  document.title = waiting > 0 ? `(${waiting}) Praetorian Guard` : 'Praetorian Guard';
  drawStorms(incidents);
  drawIncidents(incidents);
  $('holds').hidden = state.holds.length === 0;
  sync($('hold-list'), state.holds, { keyOf: ({ id }) => id, draw: (hold) => drawHold(hold, act) });
  drawFleet(agents);
}

function drawStorms(incidents) {
  $('storms').hidden = state.storms.length === 0;
  const list = state.storms.map((storm) => ({
    storm,
    incidents: incidents.filter((incident) => incident.parent === storm.id && isTold(incident, state.storms)).length,
    shown: state.spread.has(storm.id),
    open: act.isOpen(storm.id),
  }));
  sync($('storm-list'), list, { keyOf: ({ storm }) => storm.id, draw: (item) => drawStorm(item, act) });
}

function drawIncidents(incidents) {
  const apart = incidents.filter((incident) => !isTold(incident, state.storms) || state.spread.has(incident.parent));
  const list = apart.map((incident) => ({
    incident,
    can: act.can,
    open: act.isOpen(incident.id),
    why: act.isOpen(incident.id) ? state.explanations.get(incident.id) : undefined,
  }));
  const none = [{ none: true, stormy: incidents.length > 0 }];
  sync($('incident-list'), list.length > 0 ? list : none, {
    keyOf: (item) => item.incident?.id ?? 'none',
    draw: (item) =>
      item.none
        ? item.stormy
          ? empty('No incident beside the storm.', 'Those of its agents are shown from its card.')
          : empty('No incident.', 'When an agent fails, what the guard sees, decides and does is told here.')
        : drawIncident(item.incident, act),
  });
}

function drawFleet(agents) {
  const groups = groupsOf(shown());
  const place = $('group-list');
  if (groups.length === 0) {
    sync(place, [{ none: true, any: agents.length > 0 }], {
      keyOf: () => 'none',
      draw: ({ any }) =>
        any
          ? empty('No agent matches.', 'Change the filter above to see the others.')
          : empty(
              'No agent yet.',
              'Register one with POST /api/v1/agents, name it in the config under agents, or label a container so that an orchestrator finds it.',
            ),
    });
  } else {
    // The frame of a group is drawn anew only when its counts change; its rows keep their own nodes.
    const frames = groups.map(({ name, members }) => ({
      name,
      can: act.can,
      members: members.map(({ health }) => ({ health })),
      line: groupLine(members),
    }));
    sync(place, frames, { keyOf: ({ name }) => name, draw: (frame, before) => reframe(drawGroup(frame, act), before) });
    for (const body of place.querySelectorAll('tbody[data-group]')) {
      const members = groups.find(({ name }) => name === body.dataset.group)?.members ?? [];
      sync(body, agentRows(members, act), { keyOf: rowKey, draw: (row) => drawRow(row, act) });
    }
  }
  const actions = $('fleet-actions');
  if (act.can && !actions.firstChild)
    actions.append(button('Hold the fleet', 'hold-fleet', () => act.hold({ kind: 'fleet' }), { kind: 'quiet' }));
  if (!act.can) actions.replaceChildren();
}

/** Moves the rows of the old frame into the new one, so that they stay what they are. */
function reframe(frame, before) {
  const old = before?.querySelector?.('tbody');
  if (old) frame.querySelector('tbody').replaceWith(old);
  return frame;
}

function signedIn(yes) {
  $('sign-in').hidden = yes;
  $('content').hidden = !yes;
}

function signOut(error) {
  const had = session.token !== '';
  session.token = '';
  stream?.close();
  stream = undefined;
  state.status = undefined;
  signedIn(false);
  $('guard').replaceChildren();
  $('link').className = 'link';
  $('link').textContent = 'signed out';
  if (had)
    $('sign-in-why').textContent =
      error.status === 401
        ? 'The guard does not know this token. Mind that it is the token itself, not its name.'
        : error.message;
  $('token').focus();
}

function begin() {
  stream?.close();
  stream = new EventStream({ event: onEvent, state: onState });
}

$('sign-in-form').addEventListener('submit', (event) => {
  event.preventDefault();
  session.token = $('token').value.trim();
  $('token').value = '';
  begin();
});
$('filter').addEventListener('input', (event) => {
  state.filter = event.target.value;
  draw();
});
$('only-unwell').addEventListener('change', (event) => {
  state.onlyUnwell = event.target.checked;
  draw();
});
setInterval(tick, 1_000);
// Scores, metrics and silence change without an event.
setInterval(() => state.status && !document.hidden && void loadAll(), 15_000);
begin();
