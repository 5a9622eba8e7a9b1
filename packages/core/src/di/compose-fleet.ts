import type { AgentView } from '../contracts/index.ts';
import { belongsTo, Detection } from '../detection/index.ts';
import { Fleet, FleetControlPlane } from '../fleet/index.ts';
import {
  Collector,
  CommandProber,
  EndpointPolicy,
  HttpProber,
  ProbeScheduler,
  SelfDoubt,
} from '../monitoring/index.ts';
import { FleetSight } from '../pipeline/members/fleet-sight.ts';
import { Members } from '../pipeline/members/members.ts';
import { Settle } from '../pipeline/settle.ts';
import { TlsTrust } from '../runtime/index.ts';
import { tapProber } from '../replay/prober-tap.ts';
import { keys } from '../state/index.ts';
import type { Provider, Scope } from './container.ts';
import { core } from './core-tokens.ts';
import type { Inputs } from './inputs.ts';

/** Who is in the fleet, what is heard and asked of it, and what that means. */
export function composeFleet(scope: Scope, { prober, baseDir, recording }: Inputs): void {
  scope.provide(core.fleet, (at) => new Fleet({ policyOf: at.get(core.config).policyOf, clock: at.get(core.clock) }));
  scope.provide(core.controlPlane, (at) =>
    at.get(core.registry).get('controlPlanes', at.get(core.config).config.controlPlane),
  );
  scope.provide(
    core.collector,
    (at) =>
      new Collector({
        fleet: at.get(core.fleet),
        clock: at.get(core.clock),
        metrics: at.get(core.metrics),
        isToBeTold: (slot, said) => {
          const agent = at.get(core.fleet).agent(slot)?.agent;
          return agent !== undefined && at.get(core.roles).isToBeTold(agent.group, agent.id, said);
        },
      }),
  );
  scope.provide(
    core.endpoints,
    (at) => new EndpointPolicy({ allowedNetworks: at.get(core.config).config.allowedNetworks }),
  );
  scope.provide(core.tlsTrust, (at) => new TlsTrust(at.get(core.clock), baseDir));
  scope.provide(core.prober, (at) => {
    const asks =
      prober ??
      new HttpProber({ clock: at.get(core.clock), policy: at.get(core.endpoints), trust: at.get(core.tlsTrust) });
    return recording ? tapProber(recording.recorder, asks) : asks;
  });
  scope.provide(core.doubt, makeDoubt);
  scope.provide(
    core.probes,
    (at) =>
      new ProbeScheduler({
        fleet: at.get(core.fleet),
        clock: at.get(core.clock),
        random: at.get(core.random).fork('probes'),
        log: at.get(core.log),
        metrics: at.get(core.metrics),
        prober: at.get(core.prober),
        commands: makeCommandProber(at),
        doubt: at.get(core.doubt),
        report: (signal) => void at.get(core.collector).ingest(signal),
      }),
  );
  scope.provide(core.detection, makeDetection);
  scope.provide(core.sight, (at) => {
    return new FleetSight({
      fleet: at.get(core.fleet),
      detection: at.get(core.detection),
      collector: at.get(core.collector),
      clock: at.get(core.clock),
      isFollowed: (orchestrator) => at.get(core.settle).isFollowed(orchestrator),
      heard: (slot) => at.get(core.members).heard(slot),
    });
  });
  scope.provide(core.members, makeMembers);
  scope.provide(core.settle, makeSettle);
}

function makeCommandProber(at: Provider): CommandProber {
  const registry = at.get(core.registry);
  return new CommandProber({
    clock: at.get(core.clock),
    log: at.get(core.log),
    orchestrator: (name) => registry.find('orchestrators', name),
  });
}

/** Canaries are named in the config, so that they may be called wherever they are. */
function makeDoubt(at: Provider): SelfDoubt {
  return new SelfDoubt({
    clock: at.get(core.clock),
    metrics: at.get(core.metrics),
    settings: at.get(core.config).config.selfDoubt,
    ask: (url, timeoutMs, signal) => {
      const { pathname, search, origin } = new URL(url);
      const request = { agentId: 'canary', at: { endpoint: origin, source: 'config' }, probe: 'health' } as const;
      return at.get(core.prober).probe({ ...request, path: pathname + search, timeoutMs }, signal);
    },
    readStore: () => at.get(core.store).get(keys.meta),
    degraded: (what, why) => at.get(core.degradations).set(what, why),
  });
}

function makeDetection(at: Provider): Detection {
  const registry = at.get(core.registry);
  return new Detection({
    detectors: new Map(registry.names('detectors').map((name) => [name, registry.get('detectors', name)])),
    aliases: (name) => [...registry.aliases('detectors', name), ...(belongsTo[name] ?? [])],
    fleet: at.get(core.fleet),
    clock: at.get(core.clock),
    log: at.get(core.log),
    metrics: at.get(core.metrics),
    stallMs: Math.max(1_000, 5 * at.get(core.config).config.tickMs),
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
    isOrchestrator: (name) => at.get(core.registry).has('orchestrators', name),
    reset: (slot) => at.get(core.pipeline).reset(slot),
    begunAnew: (slot) => at.get(core.collector).countAnew(slot),
    changed: (slot) => at.get(core.pipeline).reachable(slot),
    announce: (change) => {
      const controlPlane = at.get(core.controlPlane);
      if (controlPlane instanceof FleetControlPlane) controlPlane.announce(change);
    },
    removed: (slot, agent) => {
      at.get(core.pipeline).removed(slot, agent);
      // It stays in the store, by its id, for when the agent comes back (R09).
      if (!at.get(core.incidentLog).openFor(agent.id)) at.get(core.budgets).forget(agent.id);
    },
    ended: (agentId, instanceId) => {
      const detail = 'it had ended before another was started in its place';
      at.get(core.collector).ingest({ kind: 'lifecycle', agentId, instanceId, event: 'died', detail });
    },
    sync: (agentId) => at.get(core.reflection).sync(agentId),
  });
}

function makeSettle(at: Provider): Settle {
  const fleet = at.get(core.fleet);
  return new Settle({
    clock: at.get(core.clock),
    graceMs: () => {
      const { policyOf } = at.get(core.config);
      let longestMs = 0;
      for (const group of fleet.groups())
        longestMs = Math.max(longestMs, policyOf({ id: '', group, labels: {} }).gate.settleMs);
      return longestMs;
    },
    someUnseen: (orchestrator, sinceMs) => {
      // One that cannot be asked anything is heard of when it speaks.
      const sight = at.get(core.sight);
      const unseen = (slot: number, { agent }: AgentView): boolean =>
        agent.orchestrator === orchestrator && sight.isUnseen(slot, sinceMs);
      return fleet.list(undefined, 1, unseen).length > 0;
    },
  });
}
