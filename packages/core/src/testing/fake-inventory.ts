import type { Call, DiscoveredAgent, InventoryEvent } from '../contracts/index.ts';
import { guardError } from '../contracts/index.ts';
import type { Agent, AgentId, EpochMs, GroupId, Instance, LifecycleEvent, Ms } from '../model/index.ts';

/** An agent for a fake to run; what is left out gets a plain value. */
export interface FakeAgent {
  readonly id: AgentId;
  /** [its id] */
  readonly group?: GroupId;
  readonly labels?: { readonly [key: string]: string };
  readonly role?: Agent['role'];
  readonly dependsOn?: readonly AgentId[];
  readonly criticality?: Agent['criticality'];
  /** [none] */
  readonly endpoint?: string;
  /** Its health is checked, which a test tells of. [false] */
  readonly checked?: boolean;
}

/** One agent with its instances: one, or two while a new one lives beside the old. */
export interface Place {
  readonly agent: FakeAgent;
  readonly group: GroupId;
  currentId: string;
  lastGeneration: number;
  isolated: boolean;
  rollout?: Agent['rollout'];
  instances: Instance[];
}

/** The world of a fake orchestrator: agents and instances in memory, told to whoever follows. It outlives `stop`. */
export class FakeInventory {
  readonly #now: () => EpochMs;
  readonly #nameOf: (agentId: AgentId, generation: number) => string;
  readonly #places = new Map<AgentId, Place>();
  /** How instances ended, by their id. */
  readonly #ends = new Map<string, LifecycleFacts>();
  readonly #listeners = new Set<{ hear(event: InventoryEvent): void; end(): void }>();

  constructor(now: () => EpochMs, nameOf: (agentId: AgentId, generation: number) => string) {
    this.#now = now;
    this.#nameOf = nameOf;
  }

  add(agent: FakeAgent): Place {
    const group = agent.group ?? agent.id;
    const place: Place = { agent, group, currentId: '', lastGeneration: 0, isolated: false, instances: [] };
    this.#places.set(agent.id, place);
    const instance = this.born(place, 1);
    place.currentId = instance.id;
    this.present(place);
    return place;
  }

