import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { type GuardError, guardError, isGuardError, messageOf } from '../contracts/index.ts';
import type { AgentId } from '../model/index.ts';
import type { KnownEndpoint } from './ports.ts';

/** Never called, whoever named them: link-local, and where clouds hand out credentials. */
const forbidden: readonly string[] = [
  '169.254.0.0/16',
  'fe80::/10',
  // Metadata services outside the link-local range: AWS over IPv6, Alibaba, Oracle, Azure's wire server.
  'fd00:ec2::254/128',
  '100.100.100.200/32',
  '192.0.0.192/32',
  '168.63.129.16/32',
  // Multicast and broadcast reach more than one machine.
  '224.0.0.0/4',
  'ff00::/8',
  '255.255.255.255/32',
];

/** Each container may have had a name of its own. */
const resolvedMax = 10_000;

const metadataNames = new Set(['metadata', 'metadata.google.internal', 'instance-data', 'metadata.azure.internal']);

export interface EndpointPolicyOptions {
  /** Networks self-registered addresses may lie in, as CIDR. An empty list allows none. */
  readonly allowedNetworks: readonly string[];
  /** Addresses of a host name; a rejection counts as "cannot be resolved". [the system's resolver] */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/** An endpoint that may be called, and the very address to call: it is not looked up a second time. */
export interface CheckedEndpoint {
  readonly url: URL;
  readonly address: string;
  readonly family: 4 | 6;
  /** Of a name with addresses of both families: the first of the other, for when the first takes no connection. */
  readonly other?: { readonly address: string; readonly family: 4 | 6 };
}

/**
 * Decides which addresses the guard calls. Those an orchestrator or the config named are allowed, those an agent
 * registered only inside `allowedNetworks`; link-local and metadata addresses never. Names are resolved at every call
 * and each of their addresses is checked, so that a name cannot change its meaning in between (DNS rebinding).
 */
export class EndpointPolicy {
  readonly #allowed: BlockList;
  readonly #forbidden = networks(forbidden, 'forbidden');
  readonly #resolve: (host: string) => Promise<readonly string[]>;
  /** Names that were resolved here, oldest first. */
  readonly #resolved = new Set<string>();

  /** Throws `GUARD_CONFIG_INVALID` for a network that is not CIDR. */
  constructor({ allowedNetworks, resolve = systemAddresses }: EndpointPolicyOptions) {
    this.#allowed = networks(allowedNetworks, 'allowedNetworks');
    this.#resolve = resolve;
  }

  /**
   * The address to call for an endpoint; throws `GUARD_ENDPOINT_DENIED`. An agent in a container names itself as its
   * network knows it, which the guard may not be in: then it is called where the orchestrator says, and where that says
   * nothing it throws `GUARD_ENDPOINT_FOREIGN`. A name that was found here once and is found no more is not foreign.
   */
  async check(agentId: AgentId, at: KnownEndpoint): Promise<CheckedEndpoint> {
    const { endpoint, source, instead } = at;
    try {
      return await this.#check(agentId, at);
    } catch (error) {
      if (!isUnresolved(error)) throw error;
      if (instead !== undefined) return this.#check(agentId, { endpoint: instead, source: 'orchestrator' });
      const { cause } = error;
      const isForeign =
        source === 'registration' && isNotFound(cause) && !this.#resolved.has(hostOf(new URL(endpoint)));
      if (!isForeign) throw error;
      throw guardError('GUARD_ENDPOINT_FOREIGN', { agentId, endpoint, why: messageOf(cause) }, { cause });
    }
  }

