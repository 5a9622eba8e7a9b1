import type { IncidentFacts } from '../../contracts/index.ts';
import type { AgentId, EpochMs, Incident } from '../../model/index.ts';

/** When the orchestrator last stopped an attempt of the incident because of a rollout. */
export function rolloutSeen({ attempts }: Incident): { readonly rolloutSeenAt?: EpochMs } {
  const last = attempts.at(-1);
  if (last?.failure?.code !== 'rollout-in-progress' || last.endedAt === undefined) return {};
  return { rolloutSeenAt: last.endedAt };
}

/** Whether an action of the incident that is under way touches the agent. */
export function touches(incident: Extract<Incident, { state: 'acting' }>, agentId: AgentId): boolean {
  // A replica that is to take over is left to that from the beginning.
  if (incident.attempt.plan.promotion?.to === agentId) return true;
  return incident.attempt.steps.some(
    (step) => step.state === 'started' && step.effect.type === 'action' && step.effect.intent.affects.includes(agentId),
  );
}

/** Stands in for an agent that was deregistered while its incident is being closed. */
export function absentAgent(incident: Incident): IncidentFacts['agent'] {
  return {
    id: incident.agentId,
    group: incident.group,
    labels: {},
    dependsOn: [],
    criticality: 0,
    source: 'registration',
  };
}
