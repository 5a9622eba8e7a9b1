import type {
  AnyGuardEvent,
  Clock,
  Contributions,
  GuardApi,
  Notifier,
  Orchestrator,
  PluginManifest,
  StateStore,
} from '../contracts/index.ts';
import { apiVersion, definePlugin, invariant } from '../contracts/index.ts';
import { assembleGuard } from '../di/create-guard.ts';
import { coreVersion } from '../plugins/check-manifest.ts';
import type { AgentId, Incident, TimelineEntry } from '../model/index.ts';
import type { MemoryPlace } from '../replay/memory-place.ts';
import { memoryPlace } from '../replay/memory-place.ts';
import { MemoryStateStore } from '../state/index.ts';
import type { InstanceSource, SimulatedFleetOptions } from './simulated-fleet.ts';
import { SimulatedFleet } from './simulated-fleet.ts';
import type { RecordingLogger } from './rig.ts';
import { recordingLogger } from './rig.ts';
import type { VirtualClock } from './virtual-clock.ts';
import { createVirtualClock } from './virtual-clock.ts';

/** An orchestrator whose agents can be simulated. */
export type SimulatedOrchestrator = Orchestrator &
  InstanceSource & {
    /** Whose clock the deadlines it is given are moments of. */
    goBy?(guard: Pick<Clock, 'now'>): void;
  };

export interface GuardRigOptions {
  readonly orchestrator: (clock: VirtualClock) => SimulatedOrchestrator;
  readonly agents: readonly AgentId[];
  readonly groupOf: (agentId: AgentId) => string;
  /** Called `pager` in the config. [none] */
  readonly notifier?: Notifier;
  /** Config beside plugins and store, in the shape of the file. */
  readonly config?: object;
  readonly seed?: number;
  readonly heartbeatMs?: number;
  readonly lossOf?: () => boolean;
  readonly delayOf?: () => number;
  /** An isolated agent is out of reach for the guard as well. [it is not] */
  readonly isolationCuts?: boolean;
  /** How fast agents leak, and where it ends. */
  readonly leak?: SimulatedFleetOptions['leak'];
  /** Detectors beside the built-in ones; in the config they are `world/<name>`. */
  readonly detectors?: Contributions<unknown>['detectors'];
  /** Hears every event of the guard that lives. */
  readonly onEvent?: (event: AnyGuardEvent) => void;
  /** Keeps a record of every life of the guard, in `records`. */
  readonly record?: boolean;
  /** Puts something between the guard and its store, for instance faults. [nothing] */
  readonly storeOf?: (inner: StateStore, clock: VirtualClock) => StateStore;
}

/**
 * A whole guard on a virtual clock, with a store that outlives it and a fleet that can suffer. `crash` drops the guard
 * as SIGKILL does; `boot` makes a new one on the same store and world.
 */
export interface GuardRig {
  readonly clock: VirtualClock;
  readonly fleet: SimulatedFleet;
  readonly log: RecordingLogger;
  readonly events: readonly AnyGuardEvent[];
  readonly store: StateStore;
  /** A record of each life, if records are kept. */
  readonly records: readonly MemoryPlace[];
  /** The guard that runs now. */
  guard(): GuardApi;
  boot(): Promise<void>;
  crash(): void;
  stop(): Promise<void>;
  /** Newest first. */
  incidents(): Promise<readonly Incident[]>;
  timeline(incident: Incident): Promise<readonly TimelineEntry[]>;
  /** Advances until `done` says so, at most `forMs`; says whether it came to be. */
  until(done: () => boolean | Promise<boolean>, forMs: number, stepMs?: number): Promise<boolean>;
}

const storePlugin = 'rig-store';
const worldPlugin = 'rig-world';
const pagerPlugin = 'rig-pager';
const approvalKey = new Uint8Array(32).fill(7);

export async function createGuardRig(options: GuardRigOptions): Promise<GuardRig> {
  const rig = new VirtualGuardRig(options);
  await rig.boot();
  return rig;
}

class VirtualGuardRig implements GuardRig {
  readonly clock = createVirtualClock();
  readonly log = recordingLogger();
  readonly events: AnyGuardEvent[] = [];
  readonly records: MemoryPlace[] = [];
  readonly store: StateStore;
  readonly fleet: SimulatedFleet;
  readonly #options: GuardRigOptions;
  readonly #orchestrator: SimulatedOrchestrator;
  #boots = 0;
  #guard: GuardApi | undefined;
  /** Shared with everything the guard holds of store and world; false cuts its hands. */
  #alive = { is: false };

