import type { ContainerCreateOptions } from 'dockerode';

/** What stands for nothing depends on the field and on the version of the engine. */
export type Maybe<T> = T | null | undefined;
export type Keys = Maybe<{ readonly [key: string]: object }>;
export type Texts = Maybe<{ readonly [name: string]: string }>;
export type Words = Maybe<string | readonly string[]>;

/** `Config` of an image: the fields a container takes from it. */
export interface ImageConfig {
  readonly ArgsEscaped?: Maybe<boolean>;
  readonly Cmd?: Words;
  readonly Entrypoint?: Words;
  readonly Env?: Maybe<readonly string[]>;
  readonly ExposedPorts?: Keys;
  readonly Healthcheck?: Maybe<object>;
  readonly Labels?: Texts;
  readonly OnBuild?: unknown;
  readonly Shell?: Words;
  readonly StopSignal?: Maybe<string>;
  readonly User?: Maybe<string>;
  readonly Volumes?: Keys;
  readonly WorkingDir?: Maybe<string>;
}

export interface ContainerConfig extends ImageConfig {
  readonly Domainname?: Maybe<string>;
  readonly Hostname?: Maybe<string>;
  readonly Image: string;
  readonly MacAddress?: Maybe<string>;
}

export interface DeclaredMount {
  readonly ReadOnly?: Maybe<boolean>;
  readonly Source?: Maybe<string>;
  readonly Target: string;
  readonly Type: string;
  readonly VolumeOptions?: Maybe<object>;
}

export type PortBindings = Maybe<{
  readonly [port: string]: Maybe<readonly { readonly HostIp?: Maybe<string>; readonly HostPort?: Maybe<string> }[]>;
}>;

export interface HostConfig {
  readonly Binds?: Maybe<readonly string[]>;
  readonly CpuPeriod?: Maybe<number>;
  readonly CpuQuota?: Maybe<number>;
  readonly Links?: Maybe<readonly string[]>;
  readonly Memory?: Maybe<number>;
  readonly MemoryReservation?: Maybe<number>;
  readonly MemorySwap?: Maybe<number>;
  readonly Mounts?: Maybe<readonly DeclaredMount[]>;
  readonly NanoCpus?: Maybe<number>;
  readonly NetworkMode?: Maybe<string>;
  readonly PortBindings?: PortBindings;
  readonly UTSMode?: Maybe<string>;
  readonly VolumesFrom?: Maybe<readonly string[]>;
}

/** One network a container is in: what was asked for, and what came of it. */
export interface Endpoint {
  readonly Aliases?: Maybe<readonly string[]>;
  readonly IPAMConfig?: Maybe<{
    readonly IPv4Address?: Maybe<string>;
    readonly IPv6Address?: Maybe<string>;
    readonly LinkLocalIPs?: Maybe<readonly string[]>;
  }>;
  readonly NetworkID?: Maybe<string>;
}

/** What came of a mount. */
export interface Mount {
  readonly Destination: string;
  readonly Name?: Maybe<string>;
  readonly RW: boolean;
  readonly Source?: Maybe<string>;
  readonly Type: string;
}

/**
 * What a recipe reads of `GET /containers/{id}/json`. Fields that are not named here are copied all the same, so that
 * nothing is lost that a newer engine adds.
 */
export interface Inspected {
  readonly Id: string;
  /** Id of the image it was made from, whatever the name in `Config.Image` means by now. */
  readonly Image: string;
  readonly Config: ContainerConfig;
  readonly HostConfig: HostConfig;
  readonly Mounts?: Maybe<readonly Mount[]>;
  readonly NetworkSettings: { readonly Networks?: Maybe<{ readonly [name: string]: Endpoint }> };
}

/** Body of `POST /containers/create`. */
export type CreateBody = Omit<ContainerCreateOptions, 'abortSignal' | 'name' | 'platform'>;

/** The container's id as people see it: its default hostname, and on older engines its alias in every network. */
export function shortId({ Id }: Inspected): string {
  return Id.slice(0, 12);
}

/** A copy without some fields. */
export function without<T extends object>(from: T, fields: readonly string[]): T {
  return Object.fromEntries(Object.entries(from).filter(([field]) => !fields.includes(field))) as T;
}
