import { PassThrough, type Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock, Ms } from '@praetorian-guard/core/plugin';
import { EngineError } from '../src/engine/engine-error.ts';
import type { ContainerFacts, Engine, ListedContainer } from '../src/engine/engine.ts';

export interface PlainContainer {
  readonly name?: string;
  readonly labels?: { readonly [name: string]: string };
  readonly state?: object;
  readonly config?: object;
  readonly created?: string;
  readonly policy?: string;
  /** `container:<id>`: it lives in the network of that one. */
  readonly networkMode?: string;
  readonly host?: object;
  readonly mounts?: readonly object[];
  readonly networks?: { readonly [name: string]: object };
  /** Where ports are published. */
  readonly ports?: { readonly [port: string]: readonly object[] };
}

/** A container as an engine shows it, as far as the guard looks. */
export function containerFacts(id: string, given: PlainContainer = {}): ContainerFacts {
  const running = { Status: 'running', Running: true, Paused: false, Restarting: false, OOMKilled: false, Error: '' };
  return {
    Id: id,
    Name: `/${given.name ?? id}`,
    Created: given.created ?? '2026-01-01T00:00:00Z',
    RestartCount: 0,
    State: { ...running, ExitCode: 0, StartedAt: '2026-01-01T00:00:00Z', FinishedAt: '', ...given.state },
    Config: { Labels: { ...given.labels }, ...given.config },
    HostConfig: {
      RestartPolicy: { Name: given.policy ?? 'no' },
      NetworkMode: given.networkMode ?? 'default',
      ...given.host,
    },
    Mounts: given.mounts ?? [],
    NetworkSettings: { Networks: { ...given.networks }, Ports: { ...given.ports } },
  } as unknown as ContainerFacts;
}

/** State of a container that has ended. */
export function ended(ExitCode: number): object {
  return { Status: 'exited', Running: false, ExitCode };
}

/** An engine in the test's own memory, that tells its past events and lists what it is given. */
export class PlainEngine {
  readonly containers = new Map<string, ContainerFacts>();
  readonly asked: string[] = [];
  /** How far its clock is ahead of the guard's. */
  aheadMs: Ms = 0;
  /** What the next looks at a container throw, or wait for. */
  readonly trouble = new Map<string, (() => Promise<never>)[]>();
  tellsPast = true;
  /** Happens while the next list is on its way. */
  whileListing: (() => void) | undefined;
  listTrouble: (() => Promise<never>) | undefined;
  readonly #clock: Clock;
  #past: { readonly stamp: bigint; readonly line: string }[] = [];
  #told = 0;
  readonly #streams = new Set<PassThrough>();
  readonly #networks = new Set<PassThrough>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get now(): Ms {
    return this.#clock.now() + this.aheadMs;
  }

  get connections(): number {
    return this.asked.filter((call) => call === 'version').length;
  }

  put(id: string, given: PlainContainer = {}): void {
    this.containers.set(id, containerFacts(id, given));
  }

  /** It happens, and is told to whoever listens. */
  tell(action: string, id: string, attributes: { readonly [name: string]: string } = {}): void {
    const at = this.now;
    this.#told += 1;
    const timeNano = `${Math.floor(at)}${String(this.#told).padStart(6, '0')}`;
    const line = `{"Type":"container","Action":"${action}","Actor":{"ID":"${id}","Attributes":${JSON.stringify(attributes)}},"time":${Math.floor(at / 1_000)},"timeNano":${timeNano}}\n`;
    this.#past.push({ stamp: BigInt(timeNano), line });
    for (const stream of this.#streams) stream.write(line);
  }

  /** A container joins a network; only that one is told. */
  join(container: string): void {
    const attributes = JSON.stringify({ container });
    const line = `{"Type":"network","Action":"connect","Actor":{"ID":"front","Attributes":${attributes}},"time":1}\n`;
    for (const stream of this.#networks) stream.write(line);
  }

  /** Connections break; it itself runs on, or was stopped and has forgotten. */
  cut({ forgets = false }: { readonly forgets?: boolean } = {}): void {
    if (forgets) this.#past = [];
    for (const streams of [this.#streams, this.#networks]) {
      for (const stream of streams) stream.destroy(new EngineError('cut', { lost: true }));
      streams.clear();
    }
  }

  /** The part of an engine by which containers are watched. */
  get engine(): Engine {
    const part: Pick<Engine, 'connect' | 'events' | 'containers' | 'container'> = {
      connect: async () => {
        this.asked.push('version');
        return '1.41';
      },
      events: async (filters, between) => (isOfNetworks(filters) ? this.#follow() : this.#events(between)),
      containers: async () => {
        this.asked.push('list');
        if (this.listTrouble) return this.listTrouble();
        const answer = [...this.containers.values()].map(listed);
        this.whileListing?.();
        this.whileListing = undefined;
        for (let round = 0; round < 5; round += 1) await turn();
        return answer;
      },
      container: async (id) => {
        this.asked.push(`inspect ${id}`);
        await turn();
        return (await this.trouble.get(id)?.shift()?.()) ?? this.containers.get(id);
      },
    };
    return part as Engine;
  }

  #follow(): Readable {
    this.asked.push('networks');
    const stream = new PassThrough();
    this.#networks.add(stream);
    return stream;
  }

  #events({ since, until }: { since?: string; until?: string } = {}): Readable {
    this.asked.push('events');
    if (until !== undefined && Number(since) > Number(until))
      throw new EngineError('follow the events: since after until', { status: 400, lost: false });
    if (since !== undefined && !this.tellsPast) throw new EngineError('not like that', { status: 400, lost: false });
    const stream = new PassThrough();
    const from = BigInt(since?.replace('.', '') ?? '9'.repeat(20));
    for (const { stamp, line } of this.#past) if (stamp >= from) stream.write(line);
    if (until === undefined) this.#streams.add(stream);
    else this.#clock.after(Math.max(0, Number(until) * 1_000 - this.now), () => void stream.end());
    return stream;
  }
}

function isOfNetworks({ type = [] }: { readonly [name: string]: readonly string[] }): boolean {
  return type.includes('network');
}

function listed({ Id, Name, State, Config, HostConfig }: ContainerFacts): ListedContainer {
  const health = State.Health ? ` (${State.Health.Status})` : '';
  return {
    Id,
    Names: [Name],
    Labels: Config.Labels,
    HostConfig: { NetworkMode: HostConfig.NetworkMode },
    State: State.Status,
    Status: State.Running ? `Up 2 minutes${health}` : 'Exited',
  } as unknown as ListedContainer;
}
