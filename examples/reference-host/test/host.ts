import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestHost } from './config.ts';

const cli = resolve(import.meta.dirname, '../../../packages/cli/dist/bin.js');

/** As `GET /api/v1/agents` tells it; only what the tests read. */
export interface AgentLine {
  readonly agent: {
    readonly id: string;
    readonly instance?: { readonly id: string; readonly endpoint?: string; readonly ref?: { readonly pid?: number } };
  };
  readonly health: string;
  readonly breaker: string;
  readonly findings: readonly { readonly kind: string; readonly evidence: string }[];
}

export interface IncidentLine {
  readonly id: string;
  readonly agentId: string;
  readonly state: string;
  readonly outcome?: string;
  readonly signature: string;
  readonly health: string;
  readonly assessment?: { readonly severity: number };
  readonly attempts: readonly {
    readonly plan: { readonly rung: string };
    readonly verdict?: string;
    readonly steps: readonly { readonly id: string; readonly state: string }[];
  }[];
}

export interface TimelineLine {
  readonly seq: number;
  readonly type: string;
  readonly state: string;
  readonly reason: { readonly code: string; readonly text: string };
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The host as a user runs it: the built command in a process of its own, watched over HTTP. */
export class RunningHost {
  readonly #host: TestHost;
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;
  #output = '';
  #startedAt = 0;

  /** `flags`: of `praetorian start`, beside the config file. */
  constructor(host: TestHost, flags: readonly string[] = []) {
    this.#host = host;
    this.#flags = flags;
  }

  /** What it printed so far, over all its lives. */
  get output(): string {
    return this.#output;
  }

  /** When it was started last, ms since 1970. */
  get startedAt(): number {
    return this.#startedAt;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get url(): string {
    return this.#host.url;
  }

  /** Starts it and waits until it says that it is ready. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [cli, 'start', '--config', this.#host.config, ...this.#flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    this.#startedAt = Date.now();
    const hear = (text: Buffer): void => {
      this.#output = (this.#output + String(text)).slice(-1_000_000);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    await this.until('the guard is ready', async () => {
      const ended = child.exitCode ?? child.signalCode;
      if (ended !== null) throw new Error(`the host ended with ${ended}:\n${this.#output}`);
      return (await this.ask('GET', '/health/ready')).status === 200;
    });
  }

  /** As `kill -9` does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** As Ctrl-C does; resolves with the exit code. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async agents(): Promise<readonly AgentLine[]> {
    return ((await this.ask('GET', '/api/v1/agents')).body as { items: readonly AgentLine[] }).items;
  }

  async agent(id: string): Promise<AgentLine> {
    return (await this.ask('GET', `/api/v1/agents/${id}`)).body as AgentLine;
  }

  async incidents(): Promise<readonly IncidentLine[]> {
    return ((await this.ask('GET', '/api/v1/incidents?limit=200')).body as { items: readonly IncidentLine[] }).items;
  }

  async timeline(id: string): Promise<readonly TimelineLine[]> {
    return ((await this.ask('GET', `/api/v1/incidents/${id}`)).body as { timeline: readonly TimelineLine[] }).timeline;
  }

  async explain(id: string): Promise<{ readonly summary: string }> {
    return (await this.ask('GET', `/api/v1/incidents/${id}/explain`)).body as { summary: string };
  }

  async routes(group: string): Promise<readonly { readonly agentId: string }[]> {
    return ((await this.ask('GET', `/api/v1/routes?group=${group}`)).body as { items: readonly { agentId: string }[] })
      .items;
  }

  /** One request of the API; whatever the status, its JSON is returned. */
  async ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${this.#host.url}${path}`, {
      method,
      headers: {
        ...(this.#host.token === undefined ? {} : { authorization: `Bearer ${this.#host.token}` }),
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(5_000),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** Sets the fault switch of an agent. One that breaks so that it cannot answer has done what it was told. */
  async break(id: string, fault: object): Promise<void> {
    const endpoint = (await this.agent(id)).agent.instance?.endpoint ?? '';
    await fetch(`${endpoint}/fault`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fault),
      signal: AbortSignal.timeout(2_000),
    }).catch(() => undefined);
  }

  async pidOf(id: string): Promise<number> {
    const pid = (await this.agent(id)).agent.instance?.ref?.pid;
    if (pid === undefined) throw new Error(`${id} has no process`);
    return pid;
  }

  /** All agents, healthy and routed to. */
  async healthy(count: number, withinMs = 60_000): Promise<void> {
    await this.until(
      `${count} agents are healthy`,
      async () => {
        const agents = await this.agents();
        return (
          agents.length === count && agents.every(({ health, breaker }) => health === 'healthy' && breaker === 'closed')
        );
      },
      withinMs,
    );
  }

  /** Looks until it is so; what was seen last is in the error. */
  async until(what: string, holds: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
    const end = Date.now() + withinMs;
    let last: Error | undefined;
    while (Date.now() < end) {
      try {
        if (await holds()) return;
        last = undefined;
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('the host ended')) throw error;
        last = error instanceof Error ? error : undefined;
      }
      await sleep(100);
    }
    throw new Error(
      `not in ${withinMs} ms: ${what}${last === undefined ? '' : ` (${last.message})`}\n${this.#output.slice(-4_000)}`,
    );
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    return child.exitCode;
  }
}
