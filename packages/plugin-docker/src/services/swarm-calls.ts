import { guardError } from '@praetorian-guard/core/plugin';
import type { CallOptions, Engine } from '../engine/engine.ts';
import { EngineError, isMissing } from '../engine/engine-error.ts';
import type { NodeFacts, ServiceFacts, ServiceSpec, TaskFacts } from './swarm-facts.ts';

type Filters = { [name: string]: string[] };

const logMs = 5_000;

/** What the plugin asks of a manager of a swarm; each call has the deadline of `Engine.ask`. */
export class SwarmCalls {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Id of the engine's own node. Throws when it cannot answer for a swarm. */
  async manager(options?: CallOptions): Promise<string> {
    const info = (await this.#engine.ask('ask for the swarm', options, (client, abortSignal) =>
      (client as unknown as { info(given: object): Promise<unknown> }).info({ abortSignal }),
    )) as { Swarm?: { LocalNodeState?: string; ControlAvailable?: boolean; NodeID?: string } };
    const { LocalNodeState: state, ControlAvailable: manages, NodeID: nodeId } = info.Swarm ?? {};
    if (state === 'active' && manages === true && nodeId !== undefined) return nodeId;
    throw guardError('GUARD_ORCHESTRATOR_FAILED', {
      orchestrator: 'swarm',
      verb: 'list',
      agentId: 'services',
      why: `this engine is not a manager of a swarm (${state === 'active' ? 'it is a worker' : `swarm mode is ${state ?? 'unknown'}`})`,
    });
  }

  services(filters: Filters, options?: CallOptions): Promise<readonly ServiceFacts[]> {
    return this.#ask('list services', options, (client, abortSignal) =>
      client.listServices({ filters, abortSignal } as object),
    );
  }

  /** `undefined`: there is no such service. */
  service(id: string, options?: CallOptions): Promise<ServiceFacts | undefined> {
    const asked = this.#ask<ServiceFacts>('inspect a service', options, (client, abortSignal) =>
      (client.getService(id) as unknown as { inspect(given: object): Promise<unknown> }).inspect({ abortSignal }),
    );
    return orMissing(asked);
  }

  /** `undefined`: one of the services does not exist. */
  tasks(serviceIds: readonly string[], options?: CallOptions): Promise<readonly TaskFacts[] | undefined> {
    const filters = { service: [...serviceIds] };
    const asked = this.#ask<readonly TaskFacts[]>('list tasks', options, (client, abortSignal) =>
      client.listTasks({ filters, abortSignal } as object),
    );
    return orMissing(asked);
  }

  nodes(options?: CallOptions): Promise<readonly NodeFacts[]> {
    return this.#ask('list nodes', options, (client, abortSignal) => client.listNodes({ abortSignal } as object));
  }

  /** Swarm takes the whole spec, and only for the version that it was made from. */
  async update(service: ServiceFacts, spec: ServiceSpec, options?: CallOptions): Promise<void> {
    await this.#change('update a service', service, { spec, query: {} }, options);
  }

  /** Back to the spec before the last update. */
  async rollback(service: ServiceFacts, options?: CallOptions): Promise<void> {
    const given = { spec: service.Spec, query: { rollback: 'previous' } };
    await this.#change('roll a service back', service, given, options);
  }

  /** The last lines of a task, framed unless it has a terminal. */
  async taskLog(taskId: string, tail: number, options?: CallOptions): Promise<Buffer> {
    const wanted = { stdout: true, stderr: true, timestamps: true, follow: false, tail };
    const text: unknown = await this.#engine.ask(
      'read the log of a task',
      { ...options, limitMs: logMs },
      (client, abortSignal) =>
        (client.getTask(taskId) as unknown as { logs(given: object): Promise<unknown> }).logs({
          ...wanted,
          abortSignal,
        }),
    );
    return Buffer.isBuffer(text) ? text : Buffer.from(String(text));
  }

  /** Containers of tasks on this node that somebody has paused. */
  async paused(options?: CallOptions): Promise<ReadonlySet<string>> {
    const found = await this.#engine.containers({ label: ['com.docker.swarm.task.id'], status: ['paused'] }, options);
    return new Set(found.map(({ Id }) => Id));
  }

  async #change(
    what: string,
    service: ServiceFacts,
    { spec, query }: { spec: ServiceSpec; query: object },
    options?: CallOptions,
  ): Promise<void> {
    const given = { _query: { version: service.Version.Index, ...query }, _body: spec };
    await this.#engine.ask(what, options, (client, abortSignal) =>
      client.getService(service.ID).update({ ...given, abortSignal }),
    );
  }

  /** The types of the client library know services and tasks only in part; ours name what is read. */
  #ask<T>(what: string, options: CallOptions | undefined, call: Parameters<Engine['ask']>[2]): Promise<T> {
    return this.#engine.ask(what, options, call) as Promise<T>;
  }
}

async function orMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Somebody else, or Swarm itself, has written the service since it was read: 500, not 409. */
export function isOutOfSequence(error: unknown): boolean {
  return error instanceof EngineError && /out of sequence/.test(error.message);
}
