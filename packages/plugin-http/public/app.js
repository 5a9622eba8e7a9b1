import { all, call, EventStream, Refused, session } from './api.js';
import { ask } from './dialog.js';
import { h, serverNow, sync, tick } from './dom.js';
import {
  agentRows,
  button,
  degradedNotice,
  drawGroup,
  drawHold,
  drawIncident,
  drawRow,
  empty,
  figures,
  groupsOf,
  guardLine,
  rowKey,
  scopeText,
  sortIncidents,
} from './view.js';
import { groupLine } from './levels.js';

const $ = (id) => document.getElementById(id);
const mostAgents = 5_000;

const state = {
  status: undefined,
  agents: new Map(),
  incidents: new Map(),
  /** Agents whose score and service levels are shown. */
  unfolded: new Set(),
  timelines: new Map(),
  holds: [],
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
  timeline: (id) => state.timelines.get(id),
  toggle(id, open) {
    if (open === state.open.has(id)) return;
    if (open) state.open.add(id);
    else state.open.delete(id);
    if (open) void loadTimeline(id);
  },
  isUnfolded: (agentId) => state.unfolded.has(agentId),
  unfold(agentId) {
    if (!state.unfolded.delete(agentId)) state.unfolded.add(agentId);
    draw();
  },
  show(id) {
    state.open.add(id);
    void loadTimeline(id);
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
        { name: 'reason', label: 'Reason', required: true },
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
        change('POST', '/api/v1/holds', { scope, reason, ttl, maintenance }, `${scopeText(scope)} is held.`),
    }),
  release: (id) => change('DELETE', `/api/v1/holds/${encodeURIComponent(id)}`, undefined, 'Released.').catch(say),
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
          'Done.',
        ),
    });
  },
};

function planText({ approval }) {
  const { plan, reason } = approval;
  const how = [
    plan.mode === 'in-place' ? 'the old instance goes first' : plan.mode === 'beside' ? 'beside the old instance' : '',
    plan.restoreState ? 'state is restored' : 'without its state',
  ].filter(Boolean);
  return `${plan.rung}: ${how.join(', ')}. ${reason.text}`;
}

async function change(method, path, body, done) {
  await call(method, path, body);
  say(done);
  await Promise.all([loadAgents(), loadIncidents(), loadHolds()]);
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
  const list = await all('/api/v1/agents', mostAgents);
  state.agents.clear();
  for (const one of list) keep(one);
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
    all('/api/v1/incidents?state=unresolved', 1_000),
    call('GET', '/api/v1/incidents?limit=25'),
  ]);
  state.incidents = new Map([...recent.items, ...open].map((incident) => [incident.id, incident]));
}

async function loadHolds() {
  state.holds = (await call('GET', '/api/v1/holds')).items;
}

async function loadTimeline(id) {
  try {
    const { timeline } = await call('GET', `/api/v1/incidents/${encodeURIComponent(id)}`);
    state.timelines.set(id, timeline);
    draw();
  } catch (error) {
    say(error);
  }
}

async function loadAll() {
  try {
    await loadStatus();
    await Promise.all([loadAgents(), loadIncidents(), loadHolds(), ...[...state.open].map(loadTimeline)]);
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
  if (data.incident) {
    state.incidents.set(data.incident.id, data.incident);
    const known = state.timelines.get(data.incident.id);
    if (known && data.entry && known.at(-1)?.seq < data.entry.seq)
      state.timelines.set(data.incident.id, [...known, data.entry]);
  }
  const agentId = data.agentId ?? data.agent?.id ?? data.finding?.agentId ?? data.incident?.agentId;
  if (type === 'agent.deregistered') state.agents.delete(agentId);
  else if (type.startsWith('guard.')) loadStatus().then(draw, () => undefined);
  refresh(agentId);
}

function onState({ live, waitMs, error }) {
  clearInterval(countdown);
  const link = $('link');
  link.className = `link ${live ? 'live' : 'lost'}`;
  if (live) link.textContent = '● live';
  else if (error) signOut(error);
  else {
    const until = Date.now() + waitMs;
    const word = h('span', { 'aria-hidden': 'true' });
    link.replaceChildren(
      '▲ connection lost ',
      word,
      ' ',
      button('Try now', 'retry', () => stream.retryNow(), 'quiet'),
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
  $('notices').replaceChildren(...degradedNotice(status));
  $('figures').replaceChildren(...figures(status, agents, incidents));
  const waiting = incidents.filter(({ state: at }) => at === 'awaiting-approval' || at === 'escalated').length;
  document.title = waiting > 0 ? `(${waiting}) Praetorian Guard` : 'Praetorian Guard';
  drawIncidents(incidents);
  $('holds').hidden = state.holds.length === 0;
  sync($('hold-list'), state.holds, { keyOf: ({ id }) => id, draw: (hold) => drawHold(hold, act) });
  drawFleet(agents);
}

function drawIncidents(incidents) {
  const list = incidents.map((incident) => ({
    incident,
    can: act.can,
    open: act.isOpen(incident.id),
    timeline: act.isOpen(incident.id) ? state.timelines.get(incident.id) : undefined,
  }));
  const none = [{ none: true }];
  sync($('incident-list'), list.length > 0 ? list : none, {
    keyOf: (item) => item.incident?.id ?? 'none',
    draw: (item) =>
      item.none
        ? empty('No incident.', 'When an agent fails, what the guard sees, decides and does is told here.')
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
    actions.append(button('Hold the fleet', 'hold-fleet', () => act.hold({ kind: 'fleet' }), 'quiet'));
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
