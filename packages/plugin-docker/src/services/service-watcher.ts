import type { InventoryFeed, Locks } from '@praetorian-guard/core/kit';
import type { Clock, Logger, Ms } from '@praetorian-guard/core/plugin';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../engine/engine-error.ts';
import { type EngineEvent, eventsOf } from '../engine/event-stream.ts';
import { selects } from '../engine/selector.ts';
import { Sight } from '../engine/sight.ts';
import { isUnsettled, type ServiceRoster, type ServiceView } from './service-roster.ts';
import { isOver, isWanted } from './slots.ts';
import type { SwarmCalls } from './swarm-calls.ts';
import { type KnownNode, nodesById, type ServiceFacts, type TaskFacts } from './swarm-facts.ts';
import { Vigil } from './vigil.ts';

export interface WatcherParts {
  readonly engine: Engine;
  readonly calls: SwarmCalls;
  readonly clock: Clock;
  readonly log: Logger;
  readonly roster: ServiceRoster;
  readonly feed: InventoryFeed;
  readonly locks: Locks;
  /** Labels a service must have, all of them. */
  readonly select: readonly string[];
}

/** Containers of other nodes have no events here: their tasks are looked at this often. */
const pollMs: Ms = 10_000;
/** A service that goes while it is listed makes the list of tasks fail. */
const listsMax = 5;

const events = ['create', 'update', 'remove', 'start', 'die', 'oom', 'pause', 'unpause', 'health_status'];
const serviceLabel = 'com.docker.swarm.service.id';

/**
 * Follows the services of a swarm: the list, then looks at a service whenever an event concerns it, and at all of them
 * now and then. When the engine is lost from sight the inventory breaks off; when it is back everything is listed anew.
 */
export class ServiceWatcher {
  readonly #parts: WatcherParts;
  readonly #vigil: Vigil;
  readonly #sight: Sight;
  #nodeId: string | undefined;
  #nodes: ReadonlyMap<string, KnownNode> = new Map();

  constructor(parts: WatcherParts) {
    this.#parts = parts;
    this.#vigil = new Vigil(parts.clock);
    this.#sight = new Sight({ ...parts, what: 'the swarm', live: (listed) => this.#live(listed) });
  }

  start(): void {
    this.#sight.start();
  }

  stop(): Promise<void> {
    return this.#sight.stop();
  }

  /** Node of the engine that is asked. */
  /** Whether the services are known, and followed. */
  get isListed(): boolean {
    return this.#sight.isListed;
  }

  get nodeId(): string | undefined {
    return this.#nodeId;
  }

  node(id: string): KnownNode | undefined {
    return this.#nodes.get(id);
  }

  /** Resolves when the services are known; throws why they are not. */
  listed(): Promise<void> {
    return this.#sight.listed();
  }

