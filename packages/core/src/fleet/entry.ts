import type { AgentSlot, AgentView, DiscoveredAgent, Registration } from '../contracts/index.ts';
import type { AgentConfig } from '../config/guard-config.ts';
import type { Agent, AgentId, GroupId, Instance, InstanceId, Ms } from '../model/index.ts';

/** Who said where an agent is to be reached; decides which addresses the guard may call. */
export type EndpointSource = 'orchestrator' | 'registration' | 'config';

/** The incarnation that counts. */
export interface Current {
  readonly id: InstanceId;
  readonly generation: number;
  /** The agent itself has used this id; a foreign id then belongs to another process. */
  readonly named: boolean;
  /** Nobody named it: the id is a stand-in, and signals of any instance count. */
  readonly anonymous: boolean;
  /** What a control plane or a registration said of it. */
  readonly told?: Instance;
}

/** An instance that registered itself before it became the current one. */
export interface Announced {
  readonly id: InstanceId;
  readonly endpoint?: string;
}

/** All that is known of one agent, by source; what others see is built from it. */
export interface Entry {
  readonly slot: AgentSlot;
  readonly id: AgentId;
  configured?: AgentConfig | undefined;
  /** Name of the orchestrator that runs it, also before it was listed again after a start of the guard. */
  orchestrator?: string | undefined;
  discovered?: DiscoveredAgent | undefined;
  /** The instance its orchestrator listed last, also in an earlier run of the guard. */
  listedAs?: InstanceId | undefined;
  /** The orchestrator has listed it since it began to list. */
  listed: boolean;
  registration?: Registration | undefined;
  /** Told by a control plane, without registration or discovery. */
  commanded?: { readonly group: GroupId } | undefined;
  current?: Current | undefined;
  /** The name the agent itself uses for an instance that its orchestrator names otherwise. */
  alias?: InstanceId | undefined;
  /** The instance before, if it had another name as well: it has both again when it comes back. */
  former?: { readonly id: InstanceId; readonly alias: InstanceId } | undefined;
  /** Endpoint from the registration of the current instance. */
  registeredEndpoint?: string | undefined;
  /** The instance that has sent heartbeats. */
  heard?: InstanceId | undefined;
  /** The same, as it was when the guard started: of an earlier run. */
  heardBefore?: InstanceId | undefined;
  retired: readonly InstanceId[];
  announced: readonly Announced[];
  sinceMs: Ms;
  view: AgentView;
}

/** Id of an instance that nobody named. */
export const unnamedInstance = 'unnamed';

/** Config over orchestrator over registration: the group decides policy, and a self-registration must not. */
export function groupOf(entry: Entry): GroupId | undefined {
  return entry.configured?.group ?? entry.discovered?.group ?? entry.registration?.group ?? entry.commanded?.group;
}

/** The agent as others see it. `group` is the fallback while no source names one. */
export function agentOf(entry: Entry, group: GroupId): Agent {
  const instance = instanceOf(entry);
  const rollout = entry.discovered?.rollout;
  return {
    id: entry.id,
    group,
    ...saidOf(entry),
    source: sourceOf(entry),
    ...(entry.orchestrator === undefined ? {} : { orchestrator: entry.orchestrator }),
    ...(rollout === undefined ? {} : { rollout }),
    ...(instance === undefined ? {} : { instance }),
  };
}

type Said = Pick<Agent, 'labels' | 'role' | 'dependsOn' | 'criticality'>;

/** What the sources say of the agent, the weightiest last: registration, orchestrator, config. */
function saidOf({ registration, discovered, configured }: Entry): Said {
  let said: Said = { labels: {}, dependsOn: [], criticality: 0 };
  for (const source of [registration, discovered, configured]) if (source) said = overlaid(said, source);
  return said;
}

function overlaid(said: Said, source: Registration | DiscoveredAgent | AgentConfig): Said {
  const role = source.role ?? said.role;
  return {
    labels: { ...said.labels, ...source.labels },
    // The config always has a list; an empty one says nothing.
    dependsOn: source.dependsOn?.length ? source.dependsOn : said.dependsOn,
    criticality: source.criticality ?? said.criticality,
    ...(role === undefined ? {} : { role }),
  };
}

function sourceOf(entry: Entry): Agent['source'] {
  if (entry.orchestrator !== undefined) return 'orchestrator';
  if (entry.registration) return 'registration';
  return entry.configured ? 'config' : 'control-plane';
}

function instanceOf(entry: Entry): Instance | undefined {
  const { current } = entry;
  if (!current) return undefined;
  const listed = entry.discovered?.instance.id === current.id ? entry.discovered.instance : undefined;
  const endpoint = endpointOf(entry)?.endpoint;
  return {
    ...current.told,
    ...listed,
    id: current.id,
    generation: current.generation,
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

export interface EndpointOfEntry {
  readonly endpoint: string;
  readonly source: EndpointSource;
  /** What the orchestrator says, where somebody else's word goes first. */
  readonly instead?: string;
}

/** Registration over config over orchestrator. An address both named is the orchestrator's: it may be called. */
export function endpointOf(entry: Entry): EndpointOfEntry | undefined {
  const listed = entry.discovered?.instance;
  const found = listed && listed.id === entry.current?.id ? listed.endpoint : undefined;
  const told = entry.current?.told?.endpoint;
  const candidates: readonly [string | undefined, EndpointSource][] = [
    [entry.registeredEndpoint, entry.registeredEndpoint === found ? 'orchestrator' : 'registration'],
    [entry.configured?.endpoint, 'config'],
    [found, 'orchestrator'],
    // What a control plane was told comes from the receipt of an orchestrator.
    [told, 'orchestrator'],
  ];
  for (const [endpoint, source] of candidates) {
    if (endpoint === undefined) continue;
    return { endpoint, source, ...(found === undefined || found === endpoint ? {} : { instead: found }) };
  }
  return undefined;
}
