import type { EndpointSettings } from 'dockerode';
import { type Endpoint, type Inspected, shortId, without } from './recipe-facts.ts';

export interface Connection {
  /** Id of the network, or the name of one that every engine has. */
  readonly network: string;
  readonly endpoint: EndpointSettings;
}

export interface Networking {
  readonly mode: string;
  /** Of the network in `mode`, by the text in `mode`; older engines take no others at creation. */
  readonly endpoints?: { readonly [network: string]: EndpointSettings };
  readonly connect: readonly Connection[];
  readonly disconnect: readonly string[];
}

export interface Attachment {
  readonly name: string;
  readonly id: string;
  readonly endpoint: Endpoint;
}

/** What the default mode stands for, on Linux and on Windows. */
const standard = ['bridge', 'nat'];

/** What came of being in a network, as opposed to what was asked for. */
const outcomes = [
  'DNSNames',
  'EndpointID',
  'Gateway',
  'GlobalIPv6Address',
  'GlobalIPv6PrefixLen',
  'IPAddress',
  'IPPrefixLen',
  'IPv6Gateway',
  'MacAddress',
  'NetworkID',
];

/** Whether it has no networks of its own to be in: those of the host, of another container, or none. */
export function isApart(mode: string): boolean {
  return mode === 'host' || mode === 'none' || mode.startsWith('container:');
}

/** The networks a container is in, each once: one that was joined by a short id is listed by that and by its name. */
export function attachmentsOf({ NetworkSettings }: Inspected): readonly Attachment[] {
  const all = Object.entries(NetworkSettings.Networks ?? {}).map(([name, endpoint]) => ({
    name,
    id: endpoint.NetworkID ?? '',
    endpoint,
  }));
  const isAlsoNamed = ({ name, id }: Attachment): boolean =>
    id.startsWith(name) && all.some((other) => other.id === id && other.name !== name);
  return all.filter((one) => !isAlsoNamed(one));
}

/** How to get a new container into the networks of the old. */
export function networkingOf(inspect: Inspected): Networking {
  const wanted = inspect.HostConfig.NetworkMode ?? 'default';
  if (isApart(wanted)) return { mode: wanted, connect: [], disconnect: [] };
  const attachments = attachmentsOf(inspect);
  const first = firstOf(attachments, wanted);
  // The key of the endpoint must be what stands in the mode, and a short id is no key.
  const mode = first && isIdOf(first, wanted) ? first.id : wanted;
  const endpointOf = (one: Attachment): EndpointSettings => ({
    ...settingsOf(inspect, one.endpoint),
    ...identityOf(one),
  });
  const firstEndpoint = first && endpointOf(first);
  return {
    mode,
    ...(firstEndpoint && Object.keys(firstEndpoint).length > 0 ? { endpoints: { [mode]: firstEndpoint } } : {}),
    connect: attachments
      .filter((one) => one !== first)
      .map((one) => ({ network: identityOf(one).NetworkID ?? one.name, endpoint: endpointOf(one) })),
    // It has left the network it was made for, maybe because somebody took it out of there.
    disconnect: first ? [] : [mode === 'default' ? 'bridge' : mode],
  };
}

function firstOf(attachments: readonly Attachment[], mode: string): Attachment | undefined {
  const names = mode === 'default' ? standard : [mode];
  return (
    attachments.find(({ name }) => names.includes(name)) ?? attachments.find((attachment) => isIdOf(attachment, mode))
  );
}

function isIdOf({ name, id }: Attachment, mode: string): boolean {
  return name !== mode && mode.length >= 12 && id.startsWith(mode);
}

/**
 * Its id, since several networks may have the same name and the engine, left alone, looks for the name at every start.
 * Not of the standard network, whose id changes when the engine starts again; and none is known before the first start.
 */
function identityOf({ name, id }: Attachment): EndpointSettings {
  return id === '' || standard.includes(name) ? {} : { NetworkID: id };
}

function settingsOf(inspect: Inspected, endpoint: Endpoint): EndpointSettings {
  const Aliases = endpoint.Aliases?.filter((alias) => alias !== shortId(inspect));
  const asked = Object.entries({ ...without(endpoint, outcomes), Aliases });
  return Object.fromEntries(asked.filter(([, value]) => !isNothing(value)));
}

function isNothing(value: unknown): boolean {
  return !value || (typeof value === 'object' && Object.keys(value).length === 0);
}
