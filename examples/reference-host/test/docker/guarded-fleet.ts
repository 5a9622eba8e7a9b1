import { randomBytes } from 'node:crypto';
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
  /** The agents, all of this group, send heartbeats to the guard. [they do not] */
  readonly beats?: { readonly group: string };
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
    const { agents, docker, sections, beats } = this.#options;
    const { engine, label } = this.containers;
    const config = { engine: engine.url, select: [label], ...docker };
    const plugins = { docker: { use: '@praetorian-guard/plugin-docker', config } };
    const token = (): string => randomBytes(16).toString('hex');
    const open = beats && { host: await gatewayOf(engine), token: token(), agents: { ...beats, token: token() } };
    this.#folder = await createTestHost({ sections: { plugins, ...sections }, ...(open ? { open } : {}) });
    await this.containers.open();
    this.log.start();
    for (const [agentId, options] of Object.entries(agents)) {
      const env = open ? this.#linkOf(agentId, open.agents) : {};
      await this.containers.start(agentId, { ...options, env: { ...options.env, ...env } });
    }
    this.#host = new RunningHost(this.#folder);
    await this.#host.start();
    await this.healthy();
  }

  /** By what an agent finds the guard; the instance is the container, by its short id as it knows itself. */
  #linkOf(agentId: string, { group, token }: { readonly group: string; readonly token: string }): object {
    return {
      PRAETORIAN_URL: this.#folder?.url ?? '',
      PRAETORIAN_TOKEN: token,
      PRAETORIAN_AGENT_ID: agentId,
      PRAETORIAN_GROUP: group,
      HEARTBEAT_MS: '500',
      RESTORE_WAIT_MS: '1000',
    };
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

/**
 * Address of this machine on the engine's own bridge, under which containers reach what listens here. One that the engine made
 * itself may be told without it; it is the first of the subnet then.
 */
async function gatewayOf(engine: TestEngine): Promise<string> {
  interface Bridge {
    readonly IPAM: { readonly Config: readonly { readonly Gateway?: string; readonly Subnet: string }[] };
  }
  const { IPAM } = await engine.ask<Bridge>('GET', '/networks/bridge');
  const [first] = IPAM.Config;
  if (!first) throw new Error('the bridge of the engine has no subnet');
  return first.Gateway ?? first.Subnet.replace(/\d+\/\d+$/, '1');
}
