import type { ContainerCreateOptions } from 'dockerode';

interface Around {
  readonly image: string;
  readonly network: string;
  /** A container to take volumes from. */
  readonly helper: string;
  readonly volume: string;
  readonly folder: string;
  readonly hostPort: number;
  /** A control group, as the engine's driver wants it written. */
  readonly cgroup: string;
}

/** A container that asks for everything an engine of 2020 can give at once, as a person or Compose would have asked. */
export function everything({
  image,
  network,
  helper,
  volume,
  folder,
  hostPort,
  cgroup,
}: Around): ContainerCreateOptions {
  return {
    Image: image,
    ...program,
    HostConfig: {
      ...limits,
      ...privileges,
      CgroupParent: cgroup,
      NetworkMode: network,
      PortBindings: {
        '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(hostPort) }],
        '53/udp': [{ HostPort: '' }],
      },
      PublishAllPorts: true,
      ExtraHosts: ['store:10.1.2.3', 'outside:host-gateway'],
      Dns: ['10.9.9.9'],
      DnsOptions: ['ndots:3'],
      DnsSearch: ['inside.example'],
      Binds: [`${volume}:/named/:rw`, `${folder}:/bind:ro`, '/sourceless'],
      Mounts: [
        { Type: 'volume', Source: volume, Target: '/named-too', ReadOnly: true },
        { Type: 'volume', Target: '/unnamed/', VolumeOptions: { Labels: { purpose: 'test' } } },
        { Type: 'bind', Source: folder, Target: '/bind-too', BindOptions: { Propagation: 'private' } },
        { Type: 'tmpfs', Target: '/scratch', TmpfsOptions: { SizeBytes: 1_048_576, Mode: 0o1770 } },
        // The types of the client know neither half of what a mount may leave out, nor that there may be several.
      ] as never,
      Tmpfs: { '/tmp': 'size=2m', '/run': '' },
      VolumesFrom: [`${helper}:ro`],
      VolumeDriver: 'local',
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2', labels: 'colour' } },
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      IpcMode: 'shareable',
      PidMode: `container:${helper}`,
      Runtime: 'runc',
      Init: true,
      ContainerIDFile: '/somewhere/id',
      ConsoleSize: [40, 120],
    },
    NetworkingConfig: {
      EndpointsConfig: {
        [network]: {
          Aliases: ['web', 'front-web'],
          IPAMConfig: { IPv4Address: '10.213.1.50' },
          Links: [`${helper}:friend`],
          DriverOpts: { 'org.example.note': 'kept' },
        },
      },
    },
  };
}

const program: ContainerCreateOptions = {
  Hostname: 'web',
  Domainname: 'inside.example',
  User: '0:5',
  Env: ['COLOUR=red', 'EMPTY=', 'WITH=a=b'],
  Entrypoint: ['/bin/sh', '-c'],
  Cmd: ['exec sleep 1000000'],
  Labels: { colour: 'red', 'com.docker.compose.service': 'web' },
  WorkingDir: '/named',
  Tty: true,
  OpenStdin: true,
  StdinOnce: false,
  AttachStderr: true,
  MacAddress: '02:42:0a:d5:01:aa',
  ExposedPorts: { '80/tcp': {}, '53/udp': {}, '99/tcp': {} },
  Volumes: { '/anonymous': {} },
  StopSignal: 'SIGINT',
  StopTimeout: 1,
  Healthcheck: { Test: ['CMD', 'true'], Interval: 5e9, Timeout: 2e9, Retries: 4, StartPeriod: 1e9 },
};

const limits = {
  Memory: 64 * 1024 ** 2,
  MemoryReservation: 32 * 1024 ** 2,
  MemorySwap: 96 * 1024 ** 2,
  MemorySwappiness: 10,
  OomKillDisable: false,
  OomScoreAdj: 100,
  CpuShares: 512,
  CpuPeriod: 50_000,
  CpuQuota: 25_000,
  CpusetCpus: '0',
  CpusetMems: '0',
  PidsLimit: 64,
  ShmSize: 8 * 1024 ** 2,
  Ulimits: [{ Name: 'nofile', Soft: 512, Hard: 1024 }],
  Sysctls: { 'net.ipv4.ip_unprivileged_port_start': '80' },
};

const privileges = {
  CapAdd: ['NET_ADMIN'],
  CapDrop: ['MKNOD'],
  CgroupnsMode: 'private',
  Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/nothing', CgroupPermissions: 'rw' }],
  DeviceCgroupRules: ['c 1:3 r'],
  GroupAdd: ['7'],
  ReadonlyRootfs: true,
  SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'],
  UsernsMode: 'host',
  MaskedPaths: ['/proc/kcore'],
  ReadonlyPaths: ['/proc/sys'],
};
