import { agentOfLabels, labelProblems } from '../../config/labels.ts';
import type {
  Clock,
  DiscoveredAgent,
  InventoryEvent,
  Logger,
  Orchestrator,
  SignalDraft,
} from '../../contracts/index.ts';
import { messageOf } from '../../contracts/index.ts';
import type { AgentId, EpochMs, Ms } from '../../model/index.ts';
import type { Fleet, FleetChange } from '../../fleet/index.ts';

/** Pause before an inventory that broke off is listed again, in ms: doubled each time up to the last. */
const againMs: readonly Ms[] = [500, 1_000, 2_000, 5_000, 10_000, 30_000];

/** Events of an instance that are older are dropped. */
const lifecycleMaxAgeMs: Ms = 300_000;

export interface InventoryOptions {
  readonly name: string;
  readonly orchestrator: Orchestrator;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly log: Logger;
  changed(change: FleetChange): void;
  /** The orchestrator no longer has the agent. */
  gone(agentId: AgentId): void;
  lifecycle(signal: SignalDraft): void;
  synced(): void;
  /** It broke off; what it said last may be over by now. */
  broken(): void;
  /** The inventory does not work now, or works again. */
  degraded(why: string | undefined): void;
}

/** Follows one orchestrator's inventory for the life of the guard; when it breaks off it is listed anew. */
export class InventoryFeed {
  readonly #o: InventoryOptions;
  readonly #stop = new AbortController();
  /** Problems with the labels of an agent that were logged. */
  readonly #told = new Map<AgentId, string>();
  #run: Promise<void> | undefined;

  constructor(options: InventoryOptions) {
    this.#o = options;
  }

  start(): void {
    this.#run ??= this.#follow();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('the guard stops', 'AbortError'));
    await this.#run;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    for (let broken = 0; !signal.aborted; broken += 1) {
      let why = 'the inventory ended';
      try {
        this.#o.fleet.beginListing(this.#o.name);
        for await (const event of this.#o.orchestrator.inventory({ signal, traceId: `inventory/${this.#o.name}` })) {
          if (event.type === 'synced') broken = 0;
          this.#take(event);
        }
      } catch (thrown) {
        why = messageOf(thrown);
      }
      if (signal.aborted) return;
      this.#o.broken();
      this.#o.degraded(why);
      this.#o.log.warn({ orchestrator: this.#o.name, err: why }, 'the inventory broke off; it is listed again');
      await this.#o.clock.sleep(againMs[Math.min(broken, againMs.length - 1)] as Ms, signal).catch(() => undefined);
    }
  }

  #take(event: InventoryEvent): void {
    const { fleet, name, log } = this.#o;
    try {
      switch (event.type) {
        case 'present':
          this.#o.changed(fleet.upsertDiscovered(this.#described(event.agent), name));
          return;
        case 'removed':
          this.#told.delete(event.agentId);
          this.#o.gone(event.agentId);
          return;
        case 'lifecycle': {
          const { type: kind, at, ...seen } = event;
          if (!this.#isOver(event, at)) this.#o.lifecycle({ kind, ...seen });
          return;
        }
        case 'synced': {
          const { changes, missing } = fleet.synced(name);
          for (const change of changes) this.#o.changed(change);
          for (const agent of missing) this.#o.gone(agent.id);
          this.#o.degraded(undefined);
          this.#o.synced();
        }
      }
    } catch (thrown) {
      // One agent that cannot be taken in (a bad id, a name that another orchestrator uses) keeps no other out.
      log.error(
        { orchestrator: name, event: event.type, err: messageOf(thrown) },
        'an event of the inventory was not taken in',
      );
    }
  }

  /** A replay of what happened long ago says nothing of now (R05), except how the instance ended that is still so. */
  #isOver({ agentId, instanceId }: { readonly agentId: AgentId; readonly instanceId: string }, at?: EpochMs): boolean {
    const { fleet, clock } = this.#o;
    if (at === undefined || clock.now() - at <= lifecycleMaxAgeMs) return false;
    const slot = fleet.slotOf(agentId);
    const instance = slot === undefined ? undefined : fleet.agent(slot)?.agent.instance;
    return !(instance?.id === instanceId && instance.state === 'exited');
  }

  /** What its labels say of the agent, where the orchestrator itself says nothing; unusable labels are told once. */
  #described(agent: DiscoveredAgent): DiscoveredAgent {
    const problems = labelProblems(agent.labels).join('; ');
    if (problems !== (this.#told.get(agent.id) ?? '')) {
      this.#told.set(agent.id, problems);
      if (problems !== '') this.#o.log.warn({ agentId: agent.id, problems }, 'an agent has labels that cannot be used');
    }
    return { ...agentOfLabels(agent.labels), ...agent };
  }
}
