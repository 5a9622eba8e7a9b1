import { ApprovalSigner } from '../decision/approval-signer.ts';
import type { AgentId, GroupId } from '../model/index.ts';
import { noticeOf } from '../notification/index.ts';
import { ApprovalDesk } from '../pipeline/approvals/approval-desk.ts';
import { Budgets } from '../pipeline/budgets/budgets.ts';
import { executorPorts } from './executor-ports.ts';
import { Holds } from '../pipeline/holds/holds.ts';
import { IncidentLog } from '../pipeline/incidents/incident-log.ts';
import { Incidents } from '../pipeline/incidents/incidents.ts';
import { Preparation } from '../pipeline/approvals/preparation.ts';
import { Judge } from '../pipeline/judgement/judge.ts';
import { Leftovers } from '../pipeline/incidents/leftovers.ts';
import { Reservations } from '../pipeline/budgets/reservations.ts';
import { SharedBudgets } from '../pipeline/budgets/shared-budgets.ts';
import { StoreTime } from '../pipeline/budgets/store-time.ts';
import { Windows } from '../pipeline/holds/windows.ts';
import { Executor } from '../remediation/executor.ts';
import { makeInsight, makeRanking, prefetchInsight, rankingOps, rememberRanking } from './compose-insight.ts';
import type { Provider, Scope } from './container.ts';
import { core } from './core-tokens.ts';

const noHistory = { failures: 0, recurrence: 0, outcomes: {} } as const;

/** Decision, remediation and what they remember. */
export function composeDecisions(scope: Scope): void {
  scope.provide(core.windows, (at) => new Windows(at.get(core.config).config.maintenance, at.get(core.clock)));
  scope.provide(core.holds, makeHolds);
  scope.provide(core.storeTime, (at) => new StoreTime(at.get(core.store), at.get(core.clock)));
  scope.provide(core.budgets, (at) => new Budgets(at.get(core.store), at.get(core.storeTime), at.get(core.log)));
  scope.provide(
    core.sharedBudgets,
    (at) => new SharedBudgets(at.get(core.store), at.get(core.storeTime), at.get(core.log)),
  );
  scope.provide(core.reservations, makeReservations);
  scope.provide(
    core.incidentLog,
    (at) =>
      new IncidentLog({
        store: at.get(core.store),
        ownership: at.get(core.ownership),
        audit: at.get(core.audit),
        log: at.get(core.log),
        policyOf: ({ agentId, group }) => at.get(core.config).policyOf({ id: agentId, group, labels: {} }),
      }),
  );
  scope.provide(core.signer, () => new ApprovalSigner());
  scope.provide(core.approvalDesk, makeApprovalDesk);
  scope.provide(core.ranking, makeRanking);
  scope.provide(core.insight, makeInsight);
  scope.provide(core.judge, makeJudge);
  scope.provide(core.incidents, makeIncidents);
  scope.provide(
    core.leftovers,
    (at) =>
      new Leftovers({
        clock: at.get(core.clock),
        log: at.get(core.log),
        tidy: (incidentId) => at.get(core.executor).tidy(incidentId),
      }),
  );
  scope.provide(core.executor, (at) => new Executor(executorPorts(at)));
  scope.provide(core.preparation, makePreparation);
}

function makePreparation(at: Provider): Preparation {
  return new Preparation({
    clock: at.get(core.clock),
    log: at.get(core.log),
    ports: executorPorts(at),
    latestCheckpoint: (agentId) => at.get(core.checkpoints).latest(agentId),
    post: (id, event) => at.get(core.incidents).post(id, event),
  });
}

function makeApprovalDesk(at: Provider): ApprovalDesk {
  return new ApprovalDesk({
    signer: at.get(core.signer),
    clock: at.get(core.clock),
    random: at.get(core.random).fork('approvals'),
    incident: (id) => at.get(core.incidentLog).get(id),
    apply: (id, event) => at.get(core.incidents).apply(id, event),
  });
}

