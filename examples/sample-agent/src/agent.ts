import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultKind, faultKinds, type FaultOptions, Faults } from './faults.ts';
import { Meter } from './figures.ts';
import { GuardLink, type LinkedAgent } from './guard-link.ts';
import { type Answer, BadRequest, problem, type Routes, serveJson } from './http.ts';
import { Part } from './part.ts';
import type { Settings } from './settings.ts';
import { checkState, type SavedState, saveState, StateError } from './state.ts';
import { Worker } from './work.ts';

export type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;

/** Time the clean end waits for work in hand. */
const stopDrainMs = 1_000;
/** A primary gives up asking its guard whether it still leads after as many questions without an answer. */
const unansweredMax = 3;

/** A small honest agent: it does work, tells how it fares, and can be broken on purpose. */
export class SampleAgent {
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #ended: (why: string) => void;
  readonly #faults = new Faults();
  readonly #meter: Meter;
  readonly #worker: Worker;
  #server: Server | undefined;
  #link: GuardLink | undefined;
  #awaitsState: boolean;
  #restoreWait: NodeJS.Timeout | undefined;
  readonly #part: Part;
  #stopped: Promise<void> | undefined;

  /** `ended` is called when the agent decides to stop by itself, after it has stopped. */
  constructor(settings: Settings, log: Log, ended: (why: string) => void) {
    this.#settings = settings;
    this.#log = log;
    this.#ended = ended;
    this.#awaitsState = settings.restore;
    this.#part = new Part({
      declared: settings.role,
      lagMs: settings.lagMs,
      asks: settings.guardUrl !== undefined,
      unansweredMax,
    });
    this.#meter = new Meter(settings.windowMs);
    this.#worker = new Worker(this.#faults, this.#meter, {
      failed: (error) => {
        this.#log('error', error.message, { err: { type: error.name, message: error.message } });
        this.#link?.error(error);
      },
      passed: (what) => this.#log('error', what),
    });
  }

  /** Listens, begins to work and to talk to the guard. Rejects when the port cannot be had. */
  async start(): Promise<{ readonly endpoint: string }> {
    const server = serveJson(this.#routes(), (path) => this.#holdUp(path));
    await listen(server, this.#settings);
    this.#server = server;
    const endpoint = this.#settings.endpoint ?? endpointOf(server, this.#settings.host);
    this.#worker.start(this.#settings.jobEveryMs);
    if (this.#awaitsState) {
      this.#restoreWait = setTimeout(() => this.#giveUpRestore(), this.#settings.restoreWaitMs);
    }
    this.#startLink(endpoint);
    this.#log('info', 'listening', { endpoint, agent: this.#settings.agentId, instance: this.#settings.instance });
    return { endpoint };
  }

  /** Finishes what is in hand for at most a second, and releases everything. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#release();
    return this.#stopped;
  }

  async #release(): Promise<void> {
    clearTimeout(this.#restoreWait);
    await this.#worker.drain(stopDrainMs, true);
    this.#worker.stop();
    this.#faults.dispose();
    await this.#link?.stop();
    this.#server?.closeAllConnections();
    await new Promise<void>((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()));
  }

  #startLink(endpoint: string): void {
    const { guardUrl } = this.#settings;
    if (guardUrl === undefined) return;
    const agent: LinkedAgent = {
      endpoint,
      figures: () => this.#meter.figures(),
      progress: () => this.#worker.progress,
      state: () => (this.#awaitsState ? undefined : this.#state()),
      status: () => (this.#worker.draining ? 'draining' : 'ok'),
      role: () => this.#part.told,
      answered: () => this.#part.answered(),
      unanswered: () => this.#part.unanswered(),
      silent: () => this.#faults.kind === 'silent',
      instructed: (instruction) => this.#instructed(instruction),
      led: (epoch, primary) => this.#follow(epoch, primary),
      fenced: (why) => this.#fence(why),
    };
    this.#link = new GuardLink({ ...this.#settings, guardUrl }, agent, this.#log);
    this.#link.start();
  }

  #follow(epoch: number, primary: string | undefined): void {
    if (this.#part.follow(epoch, primary === this.#settings.agentId))
      this.#log('warn', 'the guard says who leads the group', { epoch, primary });
  }

  #instructed(instruction: 'drain' | undefined): void {
    if (instruction === undefined) this.#worker.resume();
    else if (!this.#worker.draining) {
      this.#log('info', 'draining: the guard asked for it');
      void this.#worker.drain(0, false);
    }
  }

  /** Two instances of one agent must never work at once: whoever was replaced ends itself. */
  #fence(why: string): void {
    if (this.#stopped) return;
    this.#log('warn', 'stopping', { why });
    void this.stop().then(() => this.#ended(why));
  }

  #giveUpRestore(): void {
    this.#awaitsState = false;
    this.#log('warn', 'no state was pushed in time; starting empty', { waitedMs: this.#settings.restoreWaitMs });
  }

  /** Fault `slow` holds every answer up; the switch itself always answers at once. */
  async #holdUp(path: string): Promise<void> {
    if (path !== '/fault' && path !== '/work' && this.#faults.delayMs > 0) await sleep(this.#faults.delayMs);
  }

  #routes(): Routes {
    const alive = (): Answer => ({ status: 200, body: { status: 'alive', timestamp: new Date().toISOString() } });
    return {
      'GET /health': alive,
      'GET /health/live': alive,
      'GET /health/ready': () => this.#ready(),
      'GET /health/performance': () => ({ status: 200, body: this.#meter.figures() }),
      'GET /state': () => ({ status: 200, body: this.#state() }),
      'PUT /state': (body) => this.#restore(body),
      'POST /drain': (body) => this.#drain(body),
      'POST /promote': (body) => this.#promote(body),
      'POST /work': (body) => this.#work(body),
      'GET /fault': () => ({ status: 200, body: { kind: this.#faults.kind } }),
      'POST /fault': (body) => this.#fault(body),
    };
  }

  #state(): SavedState {
    return saveState(this.#settings.agentId, this.#worker.counters, this.#faults.kind === 'corrupt');
  }

  #ready(): Answer {
    const checks = { accepting: !this.#worker.draining, queue: !this.#worker.queueFull, state: !this.#awaitsState };
    const ready = Object.values(checks).every(Boolean);
    return { status: ready ? 200 : 503, body: { ready, checks } };
  }

  #restore(body: unknown): Answer {
    try {
      const counters = checkState(body, this.#settings.agentId);
      Object.assign(this.#worker.counters, counters);
      this.#awaitsState = false;
      clearTimeout(this.#restoreWait);
      this.#log('info', 'state restored', { completed: counters.completed });
      return { status: 200, body: { restored: true, counters } };
    } catch (error) {
      if (error instanceof StateError) throw new BadRequest(`The state is refused: ${error.message}.`);
      throw error;
    }
  }

  async #drain(body: unknown): Promise<Answer> {
    const forMs = number(fieldsOf(body), 'forMs', { default: 10_000, min: 0, max: 600_000 });
    const drained = await this.#worker.drain(forMs, true);
    return { status: 200, body: { drained, ...this.#worker.progress } };
  }

  #promote(body: unknown): Answer {
    const fields = fieldsOf(body);
    const epoch = number(fields, 'epoch', { min: 1, max: Number.MAX_SAFE_INTEGER });
    const fence = number(fields, 'fence', { min: 0, max: Number.MAX_SAFE_INTEGER });
    const why = this.#part.promote(epoch, fence);
    if (why !== undefined) return problem(409, why);
    return { status: 200, body: { role: 'primary', epoch } };
  }

  async #work(body: unknown): Promise<Answer> {
    if (this.#worker.draining) return problem(503, 'The agent is draining and takes no new work.');
    const { declines } = this.#part;
    if (declines !== undefined) return problem(503, declines);
    const data = fieldsOf(body)['data'] ?? '';
    if (typeof data !== 'string') throw new BadRequest('`data` must be a text.');
    const checksum = await this.#worker.run(Buffer.from(data));
    return { status: 200, body: { agentId: this.#settings.agentId, checksum } };
  }

  #fault(body: unknown): Answer {
    if (!this.#settings.faults) return problem(403, 'The fault switch is off: start the agent with FAULTS=1.');
    const fields = fieldsOf(body);
    const kind = fields['kind'];
    if (!faultKinds.includes(kind as FaultKind)) {
      throw new BadRequest(`\`kind\` is ${JSON.stringify(kind)}; allowed are ${faultKinds.join(', ')}.`);
    }
    const options: FaultOptions = {
      ...bounded(fields, 'delayMs', 600_000),
      ...bounded(fields, 'forMs', 86_400_000),
      ...bounded(fields, 'capMb', 8_192),
      ...bounded(fields, 'mbPerSecond', 1_000),
    };
    this.#log('warn', 'fault switched', { kind, ...options });
    return { status: 202, body: { kind, ...options }, after: () => this.#faults.set(kind as FaultKind, options) };
  }
}

function fieldsOf(body: unknown): Record<string, unknown> {
  if (body === undefined) return {};
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  throw new BadRequest('The body must be a JSON object.');
}

function number(
  fields: Record<string, unknown>,
  name: string,
  bounds: { default?: number; min: number; max: number },
): number {
  const value = fields[name] ?? bounds.default;
  if (typeof value === 'number' && value >= bounds.min && value <= bounds.max) return value;
  throw new BadRequest(
    `\`${name}\` is ${JSON.stringify(value)}; allowed is a number from ${bounds.min} to ${bounds.max}.`,
  );
}

function bounded(fields: Record<string, unknown>, name: keyof FaultOptions, max: number): FaultOptions {
  return fields[name] === undefined ? {} : { [name]: number(fields, name, { min: 1, max }) };
}

async function listen(server: Server, { port, host }: Settings): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function endpointOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = everywhere ? hostname() : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
