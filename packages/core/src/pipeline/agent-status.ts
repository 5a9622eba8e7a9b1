import type { AgentStatus } from '../contracts/index.ts';
import { healthScore } from '../model/index.ts';
import type { AgentSlot } from '../contracts/index.ts';
import type { Detection } from '../detection/index.ts';
import type { Fleet } from '../fleet/index.ts';
import type { Collector } from '../monitoring/index.ts';
import type { Holds } from './holds.ts';
import type { IncidentLog } from './incident-log.ts';

export interface StatusParts {
  readonly fleet: Fleet;
  readonly detection: Detection;
  readonly collector: Collector;
  readonly holds: Holds;
  readonly incidents: IncidentLog;
  breaker(agentId: string): AgentStatus['breaker'];
}

/** Everything known of an agent now, as it is shown. */
export function agentStatus(parts: StatusParts, slot: AgentSlot): AgentStatus | undefined {
  const { fleet, detection, collector, holds, incidents } = parts;
  const view = fleet.agent(slot);
  if (!view) return undefined;
  const { agent, policy } = view;
  const status = detection.status(slot);
  const metrics = collector.metricsOf(slot);
  const progress = collector.progressOf(slot);
  const hold = holds.on(agent.id, agent.group);
  const incident = incidents.openFor(agent.id);
  const { uptimePercentage, silentMs } = status;
  return {
    agent,
    health: status.health,
    since: status.since,
    breaker: parts.breaker(agent.id),
    mode: policy.mode,
    score: healthScore({ metrics, ...(uptimePercentage === undefined ? {} : { uptimePercentage }) }),
    metrics,
    ...(progress ? { progress } : {}),
    findings: status.findings,
    missed: status.missed,
    failures: status.failures,
    ...(silentMs === undefined ? {} : { silentMs }),
    ...(hold ? { heldBy: hold.id } : {}),
    ...(incident ? { incidentId: incident.id } : {}),
  };
}
