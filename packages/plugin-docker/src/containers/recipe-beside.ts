import type { HostConfig, Inspected, PortBindings } from './recipe-facts.ts';
import { attachmentsOf, isApart } from './recipe-network.ts';

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

/** Why an equal container cannot run beside this one, in words; empty when it can. */
export function collisions(inspect: Inspected): readonly string[] {
  const mode = inspect.HostConfig.NetworkMode ?? '';
  return [
    ...(mode === 'host' ? ['host network'] : []),
    ...(mode.startsWith('container:') ? [`network of container ${mode.slice('container:'.length).slice(0, 12)}`] : []),
    ...fixedHostPorts(inspect).map((port) => `host port ${port}`),
    ...fixedAddresses(inspect).map((address) => `address ${address}`),
  ];
}

/** The same ports published, each on one of the host's that the engine finds free. */
export function freeHostPorts({ PortBindings }: HostConfig): PortBindings {
  const freed = Object.entries(PortBindings ?? {}).map(([port, bindings]) => [
    port,
    bindings?.map((binding) => (isFixed(binding) ? { ...binding, HostPort: '' } : binding)) ?? null,
  ]);
  return PortBindings && Object.fromEntries(freed);
}

/** Of a range like `8000-8010` the engine takes what is free. */
function isFixed({ HostPort }: { readonly HostPort?: string | null | undefined }): boolean {
  return /^[1-9]\d*$/.test(HostPort ?? '');
}