  constructor(options: GuardRigOptions) {
    this.#options = options;
    const memory = new MemoryStateStore(this.clock);
    this.store = options.storeOf?.(memory, this.clock) ?? memory;
    this.#orchestrator = options.orchestrator(this.clock);
    this.fleet = new SimulatedFleet({
      clock: this.clock,
      agents: options.agents,
      source: this.#orchestrator,
      groupOf: options.groupOf,
      heartbeatMs: options.heartbeatMs ?? 2_000,
      ...(options.lossOf ? { lossOf: options.lossOf } : {}),
      ...(options.delayOf ? { delayOf: options.delayOf } : {}),
      ...(options.leak ? { leak: options.leak } : {}),
      ...(options.isolationCuts ? { isolationCuts: true } : {}),
    });
  }

  guard(): GuardApi {
    invariant(this.#guard, 'the rig is booted before its guard is used');
    return this.#guard;
  }

  async boot(): Promise<void> {
    this.#boots += 1;
    const alive = { is: true };
    const guard = await this.#assemble(alive);
    guard.onAny((event) => {
      if (!alive.is) return;
      this.events.push(event);
      this.#options.onEvent?.(event);
    });
    this.#alive = alive;
    this.#guard = guard;
    await guard.start();
    // It may have been killed while it started.
    if (alive.is) this.fleet.attach(guard);
  }

  crash(): void {
    this.fleet.attach(undefined);
    this.#alive.is = false;
    this.records.at(-1)?.cut();
    this.guard()
      .stop()
      .catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.fleet.attach(undefined);
    const stopped = this.guard().stop();
    await this.clock.advance(20_000);
    await stopped;
  }

  async incidents(): Promise<readonly Incident[]> {
    return (await this.guard().incidents.list({ limit: 1_000 })).items;
  }

  timeline(incident: Incident): Promise<readonly TimelineEntry[]> {
    return this.guard().incidents.timeline(incident.id);
  }

  async until(done: () => boolean | Promise<boolean>, forMs: number, stepMs = 500): Promise<boolean> {
    for (let passed = 0; passed < forMs; passed += stepMs) {
      if (await done()) return true;
      await this.clock.advance(stepMs);
    }
    return done();
  }

  #assemble(alive: { readonly is: boolean }): Promise<GuardApi> {
    const { config, seed = 1, record, notifier } = this.#options;
    const place = record === true ? memoryPlace() : undefined;
    if (place) this.records.push(place);
    return assembleGuard(
      {
        ...config,
        plugins: { world: { use: worldPlugin }, ...(notifier ? { pager: { use: pagerPlugin } } : {}) },
        store: { use: storePlugin },
      },
      {
        clock: this.clock,
        seed: `${seed}/${this.#boots}`,
        ...(place ? { record: place } : {}),
        logger: this.log,
        prober: this.fleet,
        agentClient: this.fleet,
        // The key outlives the guard, as the store does.
        approvalKey,
        plugins: {
          [storePlugin]: plugin(storePlugin, { stateStores: { memory: () => severable(this.store, alive) } }),
          ...(notifier ? { [pagerPlugin]: plugin(pagerPlugin, { notifiers: { pager: () => notifier } }) } : {}),
          [worldPlugin]: plugin(worldPlugin, {
            orchestrators: {
              world: ({ clock }) => {
                this.#orchestrator.goBy?.(clock);
                return severable(this.#orchestrator, alive);
              },
            },
            ...(this.#options.detectors ? { detectors: this.#options.detectors } : {}),
          }),
        },
      },
    );
  }
}

function plugin(name: string, contributes: PluginManifest['contributes']): PluginManifest {
  return definePlugin({
    name,
    version: coreVersion(),
    apiVersion,
    coreRange: '*',
    configSchema: { type: 'object', additionalProperties: false, properties: {} },
    contributes,
  });
}

/** Passes every call through while its guard lives; afterwards nothing reaches the world, and nothing comes back. */
function severable<T extends object>(target: T, alive: { readonly is: boolean }): T {
  const never = new Promise<never>(() => undefined);
  return new Proxy(target, {
    get: (whole, key) => {
      const value: unknown = Reflect.get(whole, key, whole);
      if (typeof value !== 'function') return value;
      // Stopping the rig's store or world is the rig's business: they outlive the guard.
      if (key === 'stop' || key === 'start') return async () => undefined;
      return (...given: unknown[]) => {
        if (!alive.is) return never;
        const result: unknown = value.apply(whole, given);
        return result instanceof Promise ? result.then((answer: unknown) => (alive.is ? answer : never)) : result;
      };
    },
  });
}
