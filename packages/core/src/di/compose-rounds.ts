import type { AgentId, Ms } from '../model/index.ts';
import { CheckpointRound } from '../pipeline/rounds/checkpoint-round.ts';
import { DepartedRound } from '../pipeline/rounds/departed-round.ts';
import { LogRound } from '../pipeline/rounds/log-round.ts';
import { SecondLook } from '../pipeline/rounds/second-look.ts';
import { MemoryRound } from '../pipeline/rounds/memory-round.ts';
import type { Provider, Scope } from './container.ts';
import { core } from './core-tokens.ts';

/** What goes round the fleet at its own pace: states, what detectors remember, logs. */
export function composeRounds(scope: Scope): void {
  scope.provide(
    core.checkpointRound,
    (at) =>
      new CheckpointRound({
        fleet: at.get(core.fleet),
        clock: at.get(core.clock),
        random: at.get(core.random).fork('checkpoint-round'),
        log: at.get(core.log),
        agentClient: at.get(core.agentClient),
        checkpoints: at.get(core.checkpoints),
        incidents: at.get(core.incidentLog),
        ownership: at.get(core.ownership),
      }),
  );
  scope.provide(
    core.memoryRound,
    (at) =>
      new MemoryRound({
        clock: at.get(core.clock),
        log: at.get(core.log),
        store: at.get(core.store),
        fleet: at.get(core.fleet),
        detection: at.get(core.detection),
        ownership: at.get(core.ownership),
      }),
  );
  scope.provide(
    core.departedRound,
    (at) =>
      new DepartedRound({
        clock: at.get(core.clock),
        log: at.get(core.log),
        fleet: at.get(core.fleet),
        checkpoints: at.get(core.checkpoints),
        ownership: at.get(core.ownership),
        settle: at.get(core.settle),
        maxAgeMs: (agentId) => longestAgeMs(at, agentId),
      }),
  );
  scope.provide(
    core.logRound,
    (at) =>
      new LogRound({
        fleet: at.get(core.fleet),
        clock: at.get(core.clock),
        random: at.get(core.random).fork('log-round'),
        log: at.get(core.log),
        orchestrator: (name) => at.get(core.registry).find('orchestrators', name),
        ingest: (signal) => at.get(core.collector).ingest(signal),
      }),
  );
  scope.provide(
    core.secondLook,
    (at) =>
      new SecondLook({
        fleet: at.get(core.fleet),
        clock: at.get(core.clock),
        log: at.get(core.log),
        orchestrator: (name) => at.get(core.registry).find('orchestrators', name),
      }),
  );
}

/** The longest that any group would keep them: which group the agent was of is not known any more. */
function longestAgeMs(at: Provider, agentId: AgentId): Ms {
  const { config, policyOf } = at.get(core.config);
  const ages = ['', ...Object.keys(config.groups)].map(
    (group) => policyOf({ id: agentId, group, labels: {} }).checkpoints.maxAgeMs,
  );
  return Math.max(...ages);
}
