import type { Inspected, Mount } from './recipe-facts.ts';
import { attachmentsOf, isApart } from './recipe-network.ts';
import { isRenewed } from './recipe-volumes.ts';

/** Ports of the host that are this container's alone, like `8080/tcp` or `127.0.0.1:8080/tcp`. */
export function fixedHostPorts({ HostConfig }: Inspected): readonly string[] {
  // The engine publishes nothing when the network is not the container's own.
  if (isApart(HostConfig.NetworkMode ?? '')) return [];
  return Object.entries(HostConfig.PortBindings ?? {}).flatMap(([port, bindings]) =>
    (bindings ?? []).filter(isFixed).map(({ HostIp, HostPort }) => {
      const address = HostIp?.includes(':') ? `[${HostIp}]` : HostIp;
      return `${address ? `${address}:` : ''}${HostPort}/${port.split('/')[1] ?? 'tcp'}`;
    }),
  );
}

/** Addresses in its networks that were asked for, the hardware address among them. */
export function fixedAddresses(inspect: Inspected): readonly string[] {
  if (isApart(inspect.HostConfig.NetworkMode ?? '')) return [];
  const { MacAddress } = inspect.Config;
  const inNetworks = attachmentsOf(inspect).flatMap(({ name, endpoint: { IPAMConfig } }) =>
    [IPAMConfig?.IPv4Address, IPAMConfig?.IPv6Address, ...(IPAMConfig?.LinkLocalIPs ?? [])]
      .filter(Boolean)
      .map((address) => `${address} in ${name}`),
  );
  return [...inNetworks, ...(MacAddress ? [MacAddress] : [])];
}

/**
 * Volumes that it may write to. A database that runs twice on one of them spoils it. A folder of the host is left out: sockets,
 * logs and code lie in such folders, many containers write to one of them, and who puts data there names it a volume instead.
 */
function writableVolumes({ Mounts }: Inspected): readonly Mount[] {
  return (Mounts ?? []).filter(({ Type, RW }) => Type === 'volume' && RW);
}

/** Why the container that takes its place cannot run beside this one, in words; empty when it can. */
export function collisions(inspect: Inspected): readonly string[] {
  return [...aroundCollisions(inspect), ...inWords(writableVolumes(inspect))];
}

/**
 * Why a copy cannot run beside this one, in words. It gets new volumes where they have no name. One with a name that another
 * of the group writes to as well is meant to be shared.
 */
export function copyCollisions(inspect: Inspected, others: readonly Inspected[]): readonly string[] {
  const isShared = ({ Name }: Mount): boolean =>
    others.some((other) => writableVolumes(other).some((mount) => mount.Name === Name));
  const taken = writableVolumes(inspect).filter((mount) => !isRenewed(inspect, mount) && !isShared(mount));
  return [...aroundCollisions(inspect), ...inWords(taken)];
}

function aroundCollisions(inspect: Inspected): readonly string[] {
  const mode = inspect.HostConfig.NetworkMode ?? '';
  return [
    ...(mode === 'host' ? ['host network'] : []),
    ...(mode.startsWith('container:') ? [`network of container ${mode.slice('container:'.length).slice(0, 12)}`] : []),
    ...fixedHostPorts(inspect).map((port) => `host port ${port}`),
    ...fixedAddresses(inspect).map((address) => `address ${address}`),
  ];
}

function inWords(volumes: readonly Mount[]): readonly string[] {
  return volumes.map(({ Destination }) => `volume at ${Destination}`);
}

/** Of a range like `8000-8010` the engine takes what is free. */
function isFixed({ HostPort }: { readonly HostPort?: string | null | undefined }): boolean {
  return /^[1-9]\d*$/.test(HostPort ?? '');
}
