import { setMaxListeners } from 'node:events';
import type { AgentSlot, Clock, LogPage, Logger, Orchestrator, Random, SignalDraft } from '../../contracts/index.ts';
import { messageOf } from '../../contracts/index.ts';
import type { Fleet } from '../../fleet/index.ts';
import type { Agent, InstanceId, Ms } from '../../model/index.ts';
import { errorOfLine } from '../../monitoring/index.ts';
import { withDeadline } from '../../runtime/deadline.ts';
import { TimerWheel } from '../../runtime/timer-wheel.ts';

/** Logs read at once, over the fleet. */
const concurrency = 4;
/** A log that is not given by then is read the next time. */
const readWithinMs: Ms = 10_000;
/** Lines of a page that are looked at, and different errors of it that are passed on. */
const linesMax = 5_000;
const errorsMax = 200;

export interface LogRoundOptions {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  orchestrator(name: string): Orchestrator | undefined;
  ingest(signal: SignalDraft): void;
}

interface Place {
  readonly instanceId: InstanceId;
  /** Since when the instance counts, or lives as it does: the log of one that was started again goes on, its errors do not. */
  readonly sinceMs: Ms;
  readonly next: string;
}

/**
 * Reads what agents write to their logs, where their orchestrator can give it, and passes the errors on as signals: by
 * the interval of the policy, spread over time, and at once when an agent is suspected.
 */
export class LogRound {
  readonly #o: LogRoundOptions;
  readonly #wheel: TimerWheel;
  readonly #due: AgentSlot[] = [];
  readonly #places = new Map<AgentSlot, Place>();
  readonly #stop = new AbortController();
  readonly #running = new Map<AgentSlot, Promise<void>>();

  constructor(options: LogRoundOptions) {
    this.#o = options;
    setMaxListeners(0, this.#stop.signal);
    this.#wheel = new TimerWheel(options.clock.monotonic());
  }

  /** The agent is new, or has a new instance: reading begins with what it writes from now on. */
  track(slot: AgentSlot): void {
    if (this.#everyMs(slot) === undefined) this.#wheel.cancel(slot);
    else if (this.#wheel.deadline(slot) === undefined) this.#wheel.schedule(slot, this.#o.clock.monotonic());
  }

  remove(slot: AgentSlot): void {
    this.#wheel.cancel(slot);
    this.#places.delete(slot);
  }

  /** The agent is suspected: what it writes may say why. */
  hurry(slot: AgentSlot): void {
    if (this.#wheel.deadline(slot) !== undefined) this.#wheel.schedule(slot, this.#o.clock.monotonic());
  }

  tick(nowMs: Ms): void {
    this.#wheel.due(nowMs, this.#due);
    while (this.#due.length > 0 && this.#running.size < concurrency) {
      const slot = this.#due.shift() as AgentSlot;
      if (!this.#running.has(slot))
        this.#running.set(
          slot,
          this.#read(slot).finally(() => this.#running.delete(slot)),
        );
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('the guard stops', 'AbortError'));
    await Promise.all(this.#running.values());
  }

  #everyMs(slot: AgentSlot): Ms | undefined {
    const view = this.#o.fleet.agent(slot);
    const everyMs = view?.policy.errors.logsEveryMs ?? 0;
    const name = view?.agent.orchestrator;
    const orchestrator = name === undefined ? undefined : this.#o.orchestrator(name);
    return everyMs > 0 && orchestrator && 'logs' in orchestrator ? everyMs : undefined;
  }

  async #read(slot: AgentSlot): Promise<void> {
    const { fleet, clock, random, log } = this.#o;
    const agent = fleet.agent(slot)?.agent;
    const everyMs = this.#everyMs(slot);
    if (!agent?.instance || everyMs === undefined) return;
    try {
      await this.#readOf(slot, agent, agent.instance);
    } catch (thrown) {
      if (!this.#stop.signal.aborted)
        log.debug({ agentId: agent.id, err: messageOf(thrown) }, 'a log could not be read');
    }
    if (this.#stop.signal.aborted) return;
    // Another agent has the slot, and was passed over while this one was read.
    if (fleet.agent(slot)?.agent.id !== agent.id) return this.track(slot);
    this.#wheel.schedule(slot, clock.monotonic() + everyMs * (0.9 + random.next() / 5));
  }

  async #readOf(slot: AgentSlot, agent: Agent, instance: NonNullable<Agent['instance']>): Promise<void> {
    const orchestrator = this.#o.orchestrator(agent.orchestrator ?? '');
    if (!orchestrator?.logs) return;
    const sinceMs = this.#o.fleet.agent(slot)?.sinceMs ?? 0;
    const place = this.#places.get(slot);
    const after = place?.instanceId === instance.id && place.sinceMs === sinceMs ? place.next : undefined;
    const call = { what: `The log of agent ${agent.id}`, signal: this.#stop.signal };
    // One that never answers would keep its place, and four of them would end the reading of all logs.
    const page = await withDeadline(
      this.#o.clock,
      async (signal) => orchestrator.logs?.(instance, agent.id, after, { signal, traceId: `logs/${agent.id}` }),
      readWithinMs,
      call,
    );
    if (!page) return;
    // It may have been replaced, started again, or have left while it was read.
    const now = this.#o.fleet.agent(slot);
    if (now?.agent.instance?.id !== instance.id || now.sinceMs !== sinceMs) return;
    this.#places.set(slot, { instanceId: instance.id, sinceMs, next: page.next });
    for (const error of errorsIn(page)) {
      this.#o.ingest({ kind: 'error', agentId: agent.id, instanceId: instance.id, ...error });
    }
  }
}

/** The errors of a page, equal ones together. */
function errorsIn({ lines }: LogPage): Iterable<{ message: string; type?: string; count: number }> {
  const errors = new Map<string, { message: string; type?: string; count: number }>();
  for (const line of lines.slice(-linesMax)) {
    const error = errorOfLine(line);
    if (!error) continue;
    const known = errors.get(error.message);
    if (known) known.count += 1;
    else if (errors.size < errorsMax) errors.set(error.message, { ...error, count: 1 });
  }
  return errors.values();
}
