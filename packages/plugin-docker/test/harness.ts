import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  Receipt,
  StateStore,
} from '@praetorian-guard/core/plugin';
import { createRig, type Rig, systemClock } from '@praetorian-guard/core/testing';
import type Docker from 'dockerode';
import { DockerOrchestrator } from '../src/containers/docker-orchestrator.ts';
import type { DockerConfig } from '../src/docker-config.ts';
import type { Engine } from '../src/engine/engine.ts';
import { labels, unique } from './engine-kit.ts';

export const engineUrl = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';

/** Containers under a label of their own, and orchestrators that select it and end with it. */
export class Harness {
  readonly clock = systemClock();
  readonly docker: Docker;
  readonly image: string;
  /** Of the containers of this harness alone. */
  readonly selector = unique('select');
  readonly dir = mkdtempSync(join(tmpdir(), 'praetorian-docker-'));
  readonly store: StateStore = createRig().state;
  readonly #orchestrators: DockerOrchestrator[] = [];
  readonly #end = new AbortController();

  readonly #url: string;

  constructor(docker: Docker, image: string, url: string = engineUrl) {
    this.docker = docker;
    this.image = image;
    this.#url = url;
  }

  /** A running container that is selected; its name is unique. */
  async run(
    what: string,
    options: Omit<Docker.ContainerCreateOptions, 'name'> & { readonly name?: string } = {},
  ): Promise<{ readonly id: string; readonly name: string }> {
    const name = options.name ?? unique(what);
    const container = await this.docker.createContainer({
      Image: this.image,
      ...options,
      HostConfig: { Init: true, ...options.HostConfig },
      name,
      Labels: { ...labels, [this.selector]: 'yes', ...options.Labels },
    });
    await container.start();
    return { id: container.id, name };
  }

  config(given: Partial<DockerConfig> = {}): DockerConfig {
    return {
      engine: this.#url,
      manage: 'containers',
      select: [`${this.selector}=yes`],
      idPrefix: '',
      reach: 'container',
      restartGrace: 2_000,
      keepOld: 600_000,
      stopGrace: 1_000,
      logLines: 50,
      stats: { every: 30_000, concurrency: 4 },
      ...given,
    };
  }

  context(given: Partial<DockerConfig> = {}, rig: Rig = createRig()): PluginContext<DockerConfig> {
    return rig.context(this.config(given), { clock: this.clock, state: this.store, baseDir: this.dir });
  }

  create(given: Partial<DockerConfig> = {}, rig?: Rig, wrap?: (engine: Engine) => Engine): DockerOrchestrator {
    const orchestrator = new DockerOrchestrator(this.context(given, rig), wrap);
    this.#orchestrators.push(orchestrator);
    return orchestrator;
  }

  async start(given: Partial<DockerConfig> = {}): Promise<DockerOrchestrator> {
    const orchestrator = this.create(given);
    await orchestrator.start();
    return orchestrator;
  }

  /** Collects the inventory in the background, once it is complete. */
  async follow(orchestrator: DockerOrchestrator): Promise<Inventory> {
    const inventory = new Inventory(orchestrator, this.call());
    await until(() => inventory.events.some((event) => event.type === 'synced'));
    return inventory;
  }

  call(): Call {
    return { signal: this.#end.signal, traceId: 'test' };
  }

  grant(key: string, given: Partial<Grant> = {}): Grant {
    return { key, fence: 1, deadline: Date.now() + 30_000, dryRun: false, ...given };
  }

  async prepare(orchestrator: DockerOrchestrator, action: Action, key: string): Promise<Intent> {
    const decision = await orchestrator.prepare(action, key);
    if (!decision.act) throw new TypeError(`not admitted: ${decision.reason.text}`);
    return decision.value;
  }

  async act(orchestrator: DockerOrchestrator, action: Action, key = unique('key')): Promise<Receipt> {
    const intent = await this.prepare(orchestrator, action, key);
    return orchestrator.execute(intent, this.grant(key), this.call());
  }

  inspect(id: string): Promise<Docker.ContainerInspectInfo> {
    return this.docker.getContainer(id).inspect();
  }

  /** Containers of this harness, by name. */
  async containers(): Promise<readonly Docker.ContainerInfo[]> {
    const filters = { label: [`${this.selector}=yes`] };
    const found = await this.docker.listContainers({ all: true, filters });
    return found.toSorted((a, b) => (a.Names[0] ?? '').localeCompare(b.Names[0] ?? ''));
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#orchestrators.map((orchestrator) => orchestrator.stop()));
    this.#end.abort();
    for (const { Id } of await this.containers())
      await this.docker
        .getContainer(Id)
        .remove({ force: true, v: true })
        .catch(() => undefined);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export class Inventory {
  readonly events: InventoryEvent[] = [];
  readonly ended: Promise<unknown>;

  constructor(orchestrator: DockerOrchestrator, call: Call) {
    this.ended = this.#collect(orchestrator, call).catch((error: unknown) => error);
  }

  agent(agentId: string): DiscoveredAgent {
    const seen = this.events.filter((event) => event.type === 'present' && event.agent.id === agentId).at(-1);
    if (seen?.type !== 'present') throw new TypeError(`${agentId} is not present`);
    return seen.agent;
  }

  instance(agentId: string): Instance {
    return this.agent(agentId).instance;
  }

  /** Lifecycle events of an agent, in order. */
  lifecycle(agentId: string): string[] {
    return this.events.flatMap((event) =>
      event.type === 'lifecycle' && event.agentId === agentId ? [event.event] : [],
    );
  }

  async until(condition: (inventory: this) => boolean): Promise<void> {
    await until(() => condition(this));
  }

  async #collect(orchestrator: DockerOrchestrator, call: Call): Promise<void> {
    for await (const event of orchestrator.inventory(call)) this.events.push(event);
  }
}

/** Waits for a condition; a test that waits in vain fails by its own time limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(10);
}
