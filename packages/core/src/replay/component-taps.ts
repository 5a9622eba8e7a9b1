import type { Kind, Kinds, Notifier, Orchestrator, SignalSource } from '../contracts/index.ts';
import { messageOf } from '../contracts/index.ts';
import type { DiscoveredAgent, InventoryEvent } from '../contracts/index.ts';
import type { AgentId, JsonObject } from '../model/index.ts';
import { callNames } from './ports.ts';
import type { RecordedOrchestrator } from './record-format.ts';
import type { Recorder } from './recorder.ts';
import { tapped } from './tapped.ts';

/** Calls of an orchestrator that may be left out. */
const optionalCalls = ['evidence', 'logs', 'exec'] as const;

/** Taps what plugins bring, as they are made, and remembers of it what the head of a segment tells. */
export class ComponentTaps {
  readonly #recorder: Recorder;
  readonly #orchestrators = new Map<string, Orchestrator>();
  readonly #notifiers = new Map<string, Notifier>();
  /** Who was listed last, by orchestrator: what a segment that begins in the middle has to tell. */
  readonly #present = new Map<string, Map<AgentId, DiscoveredAgent>>();
  /** Orchestrators whose first listing was complete, with the number of their present listing. */
  readonly #listings = new Map<string, { n: number; synced: boolean }>();

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** The contribution as the engine gets it. */
  tap<K extends Kind>(kind: K, name: string, made: Kinds[K]): Kinds[K] {
    if (kind === 'orchestrators') return this.#orchestrator(name, made as Orchestrator) as Kinds[K];
    if (kind === 'notifiers') return this.#notifier(name, made as Notifier) as Kinds[K];
    if (kind === 'signalSources') return this.#source(made as SignalSource) as Kinds[K];
    return made;
  }

  orchestrators(): { readonly [name: string]: RecordedOrchestrator } {
    const described = [...this.#orchestrators].map(([name, whole]) => {
      const can = optionalCalls.filter((call) => whole[call] !== undefined);
      return [name, { supports: whole.supports, can }] as const;
    });
    return Object.fromEntries(described);
  }

  notifiers(): { readonly [name: string]: { readonly threads: boolean } } {
    return Object.fromEntries([...this.#notifiers].map(([name, { supports }]) => [name, { ...supports }]));
  }

  /** What the inventories said so far, as the lines of a segment that begins now. */
  inventory(): readonly ({ readonly k: string } & JsonObject)[] {
    return [...this.#listings].flatMap(([o, { n, synced }]) => {
      const agents = [...(this.#present.get(o)?.values() ?? [])];
      const events: InventoryEvent[] = agents.map((agent) => ({ type: 'present', agent }));
      if (synced) events.push({ type: 'synced' });
      return events.map((e) => ({ k: 'inv', o, n, e: e as unknown as JsonObject }));
    });
  }

  #orchestrator(name: string, inner: Orchestrator): Orchestrator {
    const recorder = this.#recorder;
    this.#orchestrators.set(name, inner);
    return tapped(inner, {
      inventory: (call) => this.#listing(name, inner.inventory(call)),
      prepare: (action, key, call) =>
        recorder.call({ about: callNames.prepare(name, action), begin: true }, () => inner.prepare(action, key, call)),
      execute: (intent, grant, call) =>
        recorder.call({ about: callNames.execute(name, intent), begin: true }, () =>
          inner.execute(intent, grant, call),
        ),
      reconcile: (intent, call) =>
        recorder.call({ about: callNames.reconcile(name, intent), begin: true }, () => inner.reconcile(intent, call)),
      evidence: (instance, agentId, call) =>
        recorder.call({ about: callNames.evidence(name, agentId), begin: true }, async () =>
          (inner.evidence as NonNullable<Orchestrator['evidence']>).call(inner, instance, agentId, call),
        ),
      logs: (instance, agentId, after, call) =>
        recorder.call({ about: callNames.logs(name, agentId) }, async () =>
          (inner.logs as NonNullable<Orchestrator['logs']>).call(inner, instance, agentId, after, call),
        ),
      exec: (instance, argv, call) =>
        recorder.call({ about: callNames.exec(name, instance, argv) }, async () =>
          (inner.exec as NonNullable<Orchestrator['exec']>).call(inner, instance, argv, call),
        ),
    });
  }

  async *#listing(o: string, events: AsyncIterable<InventoryEvent>): AsyncGenerator<InventoryEvent> {
    const n = (this.#listings.get(o)?.n ?? 0) + 1;
    const listing = { n, synced: false };
    this.#listings.set(o, listing);
    this.#present.set(o, new Map());
    try {
      for await (const event of events) {
        this.#note(o, event);
        if (event.type === 'synced') listing.synced = true;
        this.#recorder.input({ k: 'inv', o, n, e: event as unknown as JsonObject });
        yield event;
      }
    } catch (thrown) {
      this.#recorder.input({ k: 'inv', o, n, end: messageOf(thrown) || 'failed' });
      throw thrown;
    }
    this.#recorder.input({ k: 'inv', o, n, end: '' });
  }

  #note(o: string, event: InventoryEvent): void {
    const present = this.#present.get(o);
    if (event.type === 'present') present?.set(event.agent.id, event.agent);
    if (event.type === 'removed') present?.delete(event.agentId);
  }

  #notifier(name: string, inner: Notifier): Notifier {
    this.#notifiers.set(name, inner);
    return tapped(inner, {
      deliver: (notice, previous, call) =>
        this.#recorder.call({ about: callNames.deliver(name, notice), begin: true }, () =>
          inner.deliver(notice, previous, call),
        ),
    });
  }

  #source(inner: SignalSource): SignalSource {
    return tapped(inner, {
      watch: (report, call) =>
        inner.watch((signal) => {
          this.#recorder.write({ k: 'sig', d: signal as unknown as JsonObject });
          report(signal);
        }, call),
    });
  }
}
