import type { AgentSlot } from '../contracts/index.ts';
import { Failovers } from '../pipeline/failover/failovers.ts';
import { LateAnswers } from '../pipeline/failover/late-answers.ts';
import { Leaderships } from '../pipeline/failover/leaderships.ts';
import type { Part } from '../pipeline/failover/roles.ts';
import { Roles } from '../pipeline/failover/roles.ts';
import type { Provider, Scope } from './container.ts';
import { core } from './core-tokens.ts';

/** Who leads a group, and who could take over. */
export function composeFailover(scope: Scope): void {
  scope.provide(
    core.leaderships,
    (at) => new Leaderships(at.get(core.store), at.get(core.storeTime), at.get(core.log)),
  );
  scope.provide(
    core.roles,
    (at) =>
      new Roles({
        part: (agentId) => {
          const slot = at.get(core.fleet).slotOf(agentId);
          return slot === undefined ? undefined : partOf(at, slot);
        },
        members: (group) => [...at.get(core.fleet).byGroup(group)].flatMap((slot) => partOf(at, slot) ?? []),
        leadership: (group) => at.get(core.leaderships).of(group),
      }),
  );
  scope.provide(
    core.failovers,
    (at) =>
      new Failovers({
        clock: at.get(core.clock),
        roles: at.get(core.roles),
        leaderships: at.get(core.leaderships),
        view: at.get(core.sight),
        holds: at.get(core.holds),
        incidents: at.get(core.incidentLog),
      }),
  );
  scope.provide(core.lateAnswers, makeLateAnswers);
}

function makeLateAnswers(at: Provider): LateAnswers {
  return new LateAnswers({
    clock: at.get(core.clock),
    log: at.get(core.log),
    queue: at.get(core.queue),
    ownership: at.get(core.ownership),
    leaderships: at.get(core.leaderships),
    failovers: at.get(core.failovers),
    known: (group) => at.get(core.reflection).syncGroup(group),
  });
}

function partOf(at: Provider, slot: AgentSlot): Part | undefined {
  const agent = at.get(core.fleet).agent(slot)?.agent;
  return agent && { agentId: agent.id, declared: agent.role, said: at.get(core.collector).lastBeatOf(slot) };
}
