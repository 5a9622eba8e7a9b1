import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import type {
  Action,
  Call,
  Clock,
  DiscoveredAgent,
  Grant,
  Instance,
  Intent,
  InventoryEvent,
  PluginContext,
  Receipt,
} from '@praetorian-guard/core/plugin';
import { createRig, type Rig, systemClock } from '@praetorian-guard/core/testing';
import type { DockerConfig } from '../src/docker-config.ts';
import { addressOf, type EngineAddress } from '../src/engine/address.ts';
import { Engine } from '../src/engine/engine.ts';
import type { ServiceFacts, ServiceSpec, TaskFacts } from '../src/services/swarm-facts.ts';
import { SwarmOrchestrator } from '../src/services/swarm-orchestrator.ts';
import { cleanUp, labels, testEngine, unique } from './engine-kit.ts';

const host = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
const second = 1e9;

/** The engine the tests on containers use, where it is a manager of a swarm. Where it is not that is said, and CI fails. */
export async function testSwarm(): Promise<Docker | undefined> {
  const docker = await testEngine();
  if (!docker) return undefined;
  const { Swarm } = (await docker.info()) as { Swarm?: { ControlAvailable?: boolean } };
  if (Swarm?.ControlAvailable === true) return docker;
  const why = `the Docker engine at ${host} is not a manager of a swarm (docker swarm init)`;
  if (process.env['CI'] === 'true') throw new Error(why);
  process.stderr.write(`Left out: ${why}\n`);
  return undefined;
}

type DeepPartial<T> = T extends readonly unknown[] ? T : { readonly [K in keyof T]?: DeepPartial<T[K]> };

/** What a test wants of its service beside what all have. */
export interface Wanted {
  readonly replicas?: number;
  readonly global?: boolean;
  readonly labels?: { readonly [name: string]: string };
  readonly container?: DeepPartial<NonNullable<ServiceSpec['TaskTemplate']['ContainerSpec']>>;
  readonly policy?: NonNullable<ServiceSpec['TaskTemplate']['RestartPolicy']>;
  readonly update?: object;
}

export type Ask = (what: string, next: () => Promise<unknown>) => Promise<unknown>;

class MeddledEngine extends Engine {
  /** The last stream of events. */
  stream: Readable | undefined;
  readonly #around: Ask;

  constructor(address: EngineAddress, clock: Clock, around: Ask) {
    super(address, clock);
    this.#around = around;
  }

  override async events(...given: Parameters<Engine['events']>): Promise<Readable> {
    this.stream = await super.events(...given);
    return this.stream;
  }

  override ask<T>(...given: Parameters<typeof Engine.prototype.ask<T>>): Promise<T> {
    return this.#around(given[0], () => super.ask(...given)) as Promise<T>;
  }
}

/** Services, and orchestrators that follow them, of one test; everything ends with it. */
export class SwarmKit {
  readonly docker: Docker;
  readonly clock: Clock = systemClock();
  readonly image: string;
  /** On the services of this kit alone. */
  readonly mark = unique('case');
  readonly rig: Rig;
  readonly #orchestrators: SwarmOrchestrator[] = [];
  readonly #end = new AbortController();

  constructor(docker: Docker, image: string, rig: Rig = createRig({ seed: 1 })) {
    this.docker = docker;
    this.image = image;
    this.rig = rig;
  }

  /** Makes a service and waits until its tasks run; gives its name. */
  async service(wanted: Wanted = {}): Promise<string> {
    const name = unique('svc');
    const replicas = wanted.replicas ?? 1;
    const rolling = { Parallelism: 1, Monitor: second / 10, FailureAction: 'pause', Order: 'stop-first' };
    const spec = {
      Name: name,
      Labels: { ...labels, case: this.mark, ...wanted.labels },
      TaskTemplate: {
        // A process of id 1 that does not handle SIGTERM would be waited for.
        ContainerSpec: { Image: this.image, StopSignal: 'SIGKILL', ...wanted.container },
        RestartPolicy: { Condition: 'any', Delay: second, ...wanted.policy },
      },
      Mode: wanted.global === true ? { Global: {} } : { Replicated: { Replicas: replicas } },
      UpdateConfig: { ...rolling, ...wanted.update },
      RollbackConfig: rolling,
    };
    await this.docker.createService(spec as unknown as Docker.CreateServiceOptions);
    await until(async () => (await this.running(name)).length === (wanted.global === true ? 1 : replicas));
    return name;
  }

  async facts(name: string): Promise<ServiceFacts> {
    return (await this.docker.getService(name).inspect()) as ServiceFacts;
  }

  async tasks(name: string): Promise<readonly TaskFacts[]> {
    return (await this.docker.listTasks({ filters: { service: [name] } })) as readonly TaskFacts[];
  }

  async running(name: string): Promise<readonly TaskFacts[]> {
    const tasks = await this.tasks(name);
    return tasks.filter(({ Status, DesiredState }) => Status.State === 'running' && DesiredState === 'running');
  }

  /** As somebody else would: from the spec that is there. */
  async change(name: string, edit: (spec: ServiceSpec) => ServiceSpec): Promise<void> {
    for (;;) {
      const { Spec, Version } = await this.facts(name);
      try {
        await this.docker.getService(name).update({ _query: { version: Version.Index }, _body: edit(Spec) });
        return;
      } catch (error) {
        if (!String(error).includes('out of sequence')) throw error;
      }
    }
  }

  /** Ends the container of a running task from outside. */
  async kill(name: string): Promise<TaskFacts> {
    const [task] = await this.running(name);
    if (!task) throw new TypeError(`${name} has no task that runs`);
    await this.docker.getContainer(task.Status.ContainerStatus?.ContainerID ?? '').kill();
    return task;
  }

