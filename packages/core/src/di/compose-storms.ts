import type { Policy } from '../model/index.ts';
import { noticeOfStorm } from '../notification/index.ts';
import { Ailing } from '../pipeline/storms/ailing.ts';
import { Dependencies } from '../pipeline/storms/dependencies.ts';
import { FleetBreakers } from '../pipeline/storms/fleet-breakers.ts';
import { Partitions } from '../pipeline/storms/partitions.ts';
import { proofMs } from '../pipeline/storms/proof.ts';
import { StormLog } from '../pipeline/storms/storm-log.ts';
import { StormVoice } from '../pipeline/storms/storm-voice.ts';
import { QuietPeers } from '../pipeline/storms/quiet-peers.ts';
import { Storms } from '../pipeline/storms/storms.ts';
import type { Provider, Scope } from './container.ts';
import { core } from './core-tokens.ts';

/** What sees that many failures are one. */
export function composeStorms(scope: Scope): void {
  scope.provide(core.stormLog, makeLog);
  scope.provide(core.dependencies, makeDependencies);
  scope.provide(
    core.ailing,
    (at) =>
      new Ailing({
        clock: at.get(core.clock),
        view: at.get(core.sight),
        openFor: (agentId) => at.get(core.incidentLog).openFor(agentId),
      }),
  );
  scope.provide(core.stormVoice, makeVoice);
  scope.provide(core.storms, makeStorms);
}

function makeLog(at: Provider): StormLog {
  return new StormLog({
    store: at.get(core.store),
    ownership: at.get(core.ownership),
    queue: at.get(core.queue),
    clock: at.get(core.clock),
    log: at.get(core.log),
    noticeOps: (notice) => at.get(core.notifications).opsFor(notice),
    storedStorm: (before, storm, notices) => at.get(core.storms).stored(before, storm, notices),
    storedBreaker: (group) => at.get(core.storms).widened(group),
  });
}

function makeDependencies(at: Provider): Dependencies {
  return new Dependencies({
    clock: at.get(core.clock),
    log: at.get(core.log),
    view: at.get(core.sight),
    openFor: (agentId) => at.get(core.incidentLog).openFor(agentId),
  });
}

function makeStorms(at: Provider): Storms {
  const clock = at.get(core.clock);
  const view = at.get(core.sight);
  const log = at.get(core.stormLog);
  const ailing = at.get(core.ailing);
  const policyOf = (group: string) => policyOfGroup(at, group).gate.breaker;
  const breakers = new FleetBreakers({
    clock,
    log,
    ailing,
    policyOf,
    refresh: (group) => at.get(core.storms).refresh(group),
    isSound: (agentId) => (view.see(agentId)?.soundForMs ?? 0) > 0,
  });
  const quiet = makeQuietPeers(at);
  return new Storms({
    clock,
    log,
    ailing,
    breakers,
    policyOf,
    random: at.get(core.random).fork('storms'),
    bus: at.get(core.bus),
    doubt: at.get(core.doubt),
    partitions: new Partitions(),
    dependencies: at.get(core.dependencies),
    voice: at.get(core.stormVoice),
    incidentLog: at.get(core.incidentLog),
    incidents: () => at.get(core.incidents),
    quietWith: (agentId) => quiet.with(agentId),
    groupSize: (group) => view.groupSize(group),
    fleetSize: () => at.get(core.fleet).size,
    makeNotice: noticeOfStorm,
    accept: (notice) => at.get(core.notifications).accept(notice),
  });
}

function makeQuietPeers(at: Provider): QuietPeers {
  const [fleet, sight] = [at.get(core.fleet), at.get(core.sight)];
  return new QuietPeers({
    clock: at.get(core.clock),
    doubt: at.get(core.doubt),
    slotOf: (agentId) => fleet.slotOf(agentId),
    slots: (group) => (group === undefined ? Array(fleet.slots).keys() : fleet.byGroup(group)),
    size: () => fleet.size,
    heard: (slot) => {
      const view = fleet.agent(slot);
      const heardMs = sight.heardMs(slot);
      const state = view?.agent.instance?.state ?? 'running';
      return view && heardMs !== undefined && state === 'running'
        ? { heardMs, policy: view.policy, group: view.agent.group }
        : undefined;
    },
  });
}

function makeVoice(at: Provider): StormVoice {
  return new StormVoice({
    clock: at.get(core.clock),
    ailing: at.get(core.ailing),
    dependencies: at.get(core.dependencies),
    log: at.get(core.stormLog),
    incidentLog: at.get(core.incidentLog),
    incidents: () => at.get(core.incidents),
    proofMs: (group) => proofMs(policyOfGroup(at, group)),
    makeNotice: noticeOfStorm,
    isQuiet: (agentId, group) => at.get(core.holds).isQuiet(agentId, group),
  });
}

function policyOfGroup(at: Provider, group: string): Policy {
  return at.get(core.config).policyOf({ id: '', group, labels: {} });
}
