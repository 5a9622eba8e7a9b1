import {
  type AgentId,
  type DiscoveredAgent,
  type GroupId,
  type Instance,
  isId,
  type Ms,
} from '@praetorian-guard/core/plugin';
import { agentLabels, type Labels, namedDependencies, own, stopTimeoutLabel } from '../containers/naming.ts';
import { inUrl } from '../engine/host.ts';
import type { SlotView } from './slots.ts';
import { isGlobal, labelsOf, type KnownNode, type ServiceFacts, type TaskFacts } from './swarm-facts.ts';

/** How agents are reached, and what their nodes are called. */
export interface Surroundings {
  readonly idPrefix: string;
  readonly reach: 'container' | 'published';
  /** Host of the engine that is asked. */
  readonly host: string;
  /** Node of that engine. */
  nodeId(): string | undefined;
  node(id: string): KnownNode | undefined;
}

/** Who is there, as far as dependencies have to know. */
export interface Neighbours {
  isAgent(id: AgentId): boolean;
  members(group: GroupId): readonly AgentId[];
}

/** `undefined`: its name does not do for a group. */
export function groupOf(service: ServiceFacts, idPrefix: string): GroupId | undefined {
  const group = groupMeantBy(service, idPrefix);
  return isId(group) ? group : undefined;
}

function groupMeantBy(service: ServiceFacts, idPrefix: string): string {
  return labelsOf(service)[own.group] ?? `${idPrefix}${service.Spec.Name}`;
}

/** What keeps the tasks of a service from being agents: an id that is none, and where it stands. */
export function misnomerOf(
  service: ServiceFacts,
  idPrefix: string,
): { readonly where: string; readonly id: string } | undefined {
  const group = groupMeantBy(service, idPrefix);
  if (!isId(group)) return { where: own.group in labelsOf(service) ? own.group : 'name', id: group };
  const name = `${idPrefix}${service.Spec.Name}`;
  return isId(name) ? undefined : { where: 'name', id: name };
}

/** Of a global service the place is the node, by its name as long as that is its alone. */
export function agentIdOf(service: ServiceFacts, slot: string, around: Surroundings): AgentId | undefined {
  const place = isGlobal(service.Spec) ? nodeName(slot, around) : slot;
  const id = `${around.idPrefix}${service.Spec.Name}.${place}`;
  return isId(id) ? id : undefined;
}

function nodeName(nodeId: string, around: Surroundings): string {
  const name = around.node(nodeId)?.name;
  return name !== undefined && isId(name) ? name : nodeId;
}

export function instanceIdOf(agentId: AgentId, task: TaskFacts): string {
  return `${agentId}~${task.ID.slice(0, 12)}`;
}

export interface Named {
  readonly agentId: AgentId;
  readonly group: GroupId;
  readonly generation: number;
}

function instanceOf({ agentId, generation }: Named, view: SlotView, endpoint: string | undefined): Instance {
  const { current: task, state, mayRun } = view;
  const container = task.Status.ContainerStatus?.ContainerID ?? '';
  const memory = task.Spec.Resources?.Limits?.MemoryBytes ?? 0;
  const startedAt = Date.parse(task.Status.Timestamp);
  return {
    id: instanceIdOf(agentId, task),
    generation,
    ref: {
      service: task.ServiceID,
      task: task.ID,
      ...(task.NodeID === undefined ? {} : { node: task.NodeID }),
      ...(container === '' ? {} : { container }),
    },
    state,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(task.Status.State === 'running' && Number.isFinite(startedAt) ? { startedAt } : {}),
    // Whether its image has a check the service does not tell, and if it has one the swarm acts on it.
    checked: true,
    ...(mayRun ? { mayRun } : {}),
    ...(memory > 0 ? { memoryLimitMb: memory / 1024 ** 2 } : {}),
  };
}

/** The agent of a slot, as the inventory tells of it. */
export function discovered(
  { service, view, rollout, ...named }: Named & Described,
  around: Surroundings & Neighbours,
): DiscoveredAgent {
  const labels = labelsOf(service);
  const dependsOn = dependenciesOf(named.agentId, labels, around);
  const { key: _ofTheGuard, ...told } = agentLabels(labels);
  return {
    id: named.agentId,
    group: named.group,
    labels: { ...stopTimeoutLabel(graceMsOf(service)), ...told },
    ...(dependsOn.length > 0 ? { dependsOn } : {}),
    ...(rollout === undefined ? {} : { rollout }),
    instance: instanceOf(named, view, endpointOf(view.current, labels, around)),
  };
}

interface Described {
  readonly service: ServiceFacts;
  readonly view: SlotView;
  readonly rollout: DiscoveredAgent['rollout'];
}

function graceMsOf({ Spec }: ServiceFacts): Ms | undefined {
  const graceNs = Spec.TaskTemplate.ContainerSpec?.StopGracePeriod;
  return graceNs === undefined ? undefined : graceNs / 1e6;
}

/** Names of agents, of groups, or of services of the same stack, as the agents they are made of. */
function dependenciesOf(agentId: AgentId, labels: Labels, around: Surroundings & Neighbours): readonly AgentId[] {
  const { idPrefix } = around;
  const stack = labels['com.docker.stack.namespace'];
  const found = namedDependencies(labels).flatMap((name) => {
    const names = [name, `${idPrefix}${name}`];
    const agent = names.find((id) => around.isAgent(id));
    if (agent !== undefined) return [agent];
    const groups = [...names, ...(stack === undefined ? [] : [`${idPrefix}${stack}_${name}`])];
    // Somebody who is not there yet may come.
    return groups.map((group) => around.members(group)).find(({ length }) => length > 0) ?? [name];
  });
  return [...new Set(found)].filter((id) => id !== agentId).sort();
}

/** Where the agent's own HTTP side is; only where a label names its port, and only of a task that runs. */
export function endpointOf(task: TaskFacts, labels: Labels, around: Surroundings): string | undefined {
  const port = labels[own.port];
  if (port === undefined || !/^[1-9]\d{0,4}$/.test(port) || task.Status.State !== 'running') return undefined;
  if (around.reach === 'container') {
    const address = addressOn(task, labels[own.network]);
    if (address !== undefined) return `http://${inUrl(address)}:${port}`;
  }
  return publishedAt(task, Number(port), around);
}

/** On the network that the label names, or the first that is not the routing mesh. */
function addressOn({ NetworksAttachments: attached = [] }: TaskFacts, wanted: string | undefined): string | undefined {
  const found = attached.find(({ Network }) =>
    wanted === undefined ? Network?.Spec?.Ingress !== true : Network?.Spec?.Name === wanted,
  );
  return found?.Addresses?.[0]?.split('/')[0];
}

/** A port that is published on the task's own node; one of the routing mesh leads to any task of the service. */
function publishedAt({ Status, NodeID }: TaskFacts, port: number, around: Surroundings): string | undefined {
  const published = Status.PortStatus?.Ports?.find(
    ({ TargetPort, PublishMode }) => TargetPort === port && PublishMode === 'host',
  )?.PublishedPort;
  const host = NodeID === around.nodeId() ? around.host : around.node(NodeID ?? '')?.address;
  if (published === undefined || host === undefined || host === '') return undefined;
  return `http://${inUrl(host)}:${published}`;
}
