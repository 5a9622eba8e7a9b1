import type { Clock, InventoryEvent } from '../../contracts/index.ts';
import type { Agent, AgentId, Instance, Ms } from '../../model/index.ts';

/** What the guard has to have noticed after this, if it runs and follows the inventory. */
export const sweepMs: Ms = 10_000;

interface Page {
  state: Instance['state'];
  stateMs: Ms;
  rollout: Agent['rollout'];
  rolloutMs: Ms;
}

/**
 * What is true of the world and since when, by the monotonic clock, told by the world itself; and whether the guard had
 * the time to know of it.
 */
export class WorldBook {
  readonly #clock: Clock;
  readonly #pages = new Map<AgentId, Page>();
  /** When the guard was started last. */
  bootedMs: Ms = 0;
  /** Since when the guard follows the inventory. */
  #inSightMs: Ms | undefined;
  /** When the wall clock was set last. */
  #steppedMs: Ms = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  hear(event: InventoryEvent): void {
    if (event.type !== 'present') return;
    const { id, rollout, instance } = event.agent;
    const now = this.#clock.monotonic();
    const page = this.#pages.get(id);
    const state = instance?.state ?? 'running';
    if (!page) this.#pages.set(id, { state, stateMs: now, rollout, rolloutMs: now });
    else {
      if (page.state !== state) [page.state, page.stateMs] = [state, now];
      if (page.rollout !== rollout) [page.rollout, page.rolloutMs] = [rollout, now];
    }
  }

  /** The guard was started. */
  booted(): void {
    this.bootedMs = this.#clock.monotonic();
  }

  /** The guard has read the inventory and follows it, or no longer does. */
  inSight(is: boolean): void {
    this.#inSightMs = is ? this.#clock.monotonic() : undefined;
  }

  /** Somebody set the wall clock. */
  stepped(): void {
    this.#steppedMs = this.#clock.monotonic();
  }

  /** The wall clock was set since then. */
  isSteppedSince(ms: Ms): boolean {
    return this.#steppedMs >= ms;
  }

  get isInSight(): boolean {
    return this.#inSightMs !== undefined;
  }

  /** Since when the instance of the agent is in one of these states; `undefined`: it is in another. */
  since(agentId: AgentId, ...states: readonly Instance['state'][]): Ms | undefined {
    const page = this.#pages.get(agentId);
    return page && states.includes(page.state) ? page.stateMs : undefined;
  }

  /** Since when a rollout of the agent's group is under way. */
  rollingSince(agentId: AgentId): Ms | undefined {
    const page = this.#pages.get(agentId);
    return page?.rollout === undefined ? undefined : page.rolloutMs;
  }

  /** From when on the guard has to know what is so since then; `undefined`: it need not know it at all. */
  knownFrom(sinceMs: Ms): Ms | undefined {
    if (this.#inSightMs === undefined) return undefined;
    return Math.max(sinceMs, this.#inSightMs, this.bootedMs) + sweepMs;
  }
}
