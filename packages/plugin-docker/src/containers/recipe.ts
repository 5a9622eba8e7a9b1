import type { ConfigOverride } from '@praetorian-guard/core/plugin';
import {
  type ContainerConfig,
  type CreateBody,
  type HostConfig,
  type ImageConfig,
  type Inspected,
  shortId,
  without,
} from './recipe-facts.ts';
import { type Connection, type Networking, networkingOf } from './recipe-network.ts';
import { environmentWith, limitsOf, withoutImageDefaults } from './recipe-override.ts';
import { volumesAnew, volumesByName, volumesOfGone } from './recipe-volumes.ts';

export interface RecipeOptions {
  readonly name: string;
  /** The name in `Config.Image` still means the image the container was made from; without this its id is used. */
  readonly imageUnmoved?: boolean;
  /** Added to those the container has. */
  readonly labels?: { readonly [name: string]: string };
  /** Set after everything an override sets. */
  readonly env?: { readonly [name: string]: string };
  readonly override?: ConfigOverride;
  /** `Config` of the image it was made from, if there still is one; matters when the override names another image. */
  readonly oldImageConfig?: ImageConfig;
  /** It takes nobody's place: it gets new volumes where the other's have no name. */
  readonly copy?: boolean;
  /** Containers it takes volumes from, as it names them, that there are no more. */
  readonly gone?: readonly string[];
}

/** How to make a container again: create, disconnect, connect, start. */
export interface Recipe {
  readonly name: string;
  readonly create: CreateBody;
  /** Networks that creation joins and that the old container had left. */
  readonly disconnect: readonly string[];
  /** Further networks; older engines take only one at creation. */
  readonly connect: readonly Connection[];
}

/**
 * Everything that makes a container what it is, from `GET /containers/{id}/json`. It begins with a copy of all the engine
 * told, known here or not, and changes only what the engine would refuse, what belongs to the one container it was, and
 * what was asked for.
 */
export function recipeOf(inspect: Inspected, options: RecipeOptions): Recipe {
  const networking = networkingOf(inspect);
  const { endpoints, connect, disconnect } = networking;
  const create = {
    ...configOf(inspect, options),
    HostConfig: hostConfigOf(inspect, options, networking),
    ...(endpoints ? { NetworkingConfig: { EndpointsConfig: endpoints } } : {}),
  };
  return { name: options.name, create: create as CreateBody, disconnect, connect };
}

function configOf(inspect: Inspected, options: RecipeOptions): ContainerConfig {
  const { override = {}, oldImageConfig, labels, env } = options;
  const own =
    override.image !== undefined && oldImageConfig
      ? withoutImageDefaults(inspect.Config, oldImageConfig, Object.keys(inspect.HostConfig.PortBindings ?? {}))
      : inspect.Config;
  const timeout = override.timeoutMs === undefined ? {} : { PRAETORIAN_TIMEOUT_MS: String(override.timeoutMs) };
  return {
    ...without(own, impersonal(inspect)),
    Image: override.image ?? (options.imageUnmoved === true ? inspect.Config.Image : inspect.Image),
    Env: environmentWith(own.Env, { ...timeout, ...override.env, ...env }),
    Labels: labels ? { ...own.Labels, ...labels } : own.Labels,
    ...(override.command ? { Cmd: override.command } : {}),
  };
}

/** Fields of `Config` that nobody asked for: the engine filled them in, and refuses some of them when they are sent. */
function impersonal(inspect: Inspected): readonly string[] {
  const { Config, HostConfig } = inspect;
  // Hostname and ports are those of the other container; the ports that the image names show all the same.
  if (HostConfig.NetworkMode?.startsWith('container:')) return ['Hostname', 'Domainname', 'ExposedPorts', 'MacAddress'];
  return Config.Hostname === shortId(inspect) || HostConfig.UTSMode === 'host' ? ['Hostname'] : [];
}

function hostConfigOf(inspect: Inspected, options: RecipeOptions, { mode }: Networking): HostConfig {
  const host = inspect.HostConfig;
  const volumes = options.copy === true ? volumesAnew(inspect) : volumesByName(inspect);
  return {
    ...host,
    ...volumes,
    ...volumesOfGone(inspect, volumes.Mounts, options.gone ?? []),
    ...limitsOf(host, options.override),
    NetworkMode: mode,
    ...(host.Links ? { Links: host.Links.map(plainLink) } : {}),
  };
}

/** `/db:/web/store`, as the engine shows a link of `web`, is `db:store`: the name of its owner may be another now. */
function plainLink(link: string): string {
  const [target = '', path = ''] = link.split(':');
  return target.startsWith('/') ? `${target.slice(1)}:${path.split('/').slice(2).join('/')}` : link;
}
