import { randomBytes } from 'node:crypto';
import type { ContainerLine, Inspected } from '../../../examples/reference-host/test/docker/container-fleet.ts';
import { filtered, type TestEngine } from '../../../examples/reference-host/test/docker/engine.ts';
import { binds, command, healthCheck, importThinImage } from '../../../examples/reference-host/test/docker/image.ts';
import { type Contestant, memoryMb } from './contestant.ts';

const ns = 1_000_000;

/** A service of one replica for each agent, with the defaults of Swarm: it reschedules after 5 s, and gives 10 s to stop. */
export class Swarm implements Contestant {
  readonly name = 'Swarm service';
  readonly label: string;
  readonly #engine: TestEngine;
  readonly #run = randomBytes(4).toString('hex');

  constructor(engine: TestEngine) {
    this.#engine = engine;
    this.label = `praetorian.fleet=${this.#run}`;
  }

  async open(agentIds: readonly string[]): Promise<void> {
    const image = `praetorian-swarm-${this.#run}`;
    await importThinImage(this.#engine, image, this.label);
    for (const agentId of agentIds)
      await this.#engine.ask('POST', '/services/create', this.#spec(agentId, `${image}:1`));
  }

  async inspect(agentId: string): Promise<Inspected> {
    const service = `com.docker.swarm.service.name=${this.#nameOf(agentId)}`;
    const found = await this.#engine.ask<readonly ContainerLine[]>(
      'GET',
      filtered('/containers/json', { label: [service] }),
    );
    const [newest] = found;
    if (!newest) throw new Error(`${agentId} has no container now`);
    return this.#engine.ask('GET', `/containers/${newest.Id}/json`);
  }

  async mend(agentId: string): Promise<void> {
    const { Id } = await this.inspect(agentId);
    await this.#engine.ask('POST', `/containers/${Id}/kill`);
  }

  async close(): Promise<void> {
    const path = filtered('/services', { label: [this.label] });
    const services = await this.#engine.ask<readonly { ID: string }[]>('GET', path);
    for (const { ID } of services) await this.#engine.ask('DELETE', `/services/${ID}`);
    const all = filtered('/containers/json?all=1', { label: [this.label] });
    for (const { Id } of await this.#engine.ask<readonly ContainerLine[]>('GET', all))
      await this.#engine.ask('DELETE', `/containers/${Id}?force=1`).catch(() => undefined);
  }

  #nameOf(agentId: string): string {
    return `fleet-${this.#run}-${agentId.replace('.', '-')}`;
  }

  #spec(agentId: string, image: string): object {
    const [label = '', value = ''] = this.label.split('=');
    const Labels = { [label]: value };
    const Mounts = binds.map((bind) => {
      const [Source, Target] = bind.split(':');
      return { Type: 'bind', Source, Target, ReadOnly: true };
    });
    return {
      Name: this.#nameOf(agentId),
      Labels,
      TaskTemplate: {
        ContainerSpec: {
          Image: image,
          Command: command,
          Env: ['HOST=0.0.0.0', 'PORT=4000', 'JOB_EVERY_MS=50', 'WINDOW_MS=3000'],
          Labels: { ...Labels, 'praetorian.agent': agentId },
          Mounts,
          Healthcheck: { Test: healthCheck, Interval: 1_000 * ns, Timeout: 1_000 * ns, Retries: 2 },
        },
        Resources: { Limits: { MemoryBytes: memoryMb * 1024 ** 2 } },
      },
      Mode: { Replicated: { Replicas: 1 } },
    };
  }
}
