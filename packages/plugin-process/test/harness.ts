import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import type {
  Action,
  Call,
  DiscoveredAgent,
  Grant,
  Instance,
  Intent,
  InventoryEvent,
  PluginContext,
  StateStore,
} from '@praetorian-guard/core/plugin';
import { createRig, type Rig, systemClock } from '@praetorian-guard/core/testing';
import type { ProcessConfig } from '../src/process-config.ts';
import { ProcessOrchestrator } from '../src/process-orchestrator.ts';
import { openProcessTable } from '../src/process-table.ts';
import { fileStore } from './file-store.ts';

const fixture = join(import.meta.dirname, 'fixtures/agent.mjs');

type Program = Omit<ProcessConfig['agents'][string], 'group' | 'port'>;

export const program: Program = {
  command: ['node', fixture],
  env: {},
  labels: {},
  criticality: 0,
  dependsOn: [],
  scratch: false,
};

const nowhere = (): string | undefined => 'http://127.0.0.1:9';

/** The defaults of the schema, which the loader fills in, and what a test wants of its own. */
function configOf(given: Partial<ProcessConfig>): ProcessConfig {
  return {
    agents: {},
    groups: {},
    stateDir: 'state',
    onStop: 'stop',
    stopGrace: 2_000,
    logLines: 200,
    inheritEnv: ['PATH'],
    ...given,
  };
}

/** A folder of its own, a store in it that outlives orchestrators, and orchestrators that all end with it. */
export class Harness {
  readonly dir = mkdtempSync(join(tmpdir(), 'praetorian-process-'));
  readonly clock = systemClock();
  readonly store: StateStore = fileStore(join(this.dir, 'store.json'));
  readonly #orchestrators: ProcessOrchestrator[] = [];
  readonly #end = new AbortController();
  readonly #guards: ChildProcess[] = [];

  /** First part of the key of every process that belongs to this folder. */
  ownerPrefix(): string {
    return `${readFileSync(join(this.dir, 'state/owner'), 'utf8')}.`;
  }

  /** A guard in a process of its own, to be killed. */
  guard(config: Partial<ProcessConfig>, env: Record<string, string> = {}): Guard {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(import.meta.resolve('./fixtures/guard.ts'))],
      {
        env: {
          ...process.env,
          ...env,
          DIR: this.dir,
          CONFIG: JSON.stringify(configOf(config)),
          TSX_TSCONFIG_PATH: join(import.meta.dirname, '../../../tsconfig.tests.json'),
        },
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    this.#guards.push(child);
    return new Guard(child);
  }

  context(
    config: Partial<ProcessConfig>,
    rig: Rig = createRig({ seed: randomUUID() }),
    guardUrl = nowhere,
  ): PluginContext<ProcessConfig> {
    return rig.context(configOf(config), { clock: this.clock, state: this.store, baseDir: this.dir, guardUrl });
  }

  /** With an address of the guard that nobody listens at, unless the test has one; so the store. */
  async start(config: Partial<ProcessConfig>, guardUrl = nowhere, state = this.store): Promise<ProcessOrchestrator> {
    const orchestrator = new ProcessOrchestrator({ ...this.context(config, undefined, guardUrl), state });
    this.#orchestrators.push(orchestrator);
    await orchestrator.start();
    return orchestrator;
  }

  /** Collects the inventory in the background. */
  follow(orchestrator: ProcessOrchestrator): Inventory {
    return new Inventory(orchestrator, this.call());
  }

