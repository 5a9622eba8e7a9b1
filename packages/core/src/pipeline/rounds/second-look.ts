import { setMaxListeners } from 'node:events';
import type { AgentSlot, Clock, Logger, Orchestrator } from '../../contracts/index.ts';
import { messageOf } from '../../contracts/index.ts';
import type { Fleet } from '../../fleet/index.ts';
import type { Agent, Ms } from '../../model/index.ts';
import { withDeadline } from '../../runtime/deadline.ts';

/** Looks at once, over the fleet. Of more agents than that something else is known than each of them alone could tell. */
const concurrency = 16;
/** A look that takes longer is given up. */
const lookWithinMs: Ms = 5_000;

export interface SecondLookOptions {
  readonly fleet: Pick<Fleet, 'agent'>;
  readonly clock: Clock;
  readonly log: Logger;
  orchestrator(name: string): Orchestrator | undefined;
}

/**
 * Asks the orchestrator of a suspected agent to look at it now, where it can: what it knows, and no event has told yet, is a
 * second kind of evidence beside what the guard itself has seen.
 */
export class SecondLook {
  readonly #o: SecondLookOptions;
  readonly #stop = new AbortController();
  readonly #running = new Map<AgentSlot, Promise<void>>();

  constructor(options: SecondLookOptions) {
    this.#o = options;
    setMaxListeners(0, this.#stop.signal);
  }

  look(slot: AgentSlot): void {
    const agent = this.#o.fleet.agent(slot)?.agent;
    const orchestrator = agent?.orchestrator === undefined ? undefined : this.#o.orchestrator(agent.orchestrator);
    if (!agent || !orchestrator?.look || this.#stop.signal.aborted) return;
    if (this.#running.has(slot) || this.#running.size >= concurrency) return;
    const looking = this.#look(agent, orchestrator).finally(() => this.#running.delete(slot));
    this.#running.set(slot, looking);
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('the guard stops', 'AbortError'));
    await Promise.all(this.#running.values());
  }

  async #look({ id, instance }: Agent, orchestrator: Orchestrator): Promise<void> {
    if (!instance) return;
    const call = { what: `A look at agent ${id}`, signal: this.#stop.signal };
    const look = async (signal: AbortSignal): Promise<void> =>
      orchestrator.look?.(instance, id, { signal, traceId: `look/${id}` });
    try {
      await withDeadline(this.#o.clock, look, lookWithinMs, call);
    } catch (thrown) {
      if (!this.#stop.signal.aborted)
        this.#o.log.debug({ agentId: id, err: messageOf(thrown) }, 'a suspected agent could not be looked at');
    }
  }
}