  remove(agentId: AgentId): void {
    if (this.#places.delete(agentId)) this.publish({ type: 'removed', agentId });
  }

  find(agentId: AgentId): Place | undefined {
    return this.#places.get(agentId);
  }

  place(agentId: AgentId): Place {
    const place = this.#places.get(agentId);
    if (!place) throw guardError('GUARD_AGENT_UNKNOWN', { agentId });
    return place;
  }

  /** Whose running instance it is. */
  agentOf(instanceId: string): AgentId | undefined {
    for (const [agentId, { instances }] of this.#places) {
      const instance = instances.find(({ id }) => id === instanceId);
      if (instance) return instance.state === 'running' ? agentId : undefined;
    }
    return undefined;
  }

  members(group: GroupId): readonly Place[] {
    return [...this.#places.values()].filter((place) => place.group === group);
  }

  /** The current instance. */
  current(agentId: AgentId): Instance {
    const place = this.place(agentId);
    return currentOf(place);
  }

  /** A new instance, not yet the current one. */
  born(place: Place, generation: number): Instance {
    const { id, endpoint, checked } = place.agent;
    const instance: Instance = {
      id: this.#nameOf(id, generation),
      generation,
      ref: { fake: `${id}/${generation}` },
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(checked === undefined ? {} : { checked }),
      startedAt: this.#now(),
      state: 'running',
    };
    place.lastGeneration = Math.max(place.lastGeneration, generation);
    place.instances = [...place.instances, instance];
    return instance;
  }

  /** The current instance gives way to a new one. */
  replace(place: Place, generation: number): Instance {
    const oldId = place.currentId;
    const instance = this.born(place, generation);
    place.instances = place.instances.filter((other) => other.id !== oldId);
    place.currentId = instance.id;
    // Who takes its place is in reach again.
    place.isolated = false;
    this.present(place);
    this.lifecycle(place.agent.id, instance.id, { event: 'started' });
    return instance;
  }

  /** Ends an instance that is not the only one; the newest of the rest becomes the current one. */
  retire(place: Place, instanceId: string): void {
    place.instances = place.instances.filter((instance) => instance.id !== instanceId);
    const heir = place.instances.at(-1);
    if (place.currentId !== instanceId || !heir) return;
    place.currentId = heir.id;
    place.isolated = false;
    this.present(place);
  }

  /** Sets what the current instance does, and tells it: a crash, an operator's stop, a return. */
  turn(agentId: AgentId, state: Instance['state'], what: LifecycleFacts): void {
    const { id } = this.#change(agentId, state);
    if (state === 'exited') this.#ends.set(id, what);
    this.present(this.place(agentId));
    this.lifecycle(agentId, id, what);
  }

  /** The current instance is listed in another state, and nothing is told beside that. */
  become(agentId: AgentId, state: Instance['state']): void {
    this.#change(agentId, state);
    this.present(this.place(agentId));
  }

  #change(agentId: AgentId, state: Instance['state']): Instance {
    const place = this.place(agentId);
    const changed = { ...currentOf(place), ...(state === undefined ? {} : { state }) };
    place.instances = place.instances.map((instance) => (instance.id === changed.id ? changed : instance));
    return changed;
  }

  /** A rollout of the group begins, is paused, or is over. */
  roll(group: GroupId, rollout: Agent['rollout']): void {
    for (const place of this.members(group)) {
      if (rollout === undefined) delete place.rollout;
      else place.rollout = rollout;
      this.present(place);
    }
  }

  lifecycle(agentId: AgentId, instanceId: string, what: LifecycleFacts): void {
    this.publish({ type: 'lifecycle', agentId, instanceId, ...what });
  }

  present(place: Place): void {
    this.publish({ type: 'present', agent: discovered(place) });
  }

  publish(event: InventoryEvent): void {
    for (const listener of this.#listeners) listener.hear(event);
  }

  /** Tells somebody everything that happens from now on, at the moment it does. */
  listen(hear: (event: InventoryEvent) => void): void {
    this.#listeners.add({ hear, end: () => undefined });
  }

  /** Ends every iteration. */
  close(): void {
    for (const listener of this.#listeners) listener.end();
  }

  /** An agent as it is listed; of an instance that has ended it is told how. */
  #listed(place: Place): readonly InventoryEvent[] {
    const { id, state } = currentOf(place);
    const present: InventoryEvent = { type: 'present', agent: discovered(place) };
    const end = state === 'exited' ? this.#ends.get(id) : undefined;
    return end ? [present, { type: 'lifecycle', agentId: place.agent.id, instanceId: id, ...end }] : [present];
  }

  /** The listing, `synced`, and what happens from then on. */
  async *follow(call: Call): AsyncGenerator<InventoryEvent> {
    const listing = [...this.#places.values()].flatMap((place) => this.#listed(place));
    const queue: InventoryEvent[] = [...listing, { type: 'synced' }];
    let wake = (): void => undefined;
    const state = { ended: call.signal.aborted };
    const listener = {
      hear: (event: InventoryEvent) => {
        queue.push(event);
        wake();
      },
      end: () => {
        state.ended = true;
        wake();
      },
    };
    this.#listeners.add(listener);
    call.signal.addEventListener('abort', listener.end);
    try {
      while (!state.ended) {
        const event = queue.shift();
        if (event) yield event;
        else await new Promise<void>((resolve) => void (wake = resolve));
      }
    } finally {
      this.#listeners.delete(listener);
      call.signal.removeEventListener('abort', listener.end);
    }
  }
}

export interface LifecycleFacts {
  readonly event: LifecycleEvent;
  readonly exitCode?: number;
  readonly exitSignal?: string;
  /** When `unhealthy` lasts, if it is not taken back. */
  readonly lastsInMs?: Ms;
  readonly detail?: string;
  /** When it happened. [now] */
  readonly at?: EpochMs;
}

function currentOf(place: Place): Instance {
  const current = place.instances.find((instance) => instance.id === place.currentId);
  if (!current) throw guardError('GUARD_INVARIANT', { what: `${place.agent.id} has a current instance` });
  return current;
}

function discovered(place: Place): DiscoveredAgent {
  const { id, labels = {}, role, dependsOn, criticality } = place.agent;
  return {
    id,
    group: place.group,
    labels,
    ...(role === undefined ? {} : { role }),
    ...(dependsOn === undefined ? {} : { dependsOn }),
    ...(criticality === undefined ? {} : { criticality }),
    ...(place.rollout === undefined ? {} : { rollout: place.rollout }),
    instance: currentOf(place),
  };
}
