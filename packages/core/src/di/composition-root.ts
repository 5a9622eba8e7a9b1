import { Pipeline } from '../pipeline.ts';
import { Degradations } from '../pipeline/degradations.ts';
import { Ownership } from '../pipeline/ownership.ts';
import { StoreOutage } from '../pipeline/store-outage.ts';
import { Reflection } from '../pipeline/members/reflection.ts';
import { tapStore } from '../replay/store-tap.ts';
import { EventBus, SerialQueue } from '../runtime/index.ts';
import { AuditLog, StoreLeases, timedStore } from '../state/index.ts';
import { composeDecisions } from './compose-decisions.ts';
import { composeFailover } from './compose-failover.ts';
import { composeFleet } from './compose-fleet.ts';
import { composeRecovery } from './compose-recovery.ts';
import { composeRounds } from './compose-rounds.ts';
import { composeStorms } from './compose-storms.ts';
import { makeRegistry } from './compose-registry.ts';
import type { Provider, Scope } from './container.ts';
import { createScope } from './container.ts';
import { core } from './core-tokens.ts';
import type { Inputs } from './inputs.ts';

/** Where the one container of a guard is filled. Everything is made at its first use. */
export function compose(inputs: Inputs): Scope {
  const scope = createScope();
  scope.provide(core.config, () => inputs.config);
  scope.provide(core.clock, () => inputs.clock);
  scope.provide(core.random, () => inputs.random);
  scope.provide(core.log, () => inputs.log);
  scope.provide(core.metrics, () => inputs.metrics);
  scope.provide(
    core.bus,
    (at) => new EventBus({ clock: at.get(core.clock), log: at.get(core.log), metrics: at.get(core.metrics) }),
  );
  scope.provide(core.queue, () => new SerialQueue({ name: 'The decision queue', max: 100_000 }));
  scope.provide(core.degradations, (at) => new Degradations(at.get(core.bus)));
  scope.provide(core.registry, (at) => makeRegistry(at, inputs));
  const { recording } = inputs;
  if (recording) scope.provide(core.recording, () => recording);
  composeState(scope, inputs);
  composeFleet(scope, inputs);
  composeStorms(scope);
  composeDecisions(scope);
  composeFailover(scope);
  composeRecovery(scope, inputs);
  composeRounds(scope);
  scope.provide(core.reflection, makeReflection);
  scope.provide(core.pipeline, makePipeline);
  return scope;
}

function composeState(scope: Scope, { store: given, recording }: Inputs): void {
  scope.provide(core.store, (at) => {
    const own = given ?? at.get(core.registry).get('stateStores', at.get(core.config).config.store);
    const store = recording ? tapStore(recording.recorder, own) : own;
    // What came while nothing could be written was refused: the fleet is looked at anew, as after a start (R05).
    const outage = new StoreOutage(() => at.get(core.settle).unsettle());
    return timedStore(store, at.get(core.clock), (tookMs, thrown) => {
      at.get(core.doubt).stored(tookMs, thrown);
      outage.heard(thrown);
    });
  });
  scope.provide(core.leases, (at) => {
    const { store } = at.get(core.config).config;
    const registry = at.get(core.registry);
    return registry.has('leases', store)
      ? registry.get('leases', store)
      : new StoreLeases(at.get(core.store), at.get(core.clock));
  });
  scope.provide(
    core.audit,
    (at) =>
      new AuditLog({
        store: at.get(core.store),
        clock: at.get(core.clock),
        shards: () => at.get(core.ownership).shards,
      }),
  );
  scope.provide(
    core.ownership,
    (at) =>
      new Ownership({
        leases: at.get(core.leases),
        clock: at.get(core.clock),
        log: at.get(core.log),
        shared: at.get(core.store).supports.shared,
        lost: (why) => at.get(core.degradations).set('lease', `nothing is done: ${why}`),
        regained: () => {
          // What came while nothing could be written was refused: the fleet is looked at anew, as after a start (R05).
          at.get(core.settle).unsettle();
          at.get(core.degradations).set('lease', undefined);
          at.get(core.pipeline).takeUp();
          at.get(core.pipeline).carryOn();
        },
      }),
  );
}

function makeReflection(at: Provider): Reflection {
  return new Reflection({
    clock: at.get(core.clock),
    log: at.get(core.log),
    fleet: at.get(core.fleet),
    collector: at.get(core.collector),
    probes: at.get(core.probes),
    detection: at.get(core.detection),
    sight: at.get(core.sight),
    roles: at.get(core.roles),
    incidentLog: at.get(core.incidentLog),
    controlPlane: at.get(core.controlPlane),
    ownership: at.get(core.ownership),
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
    leftovers: at.get(core.leftovers),
    ledger: at.get(core.ledger),
    notifications: at.get(core.notifications),
    ownership: at.get(core.ownership),
    checkpointRound: at.get(core.checkpointRound),
    logRound: at.get(core.logRound),
    secondLook: at.get(core.secondLook),
    memoryRound: at.get(core.memoryRound),
    departedRound: at.get(core.departedRound),
    settle: at.get(core.settle),
    storms: at.get(core.storms),
    stormVoice: at.get(core.stormVoice),
    reflection: at.get(core.reflection),
    lateAnswers: at.get(core.lateAnswers),
    preparation: at.get(core.preparation),
    degraded: (what, why) => at.get(core.degradations).set(what, why),
  });
}
