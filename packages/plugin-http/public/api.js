import { setServerTime } from './dom.js';

const store = 'praetorian.token';

export const session = {
  get token() {
    return sessionStorage.getItem(store) ?? '';
  },
  set token(value) {
    if (value) sessionStorage.setItem(store, value);
    else sessionStorage.removeItem(store);
  },
};

/** An answer that is not what was asked for, in the guard's own words. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail ? `${problem.detail} ${problem.remedy ?? ''}`.trim() : `The guard answered ${status}.`);
    this.status = status;
  }
}

function headers(more = {}) {
  return session.token ? { ...more, authorization: `Bearer ${session.token}` } : more;
}

export async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    cache: 'no-store',
    headers: headers(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  setServerTime(response.headers.get('date'));
  if (response.status === 204) return undefined;
  const answer = await response.json().catch(() => undefined);
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

/**
 * Changes something, tells `done` of it, and lets `reread` read again what may have changed. What is done is done: a
 * reading that fails then is no refusal, and must not look like one, or it would be done twice.
 */
export async function change(method, path, { body, done, reread }) {
  done(await call(method, path, body));
  await Promise.allSettled(reread());
}

/** Every page of a list, up to `most` items; `partial`: there are more. */
export async function all(path, most) {
  const items = [];
  let after;
  do {
    const page = await call(
      'GET',
      `${path}${path.includes('?') ? '&' : '?'}limit=500${after ? `&after=${encodeURIComponent(after)}` : ''}`,
    );
    items.push(...page.items);
    after = page.next;
  } while (after && items.length < most);
  return { items, partial: after !== undefined };
}

/**
 * Reads the event stream and comes back by itself when it breaks, later each time. A stream on which nothing arrives,
 * not even the guard's comments, counts as broken: a dead connection does not say so.
 */
export class EventStream {
  #on;
  #last;
  #tries = 0;
  #controller;
  #timer;
  #closed = false;
  /** A stream on which nothing arrived for so long is dead. */
  #quietMs = 60_000;

  /** `on.event(type, data)`, `on.state({ live, waitMs, error })`; without `waitMs` it does not come back. */
  constructor(on) {
    this.#on = on;
    void this.#run();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#controller?.abort();
  }

  retryNow() {
    clearTimeout(this.#timer);
    void this.#run();
  }

  async #run() {
    // One at a time: what is asked for while a try is under way is that try.
    if (this.#closed || this.#controller) return;
    const controller = new AbortController();
    const { signal } = controller;
    this.#controller = controller;
    let watchdog;
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => controller.abort(), this.#quietMs);
    };
    try {
      alive();
      const more = this.#last === undefined ? {} : { 'last-event-id': this.#last };
      const response = await fetch('/api/v1/events', { headers: headers(more), cache: 'no-store', signal });
      if (!response.ok) throw new Refused(response.status, await response.json().catch(() => undefined));
      this.#tries = 0;
      this.#on.state({ live: true });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
        for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n')) {
          this.#take(text.slice(0, at));
          text = text.slice(at + 2);
        }
        alive();
      }
      this.#again(undefined);
    } catch (error) {
      this.#again(error);
    } finally {
      clearTimeout(watchdog);
      this.#controller = undefined;
    }
  }

  #take(block) {
    let type;
    let data;
    for (const line of block.split('\n')) {
      if (line.startsWith('event: ')) type = line.slice(7);
      else if (line.startsWith('id: ')) this.#last = line.slice(4);
      else if (line.startsWith('data: ')) data = line.slice(6);
    }
    if (!type || !data) return;
    const event = JSON.parse(data);
    if (type === 'stream.opened') this.#quietMs = Math.max(60_000, 3 * event.heartbeatMs);
    this.#on.event(type, event);
  }

  #again(error) {
    if (this.#closed) return;
    if (error instanceof Refused && (error.status === 401 || error.status === 403)) {
      this.#on.state({ live: false, error });
      return;
    }
    const waitMs = Math.min(15_000, 1_000 * 2 ** this.#tries);
    this.#tries += 1;
    this.#on.state({ live: false, waitMs, ...(error instanceof Refused ? { error } : {}) });
    this.#timer = setTimeout(() => void this.#run(), waitMs);
  }
}
