import type { AgentId, DiscoveredAgent, GroupId, Instance, InstanceState } from '@praetorian-guard/core/plugin';
import type { ContainerFacts } from '../engine/engine.ts';
import { type Ending, policyActs, stopTimeoutMs } from './endings.ts';
import { endpointOf, type Reach } from './endpoint.ts';
import { healthTestOf } from './health-test.ts';
import {
  agentLabels,
  composeDependencies,
  groupInProject,
  namedDependencies,
  type Named,
  own,
  stopTimeoutLabel,
} from './naming.ts';

/** A container that is an instance of an agent. */
export interface Member extends Named {
  readonly facts: ContainerFacts;
  readonly generation: number;
  readonly instanceId: string;
  /** How it ended, of one that does not run. */
  readonly ending?: Ending;
  /** The guard is at work on it: that it stands still means nothing. */
  readonly inHand: boolean;
  /** It runs, and somebody has asked for its end. */
  readonly leaving: boolean;
}

/** Who is there, as far as dependencies have to know. */
export interface Neighbours {
  readonly idPrefix: string;
  isAgent(id: AgentId): boolean;
  members(group: GroupId): readonly AgentId[];
}

/** Whether it runs now: it can be asked, and has figures. A paused one has nothing to say. */
export function runs({ State }: ContainerFacts): boolean {
  return State.Running && !State.Paused && !State.Restarting;
}

/** Name of an instance: what the guard gave the container, or the container's own id. */
export function instanceIdOf(agentId: AgentId, facts: ContainerFacts): string {
  return facts.Config.Labels[own.instance] ?? `${agentId}~${facts.Id.slice(0, 12)}`;
}

/** The state of the container in the words of the engine. */
function stateOf({ facts, ending, inHand, leaving }: Member): InstanceState {
  const { Running, Paused, Restarting, Status } = facts.State;
  if (Paused) return 'paused';
  if (Restarting) return 'starting';
  if (Running) return leaving ? 'stopping' : 'running';
  if (inHand) return 'exited';
  // One that was made and not started waits for whoever made it. If that was a guard it died on the way: nobody wanted it so.
  if (Status === 'created') return own.key in facts.Config.Labels ? 'exited' : 'stopped';
  return ending?.kind === 'left' ? 'stopped' : 'exited';
}

export function instanceOf(member: Member, reach: Reach): Instance {
  const { facts, generation, instanceId, ending } = member;
  const endpoint = endpointOf(facts, reach);
  const startedAt = timeOf(facts.State.StartedAt);
  const memory = facts.HostConfig.Memory ?? 0;
  return {
    id: instanceId,
    generation,
    ref: { container: facts.Id },
    state: stateOf(member),
    ...(endpoint && 'url' in endpoint ? { endpoint: endpoint.url } : {}),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(healthTestOf(facts) ? { checked: true } : {}),
    ...(ending?.kind === 'failed' && policyActs(facts) ? { mayRun: true } : {}),
    ...(memory > 0 ? { memoryLimitMb: memory / 1024 ** 2 } : {}),
  };
}

export function discovered(member: Member, reach: Reach, neighbours: Neighbours): DiscoveredAgent {
  const { agentId, group, facts } = member;
  const labels = { ...stopTimeoutLabel(stopTimeoutMs(facts)), ...agentLabels(facts.Config.Labels) };
  const dependsOn = dependenciesOf(member, neighbours);
  return {
    id: agentId,
    group,
    labels,
    ...(dependsOn.length > 0 ? { dependsOn } : {}),
    instance: instanceOf(member, reach),
  };
}

/** Services it waits for, by Compose or by label, as the agents they are made of. */
function dependenciesOf({ agentId, facts }: Member, neighbours: Neighbours): readonly AgentId[] {
  const { Labels: labels } = facts.Config;
  const named = namedDependencies(labels).flatMap((name) => {
    const names = [name, `${neighbours.idPrefix}${name}`];
    const agent = names.find((id) => neighbours.isAgent(id));
    if (agent !== undefined) return [agent];
    const inProject = groupInProject(labels, name);
    const groups = [...names, ...(inProject === undefined ? [] : [inProject])];
    // Somebody who is not there yet may come.
    return groups.map((group) => neighbours.members(group)).find(({ length }) => length > 0) ?? [name];
  });
  const composed = composeDependencies(labels).flatMap((group) => neighbours.members(group));
  return [...new Set([...named, ...composed])].filter((id) => id !== agentId).sort();
}

/** The engine writes the year 1 for what never was. */
function timeOf(text: string | undefined): number | undefined {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isFinite(at) && at > 0 ? at : undefined;
}
