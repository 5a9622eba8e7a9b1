/**
 * How the contracts carry an embedder's own registry: the fleet and the routes stay in the embedder's control plane, and
 * the guard tells it by commands what to change.
 */
import { expectTypeOf } from 'vitest';
import {
  type Agent,
  type AgentChange,
  type AgentId,
  type BreakerState,
  type Call,
  type ControlCommand,
  type ControlPlane,
  definePlugin,
  type GroupId,
  type Health,
  type Receipt,
  type Route,
} from '@praetorian-guard/core/plugin';

interface Row {
  readonly agent: Agent;
  readonly breaker: BreakerState;
  readonly health: Health;
}

/** The embedder's own table, as it may have existed for years. */
export interface Registry {
  rows(): readonly Row[];
  changed(signal: AbortSignal): AsyncIterable<AgentChange>;
  update(agentId: AgentId, change: Partial<Row>): void;
  remove(agentId: AgentId): void;
}

export class RegistryControlPlane implements ControlPlane {
  readonly #registry: Registry;
  /** Commands done, by key: the same one again changes nothing. */
  readonly #done = new Set<string>();
  #highestFence = 0;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  async *agents(call: Call): AsyncGenerator<AgentChange> {
    for (const { agent } of this.#registry.rows()) yield { type: 'registered', agent };
    yield* this.#registry.changed(call.signal);
  }

  async apply(command: ControlCommand, grant: { readonly key: string; readonly fence: number }): Promise<Receipt> {
    const { key, fence } = grant;
    if (fence < this.#highestFence)
      return { key, at: 0, result: 'superseded', text: `fence ${fence} is older than ${this.#highestFence}` };
    this.#highestFence = fence;
    if (!this.#done.has(key)) this.#carryOut(command);
    this.#done.add(key);
    return { key, at: 0, result: 'succeeded' };
  }

  routes(group: GroupId): readonly Route[] {
    return this.#registry.rows().flatMap(({ agent, breaker, health }) => {
      const endpoint = agent.instance?.endpoint;
      if (agent.group !== group || endpoint === undefined || breaker === 'open' || health === 'failed') return [];
      return [{ agentId: agent.id, endpoint, weight: breaker === 'half-open' ? 0.1 : 1, health, breaker }];
    });
  }

  /** Every command there is; a new one would not compile here until it is handled. */
  #carryOut(command: ControlCommand): void {
    switch (command.kind) {
      case 'register':
      case 'status':
        return this.#registry.update(command.agentId, command.kind === 'status' ? { health: command.health } : {});
      case 'deregister':
        return this.#registry.remove(command.agentId);
      case 'route':
        return this.#registry.update(command.agentId, { breaker: command.breaker });
      default:
        return command satisfies never;
    }
  }
}

export const registryPlugin = (registry: Registry) =>
  definePlugin({
    name: '@acme/registry',
    version: '1.0.0',
    apiVersion: 1,
    coreRange: '^0.1.0',
    configSchema: { type: 'object', additionalProperties: false },
    contributes: { controlPlanes: { registry: () => new RegistryControlPlane(registry) } },
  });

expectTypeOf<RegistryControlPlane>().toExtend<ControlPlane>();
expectTypeOf(registryPlugin).returns.toHaveProperty('contributes');
definePlugin({
  name: 'x',
  version: '1.0.0',
  // @ts-expect-error -- a plugin of another API does not compile against this core
  apiVersion: 2,
  coreRange: '*',
  configSchema: {},
  contributes: {},
});
// @ts-expect-error -- a command names the breaker's state, not a weight
({ kind: 'route', agentId: 'a', breaker: 0.5 }) satisfies ControlCommand;
