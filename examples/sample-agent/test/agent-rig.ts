import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

export interface Asked {
  readonly route: string;
  readonly token: string | undefined;
  readonly body: Record<string, unknown>;
}

/** A guard that notes what it is asked and answers what a test wants. */
export class ToyGuard {
  readonly asked: Asked[] = [];
  readonly #answers = new Map<string, { status: number; body?: object }>();
  readonly #server: Server = createServer((request, response) => void this.#serve(request, response));

  async start(port = 0): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(port, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  answer(route: string, status: number, body?: object): void {
    this.#answers.set(route, { status, ...(body ? { body } : {}) });
  }

  of(route: string): Asked[] {
    return this.asked.filter((one) => one.route === route);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = await this.#note(request);
    const { status, body } = this.#answers.get(route) ?? { status: route === 'POST /heartbeat' ? 204 : 200 };
    response.writeHead(status, { 'content-type': 'application/json' }).end(body ? JSON.stringify(body) : undefined);
  }

  async #note(request: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const route = `${request.method} ${request.url}`;
    this.asked.push({
      route,
      token: request.headers.authorization,
      body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>,
    });
    return route;
  }
}

export class AgentProcess {
  readonly child: ChildProcess;
  readonly lines: Record<string, unknown>[] = [];
  readonly ended: Promise<{ code: number | null; signal: string | null }>;

  constructor(env: Record<string, string>) {
    this.child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, '../src/main.ts')], {
      env: { PATH: process.env['PATH'], JOB_EVERY_MS: '10', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.ended = new Promise((done) => this.child.once('exit', (code, signal) => done({ code, signal })));
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as Record<string, unknown>);
    });
  }

  async ask(route: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
    await until(() => this.lines.some((line) => line['message'] === 'listening'));
    const endpoint = this.lines.find((line) => line['message'] === 'listening')?.['endpoint'] as string;
    const [method = '', path = ''] = route.split(' ');
    const sent =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const response = await fetch(`${endpoint}${path}`, { method, ...sent });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  fault(kind: string, options: object = {}): Promise<unknown> {
    return this.ask('POST /fault', { kind, ...options });
  }
}

const running: AgentProcess[] = [];
const guards: ToyGuard[] = [];

export function agent(env: Record<string, string> = {}): AgentProcess {
  const process_ = new AgentProcess(env);
  running.push(process_);
  return process_;
}

export async function guarded(env: Record<string, string> = {}): Promise<{ guard: ToyGuard; it: AgentProcess }> {
  const guard = new ToyGuard();
  guards.push(guard);
  const PRAETORIAN_URL = await guard.start();
  const own = {
    PRAETORIAN_URL,
    PRAETORIAN_AGENT_ID: 'w.1',
    PRAETORIAN_INSTANCE: 'w.1~3',
    PRAETORIAN_GENERATION: '3',
    PRAETORIAN_TOKEN: 'tok',
  };
  return { guard, it: agent({ ...own, HEARTBEAT_MS: '50', CHECKPOINT_MS: '50', ...env }) };
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(10);
}

/** Ends every process and guard a test has begun. */
export async function endAll(): Promise<void> {
  for (const one of running.splice(0)) {
    one.child.kill('SIGKILL');
    await one.ended;
  }
  await Promise.all(guards.splice(0).map((guard) => guard.stop()));
}

/** A toy guard of its own, on the port. */
export async function toyGuard(port = 0): Promise<{ guard: ToyGuard; url: string }> {
  const guard = new ToyGuard();
  guards.push(guard);
  return { guard, url: await guard.start(port) };
}