  /** While the only node takes no new tasks, nothing that has ended is replaced. */
  async takeNoTasks(yes: boolean): Promise<void> {
    const [node] = await this.docker.listNodes();
    if (!node) throw new TypeError('the swarm has no node');
    const { Version, Spec } = node as unknown as { Version: { Index: number }; Spec: object };
    const body = { ...Spec, Availability: yes ? 'pause' : 'active' };
    await this.docker.getNode(node.ID ?? '').update({ _query: { version: Version.Index }, _body: body });
  }

  context(given: Partial<DockerConfig> = {}): PluginContext<DockerConfig> {
    const config: DockerConfig = {
      engine: host,
      manage: 'services',
      select: [`case=${this.mark}`],
      idPrefix: '',
      reach: 'container',
      restartGrace: 500,
      keepOld: 600_000,
      stopGrace: 1_000,
      logLines: 50,
      stats: { every: 30_000, concurrency: 4 },
      ...given,
    };
    return this.rig.context(config, { clock: this.clock });
  }

  /** An engine of which a test has the first and the last word about each call of the orchestrator for Swarm. */
  engine(around: Ask = (_what, next) => next()): MeddledEngine {
    return new MeddledEngine(addressOf(host, undefined, '/'), this.clock, around);
  }

  /** Runs a command in the container of a task. */
  async inside(name: string, argv: readonly string[]): Promise<void> {
    const [task] = await this.running(name);
    const container = this.docker.getContainer(task?.Status.ContainerStatus?.ContainerID ?? '');
    const exec = await container.exec({ Cmd: [...argv], AttachStdout: true, AttachStderr: true });
    const output = await exec.start({});
    output.resume();
    await until(async () => !(await exec.inspect()).Running);
  }

  /** A guard's orchestrator; further ones share the store, as the next guard would. */
  async start(
    given: Partial<DockerConfig> = {},
    engine?: Engine,
  ): Promise<{ orchestrator: SwarmOrchestrator; inventory: Inventory }> {
    const orchestrator = new SwarmOrchestrator(this.context(given), engine);
    this.#orchestrators.push(orchestrator);
    await orchestrator.start();
    const inventory = new Inventory(orchestrator, this.call());
    await until(() => inventory.synced);
    return { orchestrator, inventory };
  }

  call(): Call {
    return { signal: this.#end.signal, traceId: 'test' };
  }

  grant(key: string, given: Partial<Grant> = {}): Grant {
    return { key, fence: 1, deadline: this.clock.now() + 60_000, dryRun: false, ...given };
  }

  /** An action on the current instance of an agent. */
  on(inventory: Inventory, agentId: string): { agentId: string; instanceId: string; graceMs: number } {
    return { agentId, instanceId: inventory.instance(agentId).id, graceMs: 1_000 };
  }

  async prepare(orchestrator: SwarmOrchestrator, action: Action, key: string): Promise<Intent> {
    const decision = await orchestrator.prepare(action, key);
    if (!decision.act) throw new TypeError(`not admitted: ${decision.reason.text}`);
    return decision.value;
  }

  async act(orchestrator: SwarmOrchestrator, action: Action, key: string): Promise<Receipt> {
    return orchestrator.execute(await this.prepare(orchestrator, action, key), this.grant(key), this.call());
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#orchestrators.map((orchestrator) => orchestrator.stop()));
    this.#end.abort();
    await removeServices(this.docker, `case=${this.mark}`);
  }
}

/** What one iteration of the inventory told. */
export class Inventory {
  readonly events: InventoryEvent[] = [];
  readonly ended: Promise<unknown>;

  constructor(orchestrator: SwarmOrchestrator, call: Call) {
    this.ended = this.#collect(orchestrator, call).catch((error: unknown) => error);
  }

  get synced(): boolean {
    return this.events.some(({ type }) => type === 'synced');
  }

  /** As it was told last. */
  agent(agentId: string): DiscoveredAgent {
    const seen = this.events.findLast((event) => event.type === 'present' && event.agent.id === agentId);
    if (seen?.type !== 'present') throw new TypeError(`${agentId} is not present`);
    return seen.agent;
  }

  instance(agentId: string): Instance {
    return this.agent(agentId).instance;
  }

  /** Agents that are present and not removed since. */
  agentIds(): readonly string[] {
    const ids = new Set<string>();
    for (const event of this.events) {
      if (event.type === 'present') ids.add(event.agent.id);
      if (event.type === 'removed') ids.delete(event.agentId);
    }
    return [...ids].sort();
  }

  lifecycle(kind: string): readonly Extract<InventoryEvent, { type: 'lifecycle' }>[] {
    return this.events.filter((event) => event.type === 'lifecycle').filter(({ event }) => event === kind);
  }

  async #collect(orchestrator: SwarmOrchestrator, call: Call): Promise<void> {
    for await (const event of orchestrator.inventory(call)) this.events.push(event);
  }
}

/** Removes everything the tests of this file made. */
export async function cleanUpSwarm(docker: Docker): Promise<void> {
  await removeServices(docker, `praetorian.test=${labels['praetorian.test'] ?? ''}`);
  await cleanUp(docker);
}

async function removeServices(docker: Docker, label: string): Promise<void> {
  const services = (await docker.listServices({ filters: { label: [label] } })) as unknown as ServiceFacts[];
  for (const { ID } of services) await docker.getService(ID).remove();
  const filters = services.map(({ ID }) => ({ label: [`com.docker.swarm.service.id=${ID}`] }));
  for (const one of filters)
    await until(async () => (await docker.listContainers({ all: true, filters: one })).length === 0);
}

/** Waits for a condition; a test that waits in vain fails by its own time limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(50);
}