function makeJudge(at: Provider): Judge {
  const registry = at.get(core.registry);
  return new Judge({
    clock: at.get(core.clock),
    random: at.get(core.random).fork('backoff'),
    view: at.get(core.sight),
    reservations: at.get(core.reservations),
    holds: at.get(core.holds),
    log: at.get(core.incidentLog),
    insight: at.get(core.insight),
    ownership: at.get(core.ownership),
    failovers: at.get(core.failovers),
    signer: at.get(core.signer),
    doubt: at.get(core.doubt),
    assessor: (name) => registry.get('assessors', name),
    strategy: (name) => registry.get('strategies', name),
    orchestrator: (name) => registry.find('orchestrators', name),
    history: (agentId, question) => at.get(core.ledger).historyNow(agentId, question) ?? noHistory,
    degraded: (what, why) => at.get(core.degradations).set(what, why),
    settled: (orchestrator) => at.get(core.settle).of(orchestrator),
    busy: (agentId, but) => at.get(core.executor).worksOn(agentId, but),
    storms: at.get(core.storms),
  });
}

function makeHolds(at: Provider): Holds {
  return new Holds({
    store: at.get(core.store),
    clock: at.get(core.clock),
    random: at.get(core.random).fork('holds'),
    audit: at.get(core.audit),
    windows: at.get(core.windows),
    placed: (hold) => void at.get(core.bus).emit('hold.placed', { hold }),
    degraded: ({ id }, why) => at.get(core.degradations).set(`hold ${id}`, why),
    ended: (hold, by) => {
      at.get(core.degradations).set(`hold ${hold.id}`, undefined);
      at.get(core.bus).emit('hold.released', { hold, ...(by === undefined ? {} : { by }) });
      // What was kept back is told now, if it is still so.
      at.get(core.notifications).kick();
      at.get(core.leftovers).kick();
    },
  });
}

function makeReservations(at: Provider): Reservations {
  return new Reservations({
    log: at.get(core.log),
    time: at.get(core.storeTime),
    budgets: at.get(core.budgets),
    shared: at.get(core.sharedBudgets),
    groupSize: (group) => at.get(core.sight).groupSize(group),
    fleetSize: () => at.get(core.fleet).size,
  });
}

function makeIncidents(at: Provider): Incidents {
  const prefetch = async (agentId: AgentId, shard: number, group: GroupId): Promise<void> => {
    await at.get(core.reservations).load(shard, agentId, group);
    await at.get(core.leaderships).settle(shard, group);
    await at.get(core.ledger).load([agentId]);
    await prefetchInsight(at, agentId);
  };
  return new Incidents({
    clock: at.get(core.clock),
    random: at.get(core.random).fork('incidents'),
    log: at.get(core.log),
    bus: at.get(core.bus),
    queue: at.get(core.queue),
    view: at.get(core.sight),
    judge: at.get(core.judge),
    reservations: at.get(core.reservations),
    leaderships: at.get(core.leaderships),
    incidents: at.get(core.incidentLog),
    ownership: at.get(core.ownership),
    configVersion: at.get(core.config).config.hash,
    noticeOps: (notice) => at.get(core.notifications).opsFor(notice),
    ledgerOps: (record) => [...at.get(core.ledger).opsFor(record), ...rankingOps(at, record)],
    makeNotice: (incident, kind) => noticeOf(kind, incident),
    storms: at.get(core.storms),
    voice: at.get(core.stormVoice),
    prefetch,
    stored: (why) => at.get(core.degradations).set('store', why),
    after: (change) => {
      at.get(core.pipeline).after(change);
      const { incident } = change;
      rememberRanking(at, change);
      at.get(core.members).moved(incident);
      at.get(core.leftovers).consider(incident);
      if (incident.state === 'resolved' && incident.outcome === 'removed')
        at.get(core.budgets).forget(incident.agentId);
    },
  });
}
