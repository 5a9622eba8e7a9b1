import { createTestHost, type TestHost } from '../config.ts';
import { RunningHost } from '../host.ts';
import { ContainerFleet, type ContainerOptions } from './container-fleet.ts';
import type { TestEngine } from './engine.ts';
import { EngineLog } from './engine-log.ts';

export interface GuardedFleetOptions {
  /** Agents by their ids, as `workers.1`. */
  readonly agents: { readonly [agentId: string]: ContainerOptions };
  /** Of the plugin, beside engine and selection. */
  readonly docker?: object;
  /** Of the config, beside the plugin. */
  readonly sections?: object;
}

/** Containers under a label of their own, what the engine says of them, and a built guard that looks after them. */
export class GuardedFleet {
  readonly containers: ContainerFleet;
  readonly log: EngineLog;
  readonly #options: GuardedFleetOptions;
  #folder: TestHost | undefined;
  #host: RunningHost | undefined;

  constructor(engine: TestEngine, options: GuardedFleetOptions) {
    this.containers = new ContainerFleet(engine);
    this.log = new EngineLog(engine, this.containers.label);
    this.#options = options;
  }

  /** The guard. */
  get host(): RunningHost {
    if (!this.#host) throw new Error('the fleet is not open');
    return this.#host;
  }

  /** Resolves when all agents are watched and healthy. */
  async open(): Promise<void> {
    const { agents, docker, sections } = this.#options;
    const { engine, label } = this.containers;
    await this.containers.open();
    this.log.start();
    for (const [agentId, options] of Object.entries(agents)) await this.containers.start(agentId, options);
    const config = { engine: engine.url, select: [label], ...docker };
    const plugins = { docker: { use: '@praetorian-guard/plugin-docker', config } };
    this.#folder = await createTestHost({ sections: { plugins, ...sections } });
    this.#host = new RunningHost(this.#folder);
    await this.#host.start();
    await this.healthy();
  }

  async healthy(): Promise<void> {
    await this.host.healthy(Object.keys(this.#options.agents).length);
  }

  async close(): Promise<void> {
    await this.#host?.stop();
    await this.log.stop();
    await this.containers.remove();
    this.#folder?.remove();
  }
}
