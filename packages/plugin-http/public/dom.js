/**
 * Makes elements. Text only ever becomes a text node, and attributes come from a short list without handlers and
 * addresses: what an agent says of itself cannot become markup or script.
 */
const attributes = new Set([
  'class',
  'id',
  'for',
  'type',
  'name',
  'value',
  'title',
  'role',
  'scope',
  'colspan',
  'hidden',
  'open',
  'checked',
  'required',
  'disabled',
  'placeholder',
  'rows',
  'min',
  'max',
  'datetime',
  'tabindex',
  'selected',
  'maxlength',
  'lang',
  'dir',
]);

export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'onclick') element.addEventListener('click', value);
    else if (attributes.has(name) || name.startsWith('aria-') || name.startsWith('data-')) {
      element.setAttribute(name, value === true ? '' : String(value));
    } else throw new TypeError(`attribute ${name}`);
  }
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(typeof child === 'object' ? child : document.createTextNode(String(child)));
  }
  return element;
}

/** `label` says to a screen reader what the text alone leaves open. */
export function button(text, focus, onclick, { kind = '', label } = {}) {
  return h('button', { type: 'button', class: kind, 'data-focus': focus, 'aria-label': label, onclick }, text);
}

/**
 * Makes the children of a container those of a list, keeping the nodes of items that did not change: focus, selection
 * and open details survive a refresh.
 */
export function sync(container, items, { keyOf, draw }) {
  // Before anything is drawn: a part that is moved into a new frame loses the focus at once.
  const focused = container.contains(document.activeElement) ? document.activeElement?.dataset.focus : undefined;
  const known = (container.drawn ??= new Map());
  const next = new Map();
  const nodes = items.map((item) => {
    const key = keyOf(item);
    const mark = JSON.stringify(item);
    const before = known.get(key);
    const node = before?.mark === mark ? before.node : draw(item, before?.node);
    next.set(key, { mark, node });
    return node;
  });
  container.drawn = next;
  let at = container.firstChild;
  for (const node of nodes) {
    if (node === at) at = at.nextSibling;
    else container.insertBefore(node, at);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
  if (focused && document.activeElement?.dataset.focus !== focused) {
    [...container.querySelectorAll('[data-focus]')].find((element) => element.dataset.focus === focused)?.focus();
  }
}

let skewMs = 0;

/** The guard's clock may differ from this machine's; times are shown as the guard sees them. */
export function setServerTime(header) {
  const at = Date.parse(header ?? '');
  if (Number.isNaN(at)) return;
  const off = at - Date.now();
  // The header has whole seconds: a smaller difference is none.
  skewMs = Math.abs(off) > 2_000 ? off : 0;
}

export const serverNow = () => Date.now() + skewMs;

/** `1 min 5 s`: the two largest units. */
export function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 && minutes < 10 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
}

function relative(at) {
  const ms = serverNow() - at;
  if (Math.abs(ms) < 1_500) return 'now';
  return ms >= 0 ? `${span(ms)} ago` : `in ${span(-ms)}`;
}

const sameDay = (a, b) => a.toDateString() === b.toDateString();

function absolute(at) {
  const date = new Date(at);
  const time = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
  return sameDay(date, new Date(serverNow()))
    ? time
    : `${date.toLocaleDateString([], { day: 'numeric', month: 'short' })} ${time}`;
}

/** A point in time, absolute and relative; the relative part is kept up to date by `tick`. */
export function moment(at) {
  return h(
    'time',
    { datetime: new Date(at).toISOString(), title: new Date(at).toString(), class: 'moment' },
    absolute(at),
    ' ',
    h('span', { class: 'soft', 'data-at': at }, `(${relative(at)})`),
  );
}

/** Time since something happened, which goes on by itself. */
export function since(at) {
  return h('span', { 'data-since': at, class: 'figure' }, span(serverNow() - at));
}

/** Brings every relative time on the page up to date. */
export function tick() {
  for (const element of document.querySelectorAll('[data-at]')) {
    element.textContent = `(${relative(Number(element.dataset.at))})`;
  }
  for (const element of document.querySelectorAll('[data-since]')) {
    element.textContent = span(serverNow() - Number(element.dataset.since));
  }
}
