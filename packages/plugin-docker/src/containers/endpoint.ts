import type { ContainerFacts } from '../engine/engine.ts';
import { inUrl, isLoopback } from '../engine/host.ts';
import { own } from './naming.ts';

/** How agents are reached. */
export interface Reach {
  readonly reach: 'container' | 'published';
  /** Host of the engine, for published ports. */
  readonly host: string;
  /** The container whose network it is in: itself, or the one it shares that of. `undefined`: not known yet. */
  readonly holderOf: (facts: ContainerFacts) => ContainerFacts | 'gone' | undefined;
}

export type Endpoint =
  | { readonly url: string }
  /** A label names a port, and that leads nowhere. */
  | { readonly why: string; readonly remedy: string };

/** Where the agent's own HTTP side is. `undefined`: no label names its port, or there is nothing to be told of it now. */
export function endpointOf(facts: ContainerFacts, reach: Reach): Endpoint | undefined {
  const { [own.port]: port, [own.network]: network } = facts.Config.Labels;
  if (port === undefined || !facts.State.Running) return undefined;
  if (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535)
    return { why: `${own.port} is ${JSON.stringify(port)}`, remedy: 'Let it be a number from 1 to 65535.' };
  const holder = reach.holderOf(facts);
  if (holder === undefined) return undefined;
  if (holder === 'gone') {
    const why = 'the container whose network it lives in is gone';
    return { why, remedy: 'Make it anew by hand, for example with docker compose up.' };
  }
  if (holder.HostConfig.NetworkMode === 'host') return { url: urlOf(reach.host, port) };
  const found = reach.reach === 'published' ? published(holder, port, reach.host) : inNetwork(holder, port, network);
  // Of one that does not run, or that was taken out of all its networks, it is known why.
  const isKnown = !holder.State.Running || Object.keys(networksOf(holder)).length === 0;
  return 'why' in found && isKnown ? undefined : found;
}

/** At the address it is bound to. One that is bound to them all is reached by the host of the engine. */
function published({ NetworkSettings }: ContainerFacts, port: string, host: string): Endpoint {
  const bindings = (NetworkSettings.Ports[`${port}/tcp`] ?? []).map(({ HostIp, HostPort }) => ({
    host: ['', '0.0.0.0', '::'].includes(HostIp) ? host : HostIp,
    port: HostPort,
  }));
  const [first] = bindings;
  if (!first) {
    const why = `its port ${port} is not published`;
    return { why, remedy: 'Publish it, or set `reach: container`.' };
  }
  const near = bindings.find((one) => isLoopback(host) || !isLoopback(one.host));
  if (near) return { url: urlOf(near.host, near.port) };
  const why = `its port ${port} is published at ${first.host} only, which nobody but the host of the engine, ${host}, reaches`;
  return { why, remedy: 'Publish it at an address that the guard reaches.' };
}

function inNetwork(holder: ContainerFacts, port: string, wanted: string | undefined): Endpoint {
  const networks = networksOf(holder);
  const names = Object.keys(networks).join(', ');
  if (wanted !== undefined && !(wanted in networks)) {
    const why = `it is in no network ${JSON.stringify(wanted)}`;
    return { why, remedy: `Let ${own.network} name one that it is in: ${names}.` };
  }
  const asked = Object.entries(networks).filter(([name]) => wanted === undefined || name === wanted);
  const addresses = asked.map(([, { IPAddress }]) => IPAddress);
  const addresses6 = asked.map(([, { GlobalIPv6Address }]) => GlobalIPv6Address);
  const address = [...addresses, ...addresses6].find((one) => one !== undefined && one !== '');
  if (address !== undefined) return { url: urlOf(address, port) };
  const why = `it has no address in ${wanted ?? names}`;
  return { why, remedy: `Give it a network in which it has one, or take ${own.port} away.` };
}

function networksOf({ NetworkSettings }: ContainerFacts): ContainerFacts['NetworkSettings']['Networks'] {
  return NetworkSettings.Networks;
}

function urlOf(host: string, port: string): string {
  return `http://${inUrl(host)}:${port}`;
}
