import type { Kind, PluginContext, SignalDraft } from '../contracts/index.ts';
import { ladderStrategy } from '../decision/ladder-strategy.ts';
import { threatAssessor } from '../decision/threat-assessor.ts';
import { builtInDetectors } from '../detection/index.ts';
import type { JsonObject } from '../model/index.ts';
import { FleetControlPlane } from '../fleet/index.ts';
import { logNotifier } from '../notification/index.ts';
import { builtIn, Registry } from '../plugins/registry.ts';
import { MemoryStateStore, namespaced } from '../state/index.ts';
import type { Provider } from './container.ts';
import { core } from './core-tokens.ts';
import type { Inputs } from './inputs.ts';

export function makeRegistry(at: Provider, { config, baseDir, recording }: Inputs): Registry {
  const configs = new Map(config.plugins.map((plugin) => [plugin.instance, plugin.config]));
  const stopped = new AbortController();
  const registry: Registry = new Registry(
    (instance, kind, name) => {
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
        get doubt() {
          return at.get(core.doubt);
        },
        ...(mayIngest(kind) ? { ingest: (signal) => report(at, recording, signal) } : {}),
        baseDir,
        guardUrl: () => guardUrl(registry),
      };
      return context;
    },
    recording && ((kind, name, made) => recording.taps.tap(kind, name, made)),
  );
  registry.register('stateStores', 'memory', ({ clock }) => new MemoryStateStore(clock), builtIn);
  registry.register('assessors', 'threat', () => threatAssessor, builtIn);
  registry.register('strategies', 'ladder', () => ladderStrategy, builtIn);
  registry.register('notifiers', 'log', ({ log, clock }) => logNotifier(log, clock), builtIn);
  registry.register('controlPlanes', 'fleet', () => makeControlPlane(at), builtIn);
  for (const [name, make] of Object.entries(builtInDetectors)) {
    registry.register('detectors', name, ({ fleet, doubt }) => make(fleet, doubt), builtIn);
  }
  for (const plugin of config.plugins) registry.registerPlugin(plugin);
  return registry;
}

function report(at: Provider, recording: Inputs['recording'], signal: SignalDraft): void {
  recording?.recorder.write({ k: 'sig', d: signal as unknown as JsonObject });
  at.get(core.collector).ingest(signal);
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
      return (
        slot !== undefined &&
        !at
          .get(core.detection)
          .status(slot)
          .findings.some((finding) => finding.kind === 'not-ready')
      );
    },
    roleOf: ({ id, group }) => at.get(core.roles).statusOf(group, id)?.role,
    onChange: (change) => at.get(core.members).changed(change),
  });
}
