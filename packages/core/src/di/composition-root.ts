import type { LoadedConfig } from '../config/load.ts';
import type { Clock, Kind, Logger, Metrics, PluginContext, Random } from '../contracts/index.ts';
import { ladderStrategy } from '../decision/ladder-strategy.ts';
import { threatAssessor } from '../decision/threat-assessor.ts';
import { builtInDetectors, Detection } from '../detection/index.ts';
import { Fleet, FleetControlPlane } from '../fleet/index.ts';
import { Ledger } from '../learning/index.ts';
import { Collector, EndpointPolicy, HttpProber, ProbeScheduler } from '../monitoring/index.ts';
import type { Prober } from '../monitoring/index.ts';
import { logNotifier, NotificationRouter } from '../notification/index.ts';
import { Pipeline } from '../pipeline.ts';
import { Degradations } from '../pipeline/degradations.ts';
import { FleetSight } from '../pipeline/fleet-sight.ts';
import { Members } from '../pipeline/members.ts';
import { Ownership } from '../pipeline/ownership.ts';
import { Settle } from '../pipeline/settle.ts';
import { builtIn, Registry } from '../plugins/registry.ts';
import type { AgentClient } from '../recovery/index.ts';
import { Checkpoints, httpAgentClient } from '../recovery/index.ts';
import { EventBus, redact, SerialQueue } from '../runtime/index.ts';
import { keys, MemoryStateStore, namespaced, StoreLeases } from '../state/index.ts';
import { composeDecisions } from './compose-decisions.ts';
import type { Provider, Scope } from './container.ts';
import { createScope } from './container.ts';
import { core } from './core-tokens.ts';

/** What is given to a guard from outside. */
export interface Inputs {
  readonly config: LoadedConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly baseDir: string;
  /** Asks agents another way than over HTTP: in tests and simulations. */
  readonly prober?: Prober;
  readonly agentClient?: AgentClient;
}

/** Where the one container of a guard is filled. Everything is made at its first use. */
export function compose(inputs: Inputs): Scope {
  const scope = createScope();
  scope.provide(core.config, () => inputs.config);
  scope.provide(core.clock, () => inputs.clock);
  scope.provide(core.random, () => inputs.random);
  scope.provide(core.log, () => inputs.log);
  scope.provide(core.metrics, () => inputs.metrics);
  scope.provide(core.bus, (at) => new EventBus({ clock: at.get(core.clock), log: at.get(core.log), metrics: at.get(core.metrics) }));
  scope.provide(core.queue, () => new SerialQueue({ name: 'The decision queue', max: 100_000 }));
  scope.provide(core.degradations, (at) => new Degradations(at.get(core.bus)));
  scope.provide(core.registry, (at) => makeRegistry(at, inputs));
  composeState(scope);
  composeFleet(scope, inputs);
  composeDecisions(scope);
  composeRecovery(scope, inputs);
  scope.provide(core.pipeline, makePipeline);
  return scope;
}

function makeRegistry(at: Provider, { config, baseDir }: Inputs): Registry {
  const configs = new Map(config.plugins.map((plugin) => [plugin.instance, plugin.config]));
  const stopped = new AbortController();
  const registry: Registry = new Registry((instance, kind, name) => {
    const log = at.get(core.log).child({ plugin: instance, contribution: name });
    const owned = kind === 'stateStores' || kind === 'leases';
    const context: PluginContext = {
      instance,
      config: configs.get(instance),
      signal: stopped.signal,
      clock: at.get(core.clock),
      random: at.get(core.random).fork(`plugin/${instance}/${kind}/${name}`),
      log,
      metrics: at.get(core.metrics),
      // A store gets no store, and what it is given of the fleet it does not need at its making.
      ...(owned ? {} : { state: namespaced(at.get(core.store), `plugin/${instance}`) }),
      get fleet() {
        return at.get(core.fleet);
      },
      ...(mayIngest(kind) ? { ingest: (signal) => void at.get(core.collector).ingest(signal) } : {}),
      baseDir,
      guardUrl: () => guardUrl(registry),
    };
    return context;
  });
  registry.register('stateStores', 'memory', ({ clock }) => new MemoryStateStore(clock), builtIn);
  registry.register('assessors', 'threat', () => threatAssessor, builtIn);
  registry.register('strategies', 'ladder', () => ladderStrategy, builtIn);
  registry.register('notifiers', 'log', ({ log, clock }) => logNotifier(log, clock), builtIn);
  registry.register('controlPlanes', 'fleet', () => makeControlPlane(at), builtIn);
  for (const [name, make] of Object.entries(builtInDetectors)) {
    registry.register('detectors', name, ({ fleet }) => make(fleet), builtIn);
  }
  for (const plugin of config.plugins) registry.registerPlugin(plugin);
  return registry;
}

