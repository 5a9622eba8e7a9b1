import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineRefusal, filtered, type TestEngine } from './engine.ts';
import { binds, command, healthCheck, importThinImage } from './image.ts';
import { order } from './order.ts';

/** As `GET /containers/json` tells it; only what is read. */
export interface ContainerLine {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
  readonly Labels: { readonly [name: string]: string };
}

/** As `GET /containers/:id/json` tells it; only what is read. */
export interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly State: {
    readonly Running: boolean;
    readonly Paused: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly StartedAt: string;
    readonly Health?: { readonly Status: string };
  };
  readonly HostConfig: { readonly PortBindings: { readonly [port: string]: readonly object[] } | null };
  readonly NetworkSettings: {
    readonly Networks: { readonly [name: string]: { readonly IPAddress: string } };
    readonly Ports: { readonly [port: string]: readonly object[] | null };
  };
}

export interface ContainerOptions {
  readonly env?: { readonly [name: string]: string };
  readonly labels?: { readonly [name: string]: string };
  /** A label names its port, so that the guard asks it. [true] */
  readonly asked?: boolean;
  readonly memoryMb?: number;
  /** Pause between two health checks; 0: none. [1000] */
  readonly healthEveryMs?: number;
  readonly network?: string;
  /** Port of the host under which it is reached, too. */
  readonly hostPort?: number;
  /** [that of the fleet] */
  readonly image?: string;
  /** [no] */
  readonly restartPolicy?: 'no' | 'always';
}

const keptPrefix = '/praetorian-kept.';
const notThere = new Set([404, 409]);

/** Containers of the sample agent under a label of their own, made, found again and removed by it. */
export class ContainerFleet {
  readonly engine: TestEngine;
  readonly run = randomBytes(4).toString('hex');
  /** On everything it makes; the guard selects by it. */
  readonly label: string;
  readonly image: string;

  constructor(engine: TestEngine) {
    this.engine = engine;
    this.label = `praetorian.fleet=${this.run}`;
    this.image = `praetorian-fleet-${this.run}:1`;
  }

  async open(): Promise<void> {
    await importThinImage(this.engine, this.image.split(':')[0] ?? this.image, this.label);
  }

  /** Makes and starts the container of an agent, as `workers.1`. */
  async start(agentId: string, options: ContainerOptions = {}): Promise<string> {
    const { Id } = await this.engine.ask<{ Id: string }>(
      'POST',
      `/containers/create?name=${this.nameOf(agentId)}`,
      this.#recipe(agentId, options),
    );
    await this.engine.ask('POST', `/containers/${Id}/start`);
    return Id;
  }

  /** Name of the one container of an agent. */
  nameOf(agentId: string): string {
    return `fleet-${this.run}-${agentId}`;
  }

  /** The container that is the agent now. */
  inspect(agentId: string): Promise<Inspected> {
    return this.engine.ask('GET', `/containers/${this.nameOf(agentId)}/json`);
  }

  /** All containers of the fleet, those that are kept included. */
  containers(): Promise<readonly ContainerLine[]> {
    return this.engine.ask('GET', filtered('/containers/json?all=1', { label: [this.label] }));
  }

  /** What is there of an agent: `running`, `kept exited`. */
  async standing(agentId: string): Promise<readonly string[]> {
    const mine = (await this.containers()).filter(({ Labels }) => Labels['praetorian.agent'] === agentId);
    return mine.map(({ Names, State }) => `${isKept(Names) ? 'kept ' : ''}${State}`).sort();
  }

  /** Sends a signal to the agent's process behind the engine's back: nobody stopped it by the API. */
  async signal(agentId: string, signal: NodeJS.Signals): Promise<void> {
    const { State } = await this.inspect(agentId);
    if (!State.Running || State.Pid === 0) throw new Error(`${agentId} does not run`);
    process.kill(State.Pid, signal);
  }

  /** Runs a command in the container of an agent, and does not wait for its end. */
  async exec(agentId: string, argv: readonly string[]): Promise<void> {
    const path = `/containers/${this.nameOf(agentId)}/exec`;
    const { Id } = await this.engine.ask<{ Id: string }>('POST', path, { Cmd: argv });
    await this.engine.ask('POST', `/exec/${Id}/start`, { Detach: true });
  }

  /** Sets the fault switch of the agent. One that breaks so that it cannot answer has done what it was told. */
  async break(agentId: string, fault: object): Promise<void> {
    const { NetworkSettings } = await this.inspect(agentId);
    const address = Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '';
    await order(address, fault);
  }

  /** Removes exactly what carries the label. */
  async remove(): Promise<void> {
    for (const { Id } of await this.containers())
      await this.engine.ask('DELETE', `/containers/${Id}?force=1&v=1`).catch(unlessGone);
    const path = filtered('/images/json', { label: [this.label] });
    for (const { Id } of await this.engine.ask<readonly { Id: string }[]>('GET', path))
      await this.engine.ask('DELETE', `/images/${Id}?force=1`).catch(unlessGone);
  }

  #recipe(agentId: string, options: ContainerOptions): object {
    const {
      env,
      labels,
      asked = true,
      memoryMb,
      healthEveryMs = 1_000,
      network,
      hostPort,
      image = this.image,
      restartPolicy = 'no',
    } = options;
    const settings = { HOST: '0.0.0.0', PORT: '4000', JOB_EVERY_MS: '50', WINDOW_MS: '3000', ...env };
    const [name = '', value = ''] = this.label.split('=');
    const memory = memoryMb === undefined ? {} : { Memory: memoryMb * 1024 ** 2, MemorySwap: memoryMb * 1024 ** 2 };
    const ports = hostPort === undefined ? {} : { PortBindings: { '4000/tcp': [{ HostPort: `${hostPort}` }] } };
    const ns = 1_000_000;
    const health = { Test: healthCheck, Interval: healthEveryMs * ns, Timeout: 1_000 * ns, Retries: 2 };
    return {
      Image: image,
      Cmd: command,
      Env: Object.entries(settings).map(([key, text]) => `${key}=${text}`),
      ExposedPorts: { '4000/tcp': {} },
      Labels: {
        [name]: value,
        'praetorian.agent': agentId,
        'praetorian.group': agentId.split('.')[0],
        ...(asked ? { 'praetorian.port': '4000' } : {}),
        ...labels,
      },
      ...(healthEveryMs > 0 ? { Healthcheck: health } : {}),
      HostConfig: {
        Binds: binds,
        RestartPolicy: { Name: restartPolicy },
        ...memory,
        ...ports,
        ...(network === undefined ? {} : { NetworkMode: network }),
      },
    };
  }
}

function isKept(names: readonly string[]): boolean {
  return names[0]?.startsWith(keptPrefix) === true;
}

/** Looks until it is so. */
export async function until(what: string, holds: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not in ${withinMs} ms: ${what}`);
    await sleep(20);
  }
}

function unlessGone(error: unknown): void {
  if (!(error instanceof EngineRefusal && notThere.has(error.status))) throw error as Error;
}
