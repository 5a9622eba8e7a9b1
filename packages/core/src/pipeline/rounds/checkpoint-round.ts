import { setMaxListeners } from 'node:events';
import type { AgentSlot, Clock, Logger, Random } from '../../contracts/index.ts';
import { messageOf } from '../../contracts/index.ts';
import type { Fleet } from '../../fleet/index.ts';
import type { AgentClient, Checkpoints } from '../../recovery/index.ts';
import { TimerWheel } from '../../runtime/timer-wheel.ts';
import type { IncidentLog } from '../incidents/incident-log.ts';
import type { Ownership } from '../ownership.ts';

/** States fetched at once, over the fleet. */
const concurrency = 4;

export interface CheckpointRoundOptions {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly agentClient: AgentClient;
  readonly checkpoints: Checkpoints;
  readonly incidents: IncidentLog;
  readonly ownership: Ownership;
}

/**
 * Asks every agent for its state by the interval of its policy, spread over time, and keeps it. An agent under
 * suspicion is not asked: what it would say must not be restored. One that offers no state is asked no more until its
 * next instance.
 */
export class CheckpointRound {
  readonly #o: CheckpointRoundOptions;
  readonly #wheel: TimerWheel;
  readonly #due: AgentSlot[] = [];
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: CheckpointRoundOptions) {
    this.#o = options;
    setMaxListeners(0, this.#stop.signal);
    this.#wheel = new TimerWheel(options.clock.monotonic());
  }

  /** The agent is new, has a new instance, or can be reached elsewhere. */
  track(slot: AgentSlot): void {
    const everyMs = this.#everyMs(slot);
    if (everyMs === undefined) this.#wheel.cancel(slot);
    else if (this.#wheel.deadline(slot) === undefined) {
      this.#wheel.schedule(slot, this.#o.clock.monotonic() + everyMs * (0.5 + this.#o.random.next() / 2));
    }
  }

  remove(slot: AgentSlot): void {
    this.#wheel.cancel(slot);
  }

  /** Asks those who are due, as many at once as allowed; the rest come with the next tick. */
  tick(nowMs: number): void {
    this.#wheel.due(nowMs, this.#due);
    while (this.#due.length > 0 && this.#running.size < concurrency) {
      const asked = this.#ask(this.#due.shift() as AgentSlot);
      const run: Promise<void> = asked.finally(() => this.#running.delete(run));
      this.#running.add(run);
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('the guard stops', 'AbortError'));
    await Promise.all(this.#running);
  }

  #everyMs(slot: AgentSlot): number | undefined {
    const view = this.#o.fleet.agent(slot);
    const everyMs = view?.policy.checkpoints.everyMs ?? 0;
    return everyMs > 0 && this.#o.fleet.endpointOf(slot) !== undefined ? everyMs : undefined;
  }

  async #ask(slot: AgentSlot): Promise<void> {
    const { fleet, incidents, agentClient, checkpoints, ownership, log } = this.#o;
    const agent = fleet.agent(slot)?.agent;
    const instance = agent?.instance;
    if (!agent || !instance) return;
    try {
      if (!incidents.openFor(agent.id)) {
        const reply = await agentClient.fetchState({ agent, instance }, this.#stop.signal);
        if (!reply.ok && reply.unsupported) return;
        // Suspected while it was asked: its word is worth nothing now.
        if (reply.ok && !incidents.openFor(agent.id)) {
          const { bytes, contentType } = reply.state;
          const fence = ownership.fence(agent.group);
          await checkpoints.save(agent.id, bytes, { contentType, instance: instance.id, fence });
        }
      }
    } catch (thrown) {
      log.warn({ agentId: agent.id, err: messageOf(thrown) }, 'a checkpoint could not be taken');
    }
    if (!this.#stop.signal.aborted && fleet.agent(slot)?.agent.id === agent.id) this.track(slot);
  }
}