function mayIngest(kind: Kind): boolean {
  return kind === 'signalSources' || kind === 'orchestrators';
}

/** The address of the first surface that has one. */
function guardUrl(registry: Registry): string | undefined {
  for (const name of registry.names('surfaces')) {
    const url = registry.get('surfaces', name).url?.();
    if (url !== undefined) return url;
  }
  return undefined;
}

function makeControlPlane(at: Provider): FleetControlPlane {
  const fleet = at.get(core.fleet);
  return new FleetControlPlane({
    fleet,
    clock: at.get(core.clock),
    isReady: (agentId) => {
      const slot = fleet.slotOf(agentId);
      return slot !== undefined && !at.get(core.detection).status(slot).findings.some((finding) => finding.kind === 'not-ready');
    },
    onChange: (change) => at.get(core.members).changed(change),
  });
}

function composeState(scope: Scope): void {
  scope.provide(core.store, (at) => at.get(core.registry).get('stateStores', at.get(core.config).config.store));
  scope.provide(core.leases, (at) => {
    const { store } = at.get(core.config).config;
    const registry = at.get(core.registry);
    return registry.has('leases', store) ? registry.get('leases', store) : new StoreLeases(at.get(core.store), at.get(core.clock));
  });
  scope.provide(core.ownership, (at) => new Ownership({ leases: at.get(core.leases), clock: at.get(core.clock), log: at.get(core.log) }));
}

function composeFleet(scope: Scope, { prober }: Inputs): void {
  scope.provide(core.fleet, (at) => new Fleet({ policyOf: at.get(core.config).policyOf, clock: at.get(core.clock) }));
  scope.provide(core.controlPlane, (at) => at.get(core.registry).get('controlPlanes', at.get(core.config).config.controlPlane));
  scope.provide(core.collector, (at) => new Collector({ fleet: at.get(core.fleet), clock: at.get(core.clock), metrics: at.get(core.metrics) }));
  scope.provide(core.endpoints, (at) => new EndpointPolicy({ allowedNetworks: at.get(core.config).config.allowedNetworks }));
  scope.provide(
    core.probes,
    (at) =>
      new ProbeScheduler({
        fleet: at.get(core.fleet),
        clock: at.get(core.clock),
        random: at.get(core.random).fork('probes'),
        log: at.get(core.log),
        metrics: at.get(core.metrics),
        prober: prober ?? new HttpProber({ clock: at.get(core.clock), policy: at.get(core.endpoints) }),
        report: (signal) => void at.get(core.collector).ingest(signal),
      }),
  );
  scope.provide(core.detection, makeDetection);
  scope.provide(core.sight, (at) => {
    return new FleetSight({ fleet: at.get(core.fleet), detection: at.get(core.detection), collector: at.get(core.collector), clock: at.get(core.clock) });
  });
  scope.provide(core.members, makeMembers);
  scope.provide(core.settle, makeSettle);
}

function makeDetection(at: Provider): Detection {
  const registry = at.get(core.registry);
  return new Detection({
    detectors: new Map(registry.names('detectors').map((name) => [name, registry.get('detectors', name)])),
    fleet: at.get(core.fleet),
    clock: at.get(core.clock),
    log: at.get(core.log),
    metrics: at.get(core.metrics),
  });
}

function makeMembers(at: Provider): Members {
  return new Members({
    fleet: at.get(core.fleet),
    store: at.get(core.store),
    ownership: at.get(core.ownership),
    incidents: at.get(core.incidentLog),
    bus: at.get(core.bus),
    clock: at.get(core.clock),
    log: at.get(core.log),
    reset: (slot) => at.get(core.pipeline).reset(slot),
    changed: (slot) => at.get(core.probes).track(slot),
    removed: (slot, agent) => at.get(core.pipeline).removed(slot, agent),
    sync: (agentId) => at.get(core.pipeline).sync(agentId),
  });
}

