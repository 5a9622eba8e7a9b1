import type { ContainerConfig, Endpoint, HostConfig, Inspected } from '../src/containers/recipe-facts.ts';

export const id = '7ce9dd7b2546100d470e6a9ea55f499bb21e7cd33a09062a3af77156452cb6cb';
export const hash = 'e2051846323ec543b22c7446bab235508bfc5f345246932f0f9f6e403fec2978';

interface Changes {
  readonly config?: Partial<ContainerConfig> & { readonly [field: string]: unknown };
  readonly host?: HostConfig & { readonly [field: string]: unknown };
  readonly mounts?: Inspected['Mounts'];
  readonly networks?: { readonly [name: string]: Endpoint };
}

/** What API 1.41 tells of `docker run web:1 serve`, as far as a recipe cares, with changes. */
export function inspected({ config, host, mounts = [], networks }: Changes = {}): Inspected {
  return {
    Id: id,
    Image: 'sha256:5b5d09ae',
    Config: {
      Hostname: '7ce9dd7b2546',
      Domainname: '',
      User: '',
      Env: null,
      Cmd: ['serve'],
      Image: 'web:1',
      Volumes: null,
      WorkingDir: '',
      Entrypoint: null,
      Labels: {},
      ...config,
    },
    HostConfig: { Binds: null, NetworkMode: 'default', PortBindings: {}, Links: null, ...host },
    Mounts: mounts,
    NetworkSettings: { Networks: networks ?? { bridge: endpoint('b1') } },
  };
}

/** An endpoint as it is told of a container that runs: what was asked for, and what came of it. */
export function endpoint(network: string, asked: Endpoint & { readonly [field: string]: unknown } = {}): Endpoint {
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: null,
    NetworkID: network,
    EndpointID: '37ebbb8d011f',
    Gateway: '172.17.0.1',
    IPAddress: '172.17.0.2',
    IPPrefixLen: 16,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    MacAddress: '02:42:ac:11:00:02',
    DriverOpts: null,
    DNSNames: ['web', '7ce9dd7b2546'],
    GwPriority: 0,
    ...asked,
  } as Endpoint;
}
