import type { ContainerInspectInfo } from 'dockerode';

type Networks = ContainerInspectInfo['NetworkSettings']['Networks'];

/** What an inspect says, without what cannot be the same in two containers. */
export function comparable(inspect: ContainerInspectInfo): unknown {
  const { Config, HostConfig, NetworkSettings, State, Mounts, GraphDriver, ...rest } = inspect;
  const isDefault = Config.Hostname === inspect.Id.slice(0, 12);
  return {
    ...without(rest, ['Id', 'Created', 'Name', 'ExecIDs', 'ResolvConfPath', 'HostnamePath', 'HostsPath', 'LogPath']),
    State: without(State, ['Pid', 'StartedAt', 'FinishedAt', 'Health']),
    GraphDriver: GraphDriver.Name,
    Config: { ...Config, Hostname: isDefault ? 'the short id' : Config.Hostname },
    HostConfig: { ...HostConfig, ...declared(HostConfig) },
    // `Mode` tells how a mount was asked for; that of a volume without a name differs once it is asked for by name.
    Mounts: Mounts.map((mount) => (isAnonymous(mount.Name) ? without(mount, ['Mode']) : mount)).sort((a, b) =>
      String(a.Destination) < String(b.Destination) ? -1 : 1,
    ),
    NetworkSettings: {
      ...without(NetworkSettings, ['SandboxID', 'SandboxKey', 'EndpointID', 'IPAddress', 'MacAddress']),
      Ports: portsOf(inspect),
      Networks: networksOf(inspect),
    },
  };
}

/** What the owner declared: volumes without a name are asked for by name in the second container. */
function declared({ Binds, Mounts, Links }: ContainerInspectInfo['HostConfig']): object {
  const mounts = (Mounts ?? []) as { Type: string; Source?: string }[];
  return {
    Binds: Binds?.map((bind) => bind.replace(/^[0-9a-f]{64}:/, '')) ?? null,
    Mounts: mounts.filter(({ Type, Source }) => Type !== 'volume' || (Source !== undefined && !isAnonymous(Source))),
    // `/target:/owner/alias`, and the owner has another name.
    Links: (Links as string[] | null)?.map((link) => link.replace(/:\/[^/]*\//, ':')).sort() ?? null,
  };
}

/** Ports of the host that were asked for; the engine finds the others. */
function portsOf({ HostConfig, NetworkSettings }: ContainerInspectInfo): unknown {
  const asked = JSON.stringify(HostConfig.PortBindings);
  return Object.entries(NetworkSettings.Ports ?? {}).map(([port, bindings]) => [
    port,
    bindings?.map(({ HostIp, HostPort }) => [HostIp, asked.includes(`"${HostPort}"`) ? HostPort : 'any']),
  ]);
}

/** Addresses that were asked for; the engine finds the others, and makes hardware addresses of them. */
function networksOf({ Id, Config, NetworkSettings }: ContainerInspectInfo): unknown {
  const mac = (Config as { MacAddress?: string }).MacAddress;
  const entries = Object.entries(NetworkSettings.Networks).map(([name, endpoint]: [string, Networks[string]]) => {
    const facts = without(endpoint, [
      'EndpointID',
      ...(endpoint.IPAMConfig?.IPv4Address
        ? []
        : ['IPAddress', ...(endpoint.MacAddress === mac ? [] : ['MacAddress'])]),
    ]);
    const Aliases = (endpoint.Aliases as string[] | null)?.filter((alias) => alias !== Id.slice(0, 12));
    return [name, Object.fromEntries(Object.entries({ ...facts, Aliases }).filter(([, value]) => !isEmpty(value)))];
  });
  return Object.fromEntries(entries);
}

function isAnonymous(name: string | undefined): boolean {
  return /^[0-9a-f]{64}$/.test(name ?? '');
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

function without(from: object, fields: readonly string[]): { [field: string]: unknown } {
  return Object.fromEntries(Object.entries(from).filter(([field]) => !fields.includes(field)));
}
