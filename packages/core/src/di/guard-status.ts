import type { GuardStatus } from '../contracts/index.ts';
import type { StatusParts } from '../pipeline/members/agent-status.ts';
import type { Provider } from './container.ts';
import { core } from './core-tokens.ts';

/** What the engine knows of itself. */
export type OwnStatus = Pick<GuardStatus, 'guardId' | 'version' | 'state' | 'startedAt' | 'tick'>;

/** The guard as it fares now. */
export function guardStatus(at: Provider, own: OwnStatus): GuardStatus {
  return {
    ...own,
    settled: own.state === 'running' && at.get(core.settle).whole,
    agents: at.get(core.fleet).size,
    openIncidents: at.get(core.incidentLog).unresolvedCount,
    configVersion: at.get(core.config).config.hash,
    degraded: at.get(core.degradations).list(),
    doubt: at.get(core.doubt).status(),
    audit: at.get(core.audit).status(),
  };
}

/** The parts that know an agent. */
export function statusParts(at: Provider): StatusParts {
  return {
    fleet: at.get(core.fleet),
    detection: at.get(core.detection),
    collector: at.get(core.collector),
    sight: at.get(core.sight),
    holds: at.get(core.holds),
    incidents: at.get(core.incidentLog),
    doubt: at.get(core.doubt),
    roles: at.get(core.roles),
    dependencies: at.get(core.dependencies),
    breaker: (agentId) => at.get(core.reflection).breaker(agentId),
    defects: (agentId) => at.get(core.ledger).defectsNow(agentId, at.get(core.clock).now()),
  };
}
