import type { ControlPlane, Leases, Logger, Metrics, Random, StateStore } from '../contracts/index.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { ApprovalSigner } from '../decision/approval-signer.ts';
import type { Detection } from '../detection/index.ts';
import type { Fleet } from '../fleet/index.ts';
import type { Ledger, RankingBook } from '../learning/index.ts';
import type { Collector, EndpointPolicy, Prober, ProbeScheduler, SelfDoubt } from '../monitoring/index.ts';
import type { NotificationRouter } from '../notification/index.ts';
import type { Pipeline } from '../pipeline.ts';
import type { ApprovalDesk } from '../pipeline/approvals/approval-desk.ts';
import type { Budgets } from '../pipeline/budgets/budgets.ts';
import type { CheckpointRound } from '../pipeline/rounds/checkpoint-round.ts';
import type { Dependencies } from '../pipeline/storms/dependencies.ts';
import type { Ailing } from '../pipeline/storms/ailing.ts';
import type { StormVoice } from '../pipeline/storms/storm-voice.ts';
import type { StormLog } from '../pipeline/storms/storm-log.ts';
import type { Storms } from '../pipeline/storms/storms.ts';
import type { Degradations } from '../pipeline/degradations.ts';
import type { FleetSight } from '../pipeline/members/fleet-sight.ts';
import type { Holds } from '../pipeline/holds/holds.ts';
import type { IncidentLog } from '../pipeline/incidents/incident-log.ts';
import type { Incidents } from '../pipeline/incidents/incidents.ts';
import type { Insight } from '../pipeline/judgement/insight.ts';
import type { Judge } from '../pipeline/judgement/judge.ts';
import type { Leftovers } from '../pipeline/incidents/leftovers.ts';
import type { DepartedRound } from '../pipeline/rounds/departed-round.ts';
import type { LogRound } from '../pipeline/rounds/log-round.ts';
import type { SecondLook } from '../pipeline/rounds/second-look.ts';
import type { MemoryRound } from '../pipeline/rounds/memory-round.ts';
import type { Failovers } from '../pipeline/failover/failovers.ts';
import type { LateAnswers } from '../pipeline/failover/late-answers.ts';
import type { Leaderships } from '../pipeline/failover/leaderships.ts';
import type { Roles } from '../pipeline/failover/roles.ts';
import type { Members } from '../pipeline/members/members.ts';
import type { Ownership } from '../pipeline/ownership.ts';
import type { Reservations } from '../pipeline/budgets/reservations.ts';
import type { Preparation } from '../pipeline/approvals/preparation.ts';
import type { Reflection } from '../pipeline/members/reflection.ts';
import type { Settle } from '../pipeline/settle.ts';
import type { SharedBudgets } from '../pipeline/budgets/shared-budgets.ts';
import type { StoreTime } from '../pipeline/budgets/store-time.ts';
import type { Registry } from '../plugins/registry.ts';
import type { Recording } from '../replay/recording.ts';
import type { AgentClient, Checkpoints } from '../recovery/index.ts';
import type { AuditLog } from '../state/index.ts';
import type { Executor } from '../remediation/executor.ts';
import type { EventBus, SerialQueue, SteadyClock, TlsTrust } from '../runtime/index.ts';
import type { Windows } from '../pipeline/holds/windows.ts';
import { token } from './tokens.ts';

/** Everything a guard is made of, by name and type. */
export const core = {
  config: token<LoadedConfig>('core.config'),
  clock: token<SteadyClock>('core.clock'),
  random: token<Random>('core.random'),
  log: token<Logger>('core.log'),
  metrics: token<Metrics>('core.metrics'),
  bus: token<EventBus>('core.bus'),
  queue: token<SerialQueue>('core.queue'),
  degradations: token<Degradations>('core.degradations'),
  registry: token<Registry>('core.registry'),
  store: token<StateStore>('core.store'),
  leases: token<Leases>('core.leases'),
  audit: token<AuditLog>('core.audit'),
  ownership: token<Ownership>('core.ownership'),
  fleet: token<Fleet>('core.fleet'),
  controlPlane: token<ControlPlane>('core.control-plane'),
  collector: token<Collector>('core.collector'),
  endpoints: token<EndpointPolicy>('core.endpoints'),
  tlsTrust: token<TlsTrust>('core.tls-trust'),
  prober: token<Prober>('core.prober'),
  doubt: token<SelfDoubt>('core.doubt'),
  probes: token<ProbeScheduler>('core.probes'),
  detection: token<Detection>('core.detection'),
  sight: token<FleetSight>('core.sight'),
  members: token<Members>('core.members'),
  settle: token<Settle>('core.settle'),
  windows: token<Windows>('core.windows'),
  holds: token<Holds>('core.holds'),
  storeTime: token<StoreTime>('core.store-time'),
  budgets: token<Budgets>('core.budgets'),
  sharedBudgets: token<SharedBudgets>('core.shared-budgets'),
  reservations: token<Reservations>('core.reservations'),
  leaderships: token<Leaderships>('core.leaderships'),
  roles: token<Roles>('core.roles'),
  failovers: token<Failovers>('core.failovers'),
  lateAnswers: token<LateAnswers>('core.late-answers'),
  ledger: token<Ledger>('core.ledger'),
  ranking: token<RankingBook>('core.ranking'),
  insight: token<Insight>('core.insight'),
  incidentLog: token<IncidentLog>('core.incident-log'),
  signer: token<ApprovalSigner>('core.signer'),
  approvalDesk: token<ApprovalDesk>('core.approval-desk'),
  stormLog: token<StormLog>('core.storm-log'),
  ailing: token<Ailing>('core.ailing'),
  stormVoice: token<StormVoice>('core.storm-voice'),
  storms: token<Storms>('core.storms'),
  dependencies: token<Dependencies>('core.dependencies'),
  judge: token<Judge>('core.judge'),
  incidents: token<Incidents>('core.incidents'),
  leftovers: token<Leftovers>('core.leftovers'),
  executor: token<Executor>('core.executor'),
  checkpoints: token<Checkpoints>('core.checkpoints'),
  agentClient: token<AgentClient>('core.agent-client'),
  notifications: token<NotificationRouter>('core.notifications'),
  preparation: token<Preparation>('core.preparation'),
  reflection: token<Reflection>('core.reflection'),
  checkpointRound: token<CheckpointRound>('core.checkpoint-round'),
  logRound: token<LogRound>('core.log-round'),
  secondLook: token<SecondLook>('core.second-look'),
  memoryRound: token<MemoryRound>('core.memory-round'),
  departedRound: token<DepartedRound>('core.departed-round'),
  pipeline: token<Pipeline>('core.pipeline'),
  /** Provided only when a record is kept. */
  recording: token<Recording>('core.recording'),
} as const;
