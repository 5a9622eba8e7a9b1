import type { AgentStatus } from '../../contracts/index.ts';
import type { Defect, Reason } from '../../model/index.ts';
import { formatDuration, healthScore, stillByHand } from '../../model/index.ts';
import type { AgentSlot } from '../../contracts/index.ts';
import type { Detection } from '../../detection/index.ts';
import type { Fleet } from '../../fleet/index.ts';
import type { Collector, SelfDoubt } from '../../monitoring/index.ts';
import type { Dependencies } from '../storms/dependencies.ts';
import type { FleetSight } from './fleet-sight.ts';
import type { Roles } from '../failover/roles.ts';
import type { Holds } from '../holds/holds.ts';
import type { IncidentLog } from '../incidents/incident-log.ts';

export interface StatusParts {
  readonly fleet: Fleet;
  readonly detection: Detection;
  readonly collector: Collector;
  readonly sight: Pick<FleetSight, 'denied' | 'unaskable'>;
  readonly holds: Holds;
  readonly incidents: IncidentLog;
  readonly doubt: SelfDoubt;
  readonly roles: Pick<Roles, 'statusOf' | 'unclear'>;
  readonly dependencies: Pick<Dependencies, 'unknownTo'>;
  breaker(agentId: string): AgentStatus['breaker'];
  /** Failures of the agent that are open defects. */
  defects(agentId: string): readonly Defect[];
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
  const slo = detection.serviceLevels(slot);
  const leadership = parts.roles.statusOf(agent.group, agent.id);
  const remarks = [...remarksOn(parts, slot), ...detection.remarks(slot), ...defectRemarks(parts.defects(agent.id))];
  return {
    agent,
    health: status.health,
    since: status.since,
    breaker: parts.breaker(agent.id),
    mode: policy.mode,
    score: healthScore({ metrics, ...(uptimePercentage === undefined ? {} : { uptimePercentage }) }),
    metrics,
    ...(slo ? { slo } : {}),
    ...(progress ? { progress } : {}),
    ...(leadership ? { leadership } : {}),
    findings: status.findings,
    ...(remarks.length > 0 ? { remarks } : {}),
    missed: status.missed,
    failures: status.failures,
    ...(silentMs === undefined ? {} : { silentMs }),
    ...(hold ? { heldBy: hold.id } : {}),
    ...(incident ? { incidentId: incident.id } : {}),
  };
}

function defectRemarks(defects: readonly Defect[]): readonly Reason[] {
  return defects.map(({ signature, healings, windowMs }) => ({
    code: 'defect',
    text: `The failure "${signature}" is a defect: it was healed ${healings} times in ${formatDuration(windowMs)}.`,
    remedy: 'Look for its cause; it is forgotten when it has not been healed again for that long.',
  }));
}

function remarksOn(parts: StatusParts, slot: AgentSlot): readonly Reason[] {
  const { fleet, sight, collector, doubt } = parts;
  const remarks: Reason[] = [];
  const { id = '', group = '', instance } = fleet.agent(slot)?.agent ?? {};
  const how = stillByHand(instance);
  if (how) {
    const text = `Somebody ${how} ${id} by hand; it is left alone.`;
    remarks.push({ code: 'stopped-by-operator', text, remedy: 'Start it again, or order a respawn.' });
  }
  const unknown = parts.dependencies.unknownTo(id);
  if (unknown.length > 0) {
    const text = `It depends on ${unknown.join(', ')}, which the guard does not know.`;
    const remedy = 'Register what it depends on, or mend its dependsOn.';
    remarks.push({ code: 'dependency-unknown', text, remedy });
  }
  const unclear = parts.roles.unclear(group, id);
  if (unclear) {
    const text = `Nobody leads group ${group}: whether ${unclear.to} followed the order to lead epoch ${unclear.epoch} is not known.`;
    const remedy = `Look at ${unclear.to}; then promote one of them by hand, with epoch ${unclear.epoch + 1}.`;
    remarks.push({ code: 'leader-unknown', text, remedy });
  }
  const denied = sight.denied(slot);
  if (denied !== undefined) {
    const remedy = 'Add its network to probes.allowedNetworks, or let it register another address.';
    remarks.push({ code: 'endpoint-denied', text: denied, remedy });
  }
  const unaskable = sight.unaskable(slot);
  if (unaskable !== undefined) {
    const { probe, why } = unaskable;
    const remedy = `Mend probes.${probe} or probes.tls in the config.`;
    remarks.push({ code: 'probe-unaskable', text: `Its ${probe} probe cannot be asked: ${why}.`, remedy });
  }
  if (collector.skewed(slot)) {
    const text = 'The time in its heartbeats is off by more than a minute; they count by when they arrive.';
    remarks.push({ code: 'clock-skewed', text, remedy: "Let the agent's machine keep its time by NTP." });
  }
  const { multiplier, reasons } = doubt.status();
  if (multiplier > 0) {
    const why = reasons.length > 0 ? `: ${reasons.join('; ')}` : '';
    const text = `The guard doubts itself and gives ${multiplier + 1} times as much time${why}.`;
    const remedy = 'Nothing has to be done for the agent; look at the load of the guard, its network and its store.';
    remarks.push({ code: 'self-doubt', text, remedy });
  }
  return remarks;
}