  async #check(agentId: AgentId, { endpoint, source }: KnownEndpoint): Promise<CheckedEndpoint> {
    const deny = (why: string, cause?: unknown): Error =>
      guardError('GUARD_ENDPOINT_DENIED', { agentId, endpoint, why }, { cause });
    const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
    if (!url || !['http:', 'https:'].includes(url.protocol)) throw deny('it is not an http or https address');
    if (url.username !== '' || url.password !== '') throw deny('it carries a user or password');
    const host = hostOf(url);
    if (metadataNames.has(host)) throw deny(`${host} is a metadata service`);
    const addresses = isIP(host) ? [host] : await this.#addressesOf(host, deny);
    for (const address of addresses) {
      const why = this.#objection(address, source);
      if (why !== undefined) throw deny(why);
    }
    const first = addresses[0];
    if (first === undefined) throw deny(`${host} has no address`);
    const family = isIP(first);
    // Of one family only the first: the others may be other agents behind one name.
    const other = addresses.find((address) => isIP(address) !== family);
    return { url, ...known(first), ...(other === undefined ? {} : { other: known(other) }) };
  }

  async #addressesOf(host: string, deny: (why: string, cause?: unknown) => Error): Promise<readonly string[]> {
    try {
      const addresses = await this.#resolve(host);
      this.#remember(host);
      return addresses;
    } catch (error) {
      throw deny(`${host} cannot be resolved: ${messageOf(error)}`, error);
    }
  }

  #remember(host: string): void {
    if (this.#resolved.has(host)) return;
    this.#resolved.add(host);
    const [oldest] = this.#resolved;
    if (this.#resolved.size > resolvedMax && oldest !== undefined) this.#resolved.delete(oldest);
  }

  #objection(address: string, source: KnownEndpoint['source']): string | undefined {
    const plain = embeddedIpv4(address) ?? address;
    if (contains(this.#forbidden, plain) || contains(this.#forbidden, address)) {
      return `${address} is a link-local, metadata or multicast address`;
    }
    if (source !== 'registration' || contains(this.#allowed, plain)) return undefined;
    return `the agent named ${address} itself, and it is in none of the allowed networks`;
  }
}

/** With a cause it is the name that could not be resolved; else the address may not be called. */
function isUnresolved(error: unknown): error is GuardError {
  return isGuardError(error, 'GUARD_ENDPOINT_DENIED') && error.cause !== undefined;
}

/** That there is no such name, and not that nobody could be asked for it. */
export function isNotFound(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOTFOUND';
}

function hostOf({ hostname }: URL): string {
  return hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}

function known(address: string): { readonly address: string; readonly family: 4 | 6 } {
  return { address, family: isIP(address) === 6 ? 6 : 4 };
}

async function systemAddresses(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true, verbatim: true });
  return found.map(({ address }) => address);
}

function contains(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * The IPv4 address inside an IPv6 one, by which the same machine is reached: mapped (`::ffff:a.b.c.d`), NAT64
 * (`64:ff9b::/96`), 6to4 (`2002::/16`).
 */
function embeddedIpv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const groups = ipv6Groups(address);
  const [a, b, c] = groups as [number, number, number];
  const middleIsZero = groups.slice(2, 5).every((group) => group === 0);
  const dotted = (high: number, low: number): string => [high >> 8, high & 255, low >> 8, low & 255].join('.');
  if (a === 0x2002) return dotted(b, c);
  const mapped = a === 0 && b === 0 && middleIsZero && groups[5] === 0xffff;
  const translated = a === 0x64 && b === 0xff9b && middleIsZero && groups[5] === 0;
  return mapped || translated ? dotted(groups[6] as number, groups[7] as number) : undefined;
}

/** The eight groups of an IPv6 address; the URL parser brings it into its short, all-hexadecimal form first. */
function ipv6Groups(address: string): readonly number[] {
  const compact = new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1);
  const [head = '', tail] = compact.split('::');
  const parse = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const left = parse(head);
  if (tail === undefined) return left;
  const right = parse(tail);
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}

function networks(cidrs: readonly string[], what: string): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', prefix] = cidr.split('/');
    const family = isIP(address);
    const longest = family === 6 ? 128 : 32;
    const bits = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
    if (family === 0 || !(bits <= longest)) {
      throw guardError('GUARD_CONFIG_INVALID', { problems: `${what}: ${cidr} is not a network like 10.0.0.0/8` });
    }
    list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
