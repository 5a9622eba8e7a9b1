import { type AgentId, type GroupId, isId, type Ms } from '@praetorian-guard/core/plugin';

export type Labels = { readonly [name: string]: string };

/** The label `stop-timeout` takes no more; of that each rung gives what its own time allows. */
const longestStopMs: Ms = 600_000;

/** Labels with a meaning for the guard begin so; what is left without it are the labels of the agent. */
const labelPrefix = 'praetorian.';

/** Labels that the plugin itself reads or writes; they shape no policy. */
export const own = {
  /** Id of the agent, where the name of the container is not to be it. On containers that the guard made. */
  agent: 'praetorian.agent',
  group: 'praetorian.group',
  instance: 'praetorian.instance',
  generation: 'praetorian.generation',
  /** The action that made the container. */
  key: 'praetorian.key',
  /** `service`: an end with code 0 is a failure, too. */
  lifetime: 'praetorian.lifetime',
  /** Port of the agent's own HTTP side, in the container. */
  port: 'praetorian.port',
  /** Network by whose address it is reached. */
  network: 'praetorian.network',
} as const;

/** Labels that Compose writes. */
export const compose = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  number: 'com.docker.compose.container-number',
  oneOff: 'com.docker.compose.oneoff',
} as const;

/** What an id may be, in words. */
export const idsAllowed = '1 to 200 letters, digits and . _ : ~ -';

/** A container that was replaced and is kept for a while carries this before its name. */
const keptPrefix = 'praetorian-kept.';

export function isKeptName(containerName: string): boolean {
  return containerName.replace(/^\//, '').startsWith(keptPrefix);
}

/** Name under which a replaced container is kept. */
export function keptName(name: string, generation: number): string {
  return `${keptPrefix}${name}.${generation}`;
}

export interface Named {
  readonly agentId: AgentId;
  readonly group: GroupId;
  /** Name the container is to have while it is the only one of its agent. */
  readonly name: string;
}

/** Between the name of an agent's container and the generation of one that runs beside it. */
const besideMark = '.praetorian-';
const besideEnd = /\.praetorian-\d+$/;

export function besideName(name: string, generation: number): string {
  return `${name}${besideMark}${generation}`;
}

/** Whether the guard made the container to run beside another one of the same agent. */
export function isBeside(containerName: string, labels: Labels): boolean {
  return own.key in labels && besideEnd.test(containerName);
}

/**
 * Who a selected container is; `undefined` for one that is nobody: kept from a replacement, a task of Swarm, or run once
 * by hand with Compose. The id survives that the container is made anew, by whoever.
 */
export function nameOf(containerName: string, labels: Labels, idPrefix = ''): Named | undefined {
  const named = meantBy(containerName, labels, idPrefix);
  return named && isId(named.agentId) && isId(named.group) ? named : undefined;
}

/** What keeps a container from being the agent it is meant to be: an id that is none, and where it stands. */
export function misnomerOf(
  containerName: string,
  labels: Labels,
  idPrefix = '',
): { readonly where: string; readonly id: string } | undefined {
  const named = meantBy(containerName, labels, idPrefix);
  if (!named) return undefined;
  const { agentId, group } = named;
  if (!isId(agentId)) return { where: own.agent in labels ? own.agent : 'name', id: agentId };
  return isId(group) ? undefined : { where: own.group in labels ? own.group : 'name', id: group };
}

function meantBy(containerName: string, labels: Labels, idPrefix: string): Named | undefined {
  const plain = containerName.replace(/^\//, '');
  if (plain.startsWith(keptPrefix) || labels['com.docker.swarm.task.id'] !== undefined) return undefined;
  if (labels[compose.oneOff]?.toLowerCase() === 'true') return undefined;
  const name = plain.replace(besideEnd, '');
  const service = composeService(labels);
  const agentId = idPrefix + (labels[own.agent] ?? (service ? `${service}.${labels[compose.number] ?? '1'}` : name));
  return { agentId, group: labels[own.group] ?? service ?? `${idPrefix}${name}`, name };
}

/** The group of a service of Compose: the project's name keeps two projects apart. */
function composeService({ [compose.project]: project, [compose.service]: service }: Labels): GroupId | undefined {
  return project === undefined || service === undefined ? undefined : `${project}_${service}`;
}

/** Labels of the agent: those for the guard, without their prefix. */
export function agentLabels(labels: Labels): Labels {
  const mine = Object.entries(labels).filter(([name]) => name.startsWith(labelPrefix));
  return Object.fromEntries(mine.map(([name, value]) => [name.slice(labelPrefix.length), value]));
}

/** How long it wants to be waited for itself, where no label of its own says it. */
export function stopTimeoutLabel(ms: Ms | undefined): Labels {
  return ms === undefined ? {} : { 'stop-timeout': `${Math.min(ms, longestStopMs) / 1_000}s` };
}

/** What Compose says the service waits for: groups of its project. */
export function composeDependencies(labels: Labels): readonly GroupId[] {
  const project = labels[compose.project];
  const text = labels['com.docker.compose.depends_on'] ?? '';
  if (project === undefined) return [];
  return text.split(',').flatMap((part) => {
    const service = part.split(':')[0]?.trim();
    return service === undefined || service === '' ? [] : [`${project}_${service}`];
  });
}

/** Names in `depends-on`: of agents, of groups, or of services of the same project. */
export function namedDependencies(labels: Labels): readonly string[] {
  return (labels[`${labelPrefix}depends-on`] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** The group that a name means within the project of a container, beside itself. */
export function groupInProject(labels: Labels, name: string): GroupId | undefined {
  const project = labels[compose.project];
  return project === undefined ? undefined : `${project}_${name}`;
}
