import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { type ContainerFleet, until } from './container-fleet.ts';
import { binds, command, healthCheck } from './image.ts';

const file = resolve(import.meta.dirname, '../../compose.yaml');
const second = 1_000_000_000;

interface Service {
  readonly restart: string;
  readonly scale?: number;
  readonly environment: { readonly [name: string]: string };
  readonly labels: { readonly [name: string]: string };
  readonly depends_on?: { readonly [service: string]: { readonly condition: string } };
}

interface Project {
  readonly name: string;
  readonly services: { readonly [name: string]: Service };
}

/**
 * The fleet of `compose.yaml`, brought up as Docker Compose does it: service after service by what they wait for, each
 * container with the labels that Compose writes. In place of the image that it builds stands one that is imported.
 */
export class ComposeFleet {
  readonly #fleet: ContainerFleet;
  readonly #project: Project;

  constructor(fleet: ContainerFleet) {
    this.#fleet = fleet;
    this.#project = parse(readFileSync(file, 'utf8'), { merge: true }) as Project;
  }

  async up(): Promise<void> {
    const waiting = new Map(Object.entries(this.#project.services));
    for (const [name, service] of [...waiting].toSorted(([, a], [, b]) => waitsFor(a).length - waitsFor(b).length)) {
      for (const other of waitsFor(service)) await until(`${other} is healthy`, () => this.#isHealthy(other));
      for (let number = 1; number <= (service.scale ?? 1); number += 1) await this.#start(name, service, number);
    }
  }

  /** Name of a container of the project. */
  nameOf(service: string, number: number): string {
    return `${this.#project.name}-${this.#fleet.run}-${service}-${number}`;
  }

  async #start(name: string, service: Service, number: number): Promise<void> {
    const { engine, image, label } = this.#fleet;
    const [key = '', value = ''] = label.split('=');
    const settings = { HOST: '0.0.0.0', PORT: '4000', ...service.environment };
    const waits = Object.entries(service.depends_on ?? {}).map(
      ([other, { condition }]) => `${other}:${condition}:false`,
    );
    const { Id } = await engine.ask<{ Id: string }>('POST', `/containers/create?name=${this.nameOf(name, number)}`, {
      Image: image,
      Cmd: command,
      Env: Object.entries(settings).map(([setting, text]) => `${setting}=${text}`),
      Labels: {
        ...service.labels,
        [key]: value,
        'com.docker.compose.project': this.#project.name,
        'com.docker.compose.service': name,
        'com.docker.compose.container-number': `${number}`,
        'com.docker.compose.oneoff': 'False',
        'com.docker.compose.depends_on': waits.join(),
      },
      // As the Dockerfile has it.
      Healthcheck: {
        Test: healthCheck,
        Interval: 5 * second,
        Timeout: 2 * second,
        StartPeriod: 5 * second,
        Retries: 2,
      },
      HostConfig: { Binds: binds, RestartPolicy: { Name: service.restart } },
    });
    await engine.ask('POST', `/containers/${Id}/start`);
  }

  async #isHealthy(service: string): Promise<boolean> {
    const { State } = await this.#fleet.engine.ask<{ State: { Health?: { Status: string } } }>(
      'GET',
      `/containers/${this.nameOf(service, 1)}/json`,
    );
    return State.Health?.Status === 'healthy';
  }
}

function waitsFor({ depends_on: others = {} }: Service): readonly string[] {
  return Object.keys(others);
}
