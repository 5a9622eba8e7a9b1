import type { AgentStatus } from '../../contracts/index.ts';
import type { AgentId, Incident, Ms } from '../../model/index.ts';
import { isEnded } from '../../model/index.ts';
import type { Stage } from './stage.ts';

/** Time for the guard to bring everything to an end, alone; and after a person helped. */
const aloneMs: Ms = 15 * 60_000;
const helpedMs: Ms = 6 * 60_000;
const lookMs: Ms = 2_000;

/**
 * I7: once the faults are over every incident ends; what only a person can mend is told to one. After a person has
 * started what lies still, every agent is healthy, its breaker closed, and it is in the routes.
 */
export async function settleDown(stage: Stage): Promise<void> {
  const { rig, recorder } = stage;
  await rig.until(() => stage.up && unfinished(stage).length === 0, aloneMs, lookMs);
  for (const incident of unfinished(stage)) recorder.violate('I7', `not ended: ${describe(incident)}`);
  mendByHand(stage);
  await rig.until(() => stage.up && complaints(stage).length === 0, helpedMs, lookMs);
  for (const complaint of complaints(stage)) recorder.violate('I7', complaint);
}

function unfinished(stage: Stage): readonly Incident[] {
  return stage.stored().filter((incident) => isUnfinished(stage, incident));
}

function isUnfinished(stage: Stage, incident: Incident): boolean {
  const group = stage.scenario.groups.find(({ id }) => id === incident.group);
  // In these modes nothing is ever done: the incident stands until the agent is mended.
  if (isEnded(incident) || group?.mode === 'observe' || group?.mode === 'dry-run') return false;
  return !waitsForPeople(stage, group?.dependsOn ?? []);
}

/** Something it depends on, directly or not, is a person's case: it comes after that. */
function waitsForPeople(stage: Stage, needed: readonly AgentId[]): boolean {
  const open = stage.stored().filter(({ agentId, state }) => needed.includes(agentId) && state !== 'resolved');
  if (open.length > 0) return !open.some((incident) => isUnfinished(stage, incident));
  const groups = stage.scenario.groups.filter(({ agents }) => agents.some((agentId) => needed.includes(agentId)));
  return groups.some(({ dependsOn }) => waitsForPeople(stage, dependsOn));
}

function mendByHand(stage: Stage): void {
  const { world } = stage.orchestrator;
  for (const agentId of stage.agents) {
    const place = world.place(agentId);
    if (place.isolated) stage.recorder.line(`a person brings ${agentId} back to its networks`);
    place.isolated = false;
    if (world.current(agentId).state === 'running') continue;
    stage.recorder.line(`a person starts ${agentId}`);
    world.turn(agentId, 'running', { event: 'started' });
  }
}

function complaints(stage: Stage): readonly string[] {
  const guard = stage.rig.guard();
  const statuses = new Map(guard.agents.list({ limit: 100 }).items.map((status) => [status.agent.id, status]));
  const ofAgents = stage.agents.flatMap((agentId) => {
    const status = statuses.get(agentId);
    if (!status) return [`${agentId} is not known to the guard`];
    const routed = guard.routes(status.agent.group).some((route) => route.agentId === agentId);
    return status.health === 'healthy' && status.breaker === 'closed' && routed ? [] : [about(status, routed)];
  });
  const open = stage.stored().filter((incident) => incident.state !== 'resolved');
  const ofGroups = stage.failovers.complaints();
  return [...ofAgents, ...ofGroups, ...open.map((incident) => `not resolved: ${describe(incident)}`)];
}

function about({ agent, health, breaker, findings, incidentId }: AgentStatus, routed: boolean): string {
  const against = findings.map((finding) => finding.kind).join(', ') || 'nothing';
  return `${agent.id} is ${health}, breaker ${breaker}, ${routed ? '' : 'not '}routed, against it: ${against}; incident ${incidentId ?? 'none'}`;
}

function describe({ id, agentId, state, told, because }: Incident): string {
  return `${id} of ${agentId} is ${state}${told ? ', told' : ''}: ${because.code}, ${because.text}`;
}
