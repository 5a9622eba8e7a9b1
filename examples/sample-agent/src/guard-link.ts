import { setTimeout as sleep } from 'node:timers/promises';
import type { Figures } from './figures.ts';
import type { Told } from './part.ts';
import type { Settings } from './settings.ts';
import type { SavedState } from './state.ts';
import type { Progress } from './work.ts';

/** What the link asks of the agent. */
export interface LinkedAgent {
  readonly endpoint: string;
  figures(): Figures;
  progress(): Progress;
  /** `undefined` while it waits for the state it is to go on from: what it holds meanwhile is nobody's. */
  state(): SavedState | undefined;
  status(): 'ok' | 'draining';
  /** Its part in a group with a primary, and as a replica how far behind it is; `undefined` where the group has none. */
  role(): Told | undefined;
  /** No heartbeats for now (fault `silent`). */
  silent(): boolean;
  /** The guard wants no new work to be taken, or allows it again. */
  instructed(instruction: 'drain' | undefined): void;
  /** The guard answered a heartbeat, and what it had to say of the group was said. */
  answered(): void;
  /** The guard did not answer a heartbeat. */
  unanswered(): void;
  /** The guard says who leads the group, in which epoch. */
  led(epoch: number, primary: string | undefined): void;
  /** This instance was replaced and must stop. */
  fenced(why: string): void;
}

type Log = (level: 'info' | 'warn', message: string, fields?: Record<string, unknown>) => void;

const callTimeoutMs = 5_000;
const backoff = { baseMs: 250, capMs: 15_000 };

/**
 * The agent's side of the guard: registers, sends heartbeats, checkpoints and errors.
 * Nothing here ever fails the agent: a guard that is down is asked again later, and work goes on meanwhile.
 */
export class GuardLink {
  readonly #settings: Settings & { guardUrl: string };
  readonly #agent: LinkedAgent;
  readonly #log: Log;
  readonly #end = new AbortController();
  readonly #errors = new Map<string, { type: string; count: number }>();
  #seq = 0;
  #reachable: boolean | undefined;
  #loops: Promise<unknown> = Promise.resolve();

  constructor(settings: Settings & { guardUrl: string }, agent: LinkedAgent, log: Log) {
    this.#settings = settings;
    this.#agent = agent;
    this.#log = log;
  }

  start(): void {
    this.#loops = Promise.allSettled([this.#beats(), this.#checkpoints()]);
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#loops;
  }