  call(): Call {
    return { signal: this.#end.signal, traceId: 'test' };
  }

  /** The store, whose commits `fails` decides on. */
  failingStore(fails: () => boolean): StateStore {
    const broken = new Error('the disk is full');
    return {
      ...this.store,
      commit: (...given) => (fails() ? Promise.reject(broken) : this.store.commit(...given)),
    };
  }

  grant(key: string, given: Partial<Grant> = {}): Grant {
    return { key, fence: 1, deadline: Date.now() + 30_000, dryRun: false, ...given };
  }

  async prepare(orchestrator: ProcessOrchestrator, action: Action, key: string): Promise<Intent> {
    const decision = await orchestrator.prepare(action, key);
    if (!decision.act) throw new TypeError(`not admitted: ${decision.reason.text}`);
    return decision.value;
  }

  /** Prepares and executes; gives the new instance, if there is one. */
  async act(orchestrator: ProcessOrchestrator, action: Action, key: string): Promise<Instance | undefined> {
    const intent = await this.prepare(orchestrator, action, key);
    const receipt = await orchestrator.execute(intent, this.grant(key), this.call());
    if (receipt.result !== 'succeeded') throw new TypeError(`not done: ${JSON.stringify(receipt)}`);
    return receipt.instance;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#orchestrators.map((orchestrator) => orchestrator.stop(AbortSignal.abort())));
    for (const guard of this.#guards) guard.kill('SIGKILL');
    // Whatever a test that failed half-way has left behind is told by the folder in its environment.
    for (const { pid } of openProcessTable().holders(this.ownerPrefix())) process.kill(pid, 'SIGKILL');
    this.#end.abort();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** What a guard in another process tells. */
export class Guard {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Record<string, unknown>[] = [];

  constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) =>
      this.#lines.push(JSON.parse(line) as Record<string, unknown>),
    );
  }

  tell(action: Action): void {
    this.#child.stdin.write(`${JSON.stringify(action)}\n`);
  }

  /** The first line that has the member, or is an event of that type. */
  async said<T>(what: string): Promise<T> {
    const find = (): Record<string, unknown> | undefined =>
      this.#lines.find((line) => what in line || line['type'] === what);
    await until(() => find() !== undefined);
    return (find()?.[what] ?? find()) as T;
  }

  async instance(): Promise<Instance> {
    await this.said('synced');
    return (await this.said<{ agent: DiscoveredAgent }>('present')).agent.instance;
  }

  /** As the kernel does it when memory runs out. */
  async crash(): Promise<void> {
    const ended = new Promise((done) => this.#child.once('exit', done));
    this.#child.kill('SIGKILL');
    await ended;
  }
}

export class Inventory {
  readonly events: InventoryEvent[] = [];
  readonly ended: Promise<void>;

  constructor(orchestrator: ProcessOrchestrator, call: Call) {
    this.ended = this.#collect(orchestrator, call);
  }

  async synced(): Promise<this> {
    await until(() => this.events.some((event) => event.type === 'synced'));
    return this;
  }

  /** The last one told of an agent. */
  instance(agentId: string): Instance {
    const seen = this.events.filter((event) => event.type === 'present' && event.agent.id === agentId).at(-1);
    if (seen?.type !== 'present') throw new TypeError(`${agentId} is not present`);
    return seen.agent.instance;
  }

  lifecycle(event: string): InventoryEvent[] {
    return this.events.filter((seen) => seen.type === 'lifecycle' && seen.event === event);
  }

  async #collect(orchestrator: ProcessOrchestrator, call: Call): Promise<void> {
    for await (const event of orchestrator.inventory(call)) this.events.push(event);
  }
}

export function pidOf(instance: Instance | undefined): number {
  const pid = instance?.ref?.['pid'];
  if (typeof pid !== 'number') throw new TypeError('the instance has no pid');
  return pid;
}

export interface Told {
  readonly pid: number;
  readonly helper?: number;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Asks a process for its environment, as soon as it listens. */
export async function ask(instance: Instance | undefined, path = '/'): Promise<Told> {
  let told: Told | undefined;
  await until(async () => {
    const response = await fetch(`${instance?.endpoint}${path}`).catch(() => undefined);
    told = response && ((await response.json()) as Told);
    return told !== undefined;
  });
  return told as Told;
}

/** Waits for a condition; a test that waits in vain fails by its own time limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(10);
}

/** Whether it runs; one that has ended and waits for its parent does not. */
export function isRunning(pid: number): boolean {
  return openProcessTable().startTime(pid) !== undefined;
}