function makeSettle(at: Provider): Settle {
  const fleet = at.get(core.fleet);
  return new Settle({
    clock: at.get(core.clock),
    graceMs: () => Math.max(0, ...[...fleet.groups()].map((group) => at.get(core.config).policyOf({ id: '', group, labels: {} }).gate.settleMs)),
    unseen: () => {
      // One that has an address can be asked; one that has none is heard of when it speaks.
      const sight = at.get(core.sight);
      return fleet.list(undefined, Infinity, (slot) => fleet.endpointOf(slot) !== undefined && !sight.wasSeen(slot)).map((view) => view.agent.id);
    },
  });
}

function composeRecovery(scope: Scope, { agentClient }: Inputs): void {
  const shardOfAgent = (at: Provider) => (agentId: string) => {
    const fleet = at.get(core.fleet);
    const slot = fleet.slotOf(agentId);
    const group = (slot === undefined ? undefined : fleet.agent(slot)?.agent.group) ?? at.get(core.incidentLog).openFor(agentId)?.group;
    return at.get(core.ownership).shard(group ?? '');
  };
  scope.provide(core.ledger, (at) => new Ledger({ store: at.get(core.store), keys, log: at.get(core.log), shardOf: shardOfAgent(at) }));
  scope.provide(core.agentClient, (at) => agentClient ?? makeAgentClient(at));
  scope.provide(
    core.checkpoints,
    (at) =>
      new Checkpoints({
        store: at.get(core.store),
        keys,
        clock: at.get(core.clock),
        random: at.get(core.random).fork('checkpoints'),
        log: at.get(core.log),
        shardOf: shardOfAgent(at),
        policyOf: (agentId) => {
          const fleet = at.get(core.fleet);
          const policy = fleet.agent(fleet.requireSlot(agentId))?.policy;
          return (policy ?? at.get(core.config).policyOf({ id: agentId, group: '', labels: {} })).checkpoints;
        },
      }),
  );
  scope.provide(core.notifications, makeNotifications);
}

function makeAgentClient(at: Provider): AgentClient {
  const fleet = at.get(core.fleet);
  return httpAgentClient({
    clock: at.get(core.clock),
    log: at.get(core.log),
    endpointAllowed: async (endpoint, agent) => {
      const slot = fleet.slotOf(agent.id);
      const source = (slot === undefined ? undefined : fleet.endpointOf(slot)?.source) ?? 'registration';
      const checked = await at.get(core.endpoints).check(agent.id, { endpoint, source });
      return { allowed: true, address: checked.address };
    },
  });
}

function makeNotifications(at: Provider): NotificationRouter {
  const registry = at.get(core.registry);
  const { notifications } = at.get(core.config).config;
  const names = new Set(['log', ...notifications.routes.map((route) => route.to)]);
  const bus = at.get(core.bus);
  return new NotificationRouter({
    notifiers: new Map([...names].map((name) => [name, registry.get('notifiers', name)])),
    routes: notifications.routes,
    retryForMs: notifications.retryForMs,
    store: at.get(core.store),
    keys,
    clock: at.get(core.clock),
    random: at.get(core.random).fork('notices'),
    log: at.get(core.log),
    shardOf: (group) => at.get(core.ownership).shard(group),
    fenceOf: (shard) => at.get(core.ownership).fenceOfShard(shard),
    redact,
    suppressed: (notice) => at.get(core.holds).on(notice.agentId, notice.group)?.maintenance ?? false,
    events: {
      onSent: (notice, notifier, delivery) => void bus.emit('notice.sent', { notice, notifier, delivery }),
      onFailed: (notice, notifier, error) => void bus.emit('notice.failed', { notice, notifier, error }),
      onTold: (notice, notifier) => at.get(core.pipeline).told(notice, notifier),
      onUndelivered: (notice) => at.get(core.degradations).set('notifications', `nobody could be told of ${notice.incidentId}`),
    },
  });
}

function makePipeline(at: Provider): Pipeline {
  return new Pipeline({
    clock: at.get(core.clock),
    log: at.get(core.log),
    bus: at.get(core.bus),
    fleet: at.get(core.fleet),
    collector: at.get(core.collector),
    probes: at.get(core.probes),
    detection: at.get(core.detection),
    sight: at.get(core.sight),
    incidents: at.get(core.incidents),
    incidentLog: at.get(core.incidentLog),
    executor: at.get(core.executor),
    ledger: at.get(core.ledger),
    notifications: at.get(core.notifications),
    controlPlane: at.get(core.controlPlane),
    ownership: at.get(core.ownership),
    degraded: (what, why) => at.get(core.degradations).set(what, why),
  });
}