  /** Errors are counted by message and sent with the next heartbeat's turn. */
  error(error: Error): void {
    const known = this.#errors.get(error.message);
    if (known) known.count += 1;
    else if (this.#errors.size < 100) this.#errors.set(error.message, { type: error.name, count: 1 });
  }

  async #beats(): Promise<void> {
    await this.#register();
    while (!this.#end.signal.aborted) {
      if (!this.#agent.silent()) await this.#beat();
      await this.#reportErrors();
      await this.#pause(this.#settings.heartbeatMs);
    }
  }

  async #checkpoints(): Promise<void> {
    while (!this.#end.signal.aborted) {
      await this.#pause(this.#settings.checkpointMs);
      if (this.#end.signal.aborted || this.#agent.silent()) continue;
      const instance = encodeURIComponent(this.#settings.instance);
      const state = this.#agent.state();
      if (state) await this.#call('PUT', `${this.#path()}/state?instance=${instance}`, state);
    }
  }

  /**
   * Tries until the guard takes it: full jitter, so that a fleet does not come back in one moment. It never waits for
   * longer than a heartbeat, for the guard expects to hear of an agent that often.
   */
  async #register(): Promise<void> {
    const capMs = Math.min(backoff.capMs, Math.max(backoff.baseMs, this.#settings.heartbeatMs));
    for (let attempt = 0; !this.#end.signal.aborted; attempt += 1) {
      const answer = await this.#call('POST', '/api/v1/agents', this.#registration());
      if (answer && answer.status < 300) {
        this.#log('info', 'registered', { agent: this.#settings.agentId, generation: this.#settings.generation });
        return;
      }
      if (answer?.status === 409 && answer.body['code'] === 'GUARD_AGENT_STALE') {
        this.#agent.fenced('a newer instance is registered');
        return;
      }
      if (answer?.status === 410) {
        this.#agent.fenced('the guard has replaced this instance');
        return;
      }
      if (!answer) this.#agent.unanswered();
      if (answer) this.#log('warn', 'the guard refuses the registration', { status: answer.status, ...answer.body });
      const ceiling = Math.min(capMs, backoff.baseMs * 2 ** Math.min(attempt, 10));
      await this.#pause(Math.max(50, Math.random() * ceiling));
    }
  }

  #registration(): Record<string, unknown> {
    const { agentId, group, instance, generation, role } = this.#settings;
    return {
      id: agentId,
      group,
      instance,
      generation,
      endpoint: this.#agent.endpoint,
      labels: { kind: 'sample' },
      ...(role === undefined ? {} : { role }),
    };
  }

  async #beat(): Promise<void> {
    this.#seq += 1;
    const answer = await this.#call('POST', '/heartbeat', {
      agentId: this.#settings.agentId,
      instance: this.#settings.instance,
      seq: this.#seq,
      at: Date.now(),
      status: this.#agent.status(),
      ...this.#agent.role(),
      metrics: this.#agent.figures(),
      progress: this.#agent.progress(),
    });
    if (answer && answer.status <= 204) {
      this.#follow(answer.body ?? {});
      this.#agent.answered();
    } else if (answer?.status === 404) await this.#register();
    else if (answer?.status === 410) this.#agent.fenced('the guard has replaced this instance');
    else if (answer) this.#log('warn', 'the guard refuses the heartbeat', { status: answer.status, ...answer.body });
    else this.#agent.unanswered();
  }

  #follow({ instruction, epoch, primary }: Record<string, unknown>): void {
    this.#agent.instructed(instruction === 'drain' ? 'drain' : undefined);
    if (instruction === 'epoch' && typeof epoch === 'number')
      this.#agent.led(epoch, typeof primary === 'string' ? primary : undefined);
  }

  async #reportErrors(): Promise<void> {
    // A copy: an error that is reported again meanwhile waits for the next turn.
    const due = Array.from(this.#errors);
    for (const [message, { type, count }] of due) {
      const report = { message, type, count, instance: this.#settings.instance, at: Date.now() };
      const answer = await this.#call('POST', `${this.#path()}/errors`, report);
      if (!answer) return;
      const entry = this.#errors.get(message);
      if (entry && entry.count > count) entry.count -= count;
      else this.#errors.delete(message);
    }
  }

  #path(): string {
    return `/api/v1/agents/${encodeURIComponent(this.#settings.agentId)}`;
  }

  /** One call; `undefined` when the guard does not answer. Only a change of that is logged, not every miss. */
  async #call(
    method: string,
    path: string,
    body: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> } | undefined> {
    const { guardUrl, token } = this.#settings;
    try {
      const response = await fetch(`${guardUrl}${path}`, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(token ? { authorization: `Bearer ${token}` } : {}),
        },
        body: JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.any([this.#end.signal, AbortSignal.timeout(callTimeoutMs)]),
      });
      const text = await response.text();
      this.#reached(true);
      return { status: response.status, body: parse(text) };
    } catch (error) {
      if (!this.#end.signal.aborted) this.#reached(false, error);
      return undefined;
    }
  }

  #reached(reachable: boolean, error?: unknown): void {
    if (reachable === this.#reachable) return;
    this.#reachable = reachable;
    if (reachable) this.#log('info', 'the guard answers', { url: this.#settings.guardUrl });
    else
      this.#log('warn', 'the guard does not answer; work goes on', {
        url: this.#settings.guardUrl,
        why: String(error),
      });
  }

  async #pause(forMs: number): Promise<void> {
    // Rejects only when the link is stopped, and every loop looks at the signal next.
    await sleep(forMs, undefined, { signal: this.#end.signal }).catch(() => undefined);
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
