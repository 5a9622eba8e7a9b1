import type { Instance } from '@praetorian-guard/core/plugin';
import { systemClock } from '@praetorian-guard/core/testing';
import type Docker from 'dockerode';
import type { Roster } from '../src/containers/roster.ts';
import type { Member } from '../src/containers/member.ts';
import { addressOf } from '../src/engine/address.ts';
import { Engine } from '../src/engine/engine.ts';
import { importBusybox, labels, unique } from './engine-kit.ts';

/** Of `vi.waitFor`. */
export const waiting = { timeout: 20_000, interval: 50 };

/** Containers that were started for a test, as the parts that look into them know them. */
export class Insides {
  readonly docker: Docker;
  readonly clock = systemClock();
  readonly call = { signal: new AbortController().signal, traceId: 't' };
  readonly engine = this.anotherEngine();
  readonly #members = new Map<string, Member>();
  readonly containers: Pick<Roster, 'all' | 'member'> = {
    all: () => [...this.#members.values()],
    member: (id) => this.#members.get(id),
  };
  #image = '';

  constructor(docker: Docker) {
    this.docker = docker;
  }

  get image(): string {
    return this.#image;
  }

  async prepare(): Promise<void> {
    await this.engine.connect();
    this.#image = await importBusybox(this.docker);
  }

  anotherEngine(): Engine {
    const url = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
    return new Engine(addressOf(url, undefined, '/'), this.clock);
  }

  /** An instance whose container runs a script. Without a network, which takes longer than all the rest. */
  async start(script: string, options: Docker.ContainerCreateOptions = {}): Promise<Instance> {
    const { HostConfig: host, ...rest } = options;
    const name = unique('inside');
    const container = await this.docker.createContainer({
      Image: this.#image,
      Cmd: ['sh', '-c', script],
      name,
      Labels: labels,
      HostConfig: { NetworkMode: 'none', ...host },
      ...rest,
    });
    await container.start();
    const facts = await container.inspect();
    this.#members.set(facts.Id, { facts, agentId: name, instanceId: `${name}~1` } as unknown as Member);
    return { id: `${name}~1`, generation: 1, ref: { container: facts.Id } };
  }

  container({ ref }: Instance): Docker.Container {
    return this.docker.getContainer(ref?.['container'] as string);
  }

  /** Whether a process runs in it whose command line has this. */
  async runs(instance: Instance, pattern: string): Promise<boolean> {
    const { Processes: lines } = (await this.container(instance).top()) as { Processes: string[][] };
    return lines.some((line) => line.join(' ').includes(pattern));
  }

  forget(): void {
    this.#members.clear();
  }
}
