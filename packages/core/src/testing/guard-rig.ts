import type { AnyGuardEvent, GuardApi, Orchestrator, PluginManifest, StateStore } from '../contracts/index.ts';
import { apiVersion, definePlugin } from '../contracts/index.ts';
import { assembleGuard } from '../create-guard.ts';
import { coreVersion } from '../plugins/check-manifest.ts';
import type { AgentId, Incident, TimelineEntry } from '../model/index.ts';
import { seededRandom } from '../runtime/index.ts';
import { MemoryStateStore } from '../state/index.ts';
import type { InstanceSource } from './simulated-fleet.ts';
import { SimulatedFleet } from './simulated-fleet.ts';
import type { RecordingLogger } from './rig.ts';
import { recordingLogger } from './rig.ts';
import type { VirtualClock } from './virtual-clock.ts';
import { createVirtualClock } from './virtual-clock.ts';

/** An orchestrator whose agents can be simulated. */
export type SimulatedOrchestrator = Orchestrator & InstanceSource;

export interface GuardRigOptions {
  readonly orchestrator: (clock: VirtualClock) => SimulatedOrchestrator;
  readonly agents: readonly AgentId[];
  readonly groupOf: (agentId: AgentId) => string;
  /** Config beside plugins and store, in the shape of the file. */
  readonly config?: object;
  readonly seed?: number;
  readonly heartbeatMs?: number;
  readonly lossOf?: () => boolean;
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

export async function createGuardRig(options: GuardRigOptions): Promise<GuardRig> {
  const clock = createVirtualClock();
  const orchestrator = options.orchestrator(clock);
  const store = new MemoryStateStore(clock);
  const log = recordingLogger();
  const events: AnyGuardEvent[] = [];
  const fleet = new SimulatedFleet({
    clock,
    agents: options.agents,
    source: orchestrator,
    groupOf: options.groupOf,
    heartbeatMs: options.heartbeatMs ?? 2_000,
    ...(options.lossOf ? { lossOf: options.lossOf } : {}),
  });
  let boots = 0;
  let current: { readonly guard: GuardApi; kill(): void } | undefined;

  const boot = async (): Promise<void> => {
    boots += 1;
    // A guard that was killed does nothing more: its hands on store and world are cut.
    const alive = { is: true };
    const guard = await assembleGuard(
      { ...options.config, plugins: { world: { use: worldPlugin } }, store: { use: storePlugin } },
      {
        clock,
        random: seededRandom(`${options.seed ?? 1}/${boots}`, clock),
        logger: log,
        prober: fleet,
        agentClient: fleet,
        plugins: {
          [storePlugin]: plugin(storePlugin, { stateStores: { memory: () => severable(store, alive) } }),
          [worldPlugin]: plugin(worldPlugin, { orchestrators: { world: () => severable(orchestrator, alive) } }),
        },
      },
    );
    guard.onAny((event) => void (alive.is && events.push(event)));
    current = {
      guard,
      kill: () => {
        alive.is = false;
      },
    };
    const started = guard.start();
    await clock.settle();
    await started;
    fleet.attach(guard);
  };
  await boot();
  const guard = (): GuardApi => (current as NonNullable<typeof current>).guard;
  return {
    clock,
    fleet,
    log,
    events,
    store,
    guard,
    boot,
    crash: () => {
      fleet.attach(undefined);
      current?.kill();
      void guard()
        .stop()
        .catch(() => undefined);
    },
    stop: async () => {
      fleet.attach(undefined);
      const stopped = guard().stop();
      await clock.advance(20_000);
      await stopped;
    },
    incidents: async () => (await guard().incidents.list({ limit: 1_000 })).items,
    timeline: (incident) => guard().incidents.timeline(incident.id),
    until: async (done, forMs, stepMs = 500) => {
      for (let passed = 0; passed < forMs; passed += stepMs) {
        if (await done()) return true;
        await clock.advance(stepMs);
      }
      return done();
    },
  };
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