  /** Looks at one service now, and takes it in as it is; `undefined` when it is nobody's. */
  look(serviceId: string): Promise<ServiceView | undefined> {
    const { calls, roster, locks } = this.#parts;
    const options = { signal: this.#sight.signal };
    // One look after another, so that an older one never overwrites a newer one.
    return locks.run('look', async () => {
      const service = await calls.service(serviceId, options);
      const tasks = service && this.#isSelected(service) ? await calls.tasks([serviceId], options) : undefined;
      if (service && tasks) {
        await this.#meet(tasks);
        return roster.take(service, tasks, await calls.paused(options));
      }
      roster.drop(serviceId);
      return undefined;
    });
  }

  /** One connection, from the list to its end. */
  async #live(listed: () => void): Promise<void> {
    const { engine, calls } = this.#parts;
    const connection = new AbortController();
    const signal = AbortSignal.any([this.#sight.signal, connection.signal]);
    await engine.connect({ signal });
    this.#nodeId = await calls.manager({ signal });
    // Listening begins before the listing, so that nothing falls between the two.
    const stream = await engine.events({ type: ['service', 'container'], event: events }, {}, { signal });
    const onAbort = (): void => void stream.destroy();
    signal.addEventListener('abort', onAbort);
    let looking: Promise<void> = Promise.resolve();
    try {
      await this.#lookAtAll();
      listed();
      looking = this.#keepLooking(signal);
      await Promise.race([looking, this.#hear(eventsOf(stream))]);
    } finally {
      connection.abort();
      signal.removeEventListener('abort', onAbort);
      stream.destroy();
      await looking.catch(() => undefined);
    }
  }

  async #hear(stream: AsyncIterable<EngineEvent>): Promise<void> {
    for await (const { type, id, attributes } of stream) {
      const serviceId = type === 'service' ? id : attributes[serviceLabel];
      if (serviceId !== undefined) this.#vigil.stir(serviceId);
    }
  }

  async #keepLooking(signal: AbortSignal): Promise<void> {
    const { clock, roster } = this.#parts;
    for (let pollAt = clock.monotonic() + pollMs; ;) {
      await this.#vigil.until(pollAt, signal);
      signal.throwIfAborted();
      if (clock.monotonic() >= pollAt) {
        const settled = new Set(
          roster
            .services()
            .filter((seen) => !isUnsettled(seen))
            .map(({ service }) => service.ID),
        );
        for (const seen of await this.#lookAtAll())
          if (isUnsettled(seen) && settled.has(seen.service.ID)) this.#vigil.stir(seen.service.ID);
        pollAt = clock.monotonic() + pollMs;
      }
      for (const serviceId of this.#vigil.due()) {
        const seen = await this.look(serviceId);
        if (seen) this.#vigil.looked(serviceId, isUnsettled(seen));
        else this.#vigil.forget(serviceId);
      }
    }
  }

  #lookAtAll(): Promise<readonly ServiceView[]> {
    const { calls, roster, locks } = this.#parts;
    const options = { signal: this.#sight.signal };
    return locks.run('look', async () => {
      const { services, tasks } = await this.#list();
      this.#nodes = nodesById(await calls.nodes(options));
      const paused = await calls.paused(options);
      const present = new Set(services.map(({ ID }) => ID));
      for (const { service } of roster.services()) if (!present.has(service.ID)) roster.drop(service.ID);
      const seen: ServiceView[] = [];
      for (const service of services) {
        const own = tasks.filter(({ ServiceID }) => ServiceID === service.ID);
        const view = await roster.take(service, own, paused);
        if (view) seen.push(view);
      }
      return seen;
    });
  }

  async #list(): Promise<{ services: readonly ServiceFacts[]; tasks: readonly TaskFacts[] }> {
    const { calls, select } = this.#parts;
    const options = { signal: this.#sight.signal };
    if (select.length === 0) return { services: [], tasks: [] };
    for (let tries = 1; tries <= listsMax; tries += 1) {
      const services = (await calls.services({ label: [...select] }, options)).filter((one) => this.#isSelected(one));
      const ids = services.map(({ ID }) => ID);
      const tasks = ids.length === 0 ? [] : await calls.tasks(ids, options);
      if (tasks) return { services, tasks };
    }
    throw new EngineError('list tasks: services go while they are listed', { lost: false });
  }

  /** A node that has joined the swarm, or is perhaps lost, is looked at before its tasks are judged. */
  async #meet(tasks: readonly TaskFacts[]): Promise<void> {
    const isNews = tasks.some(
      (task) =>
        (task.NodeID ?? '') !== '' && (!this.#nodes.has(task.NodeID ?? '') || !(isWanted(task) || isOver(task))),
    );
    if (isNews) this.#nodes = nodesById(await this.#parts.calls.nodes({ signal: this.#sight.signal }));
  }

  #isSelected(service: ServiceFacts): boolean {
    return selects(this.#parts.select, service.Spec.Labels ?? {});
  }
}
