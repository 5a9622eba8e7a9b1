import { posix } from 'node:path';
import type { DeclaredMount, HostConfig, Inspected } from './recipe-facts.ts';

/**
 * The mounts of a container, with every volume that its owner gave no name asked for by the name the engine gave it: a
 * new container would get new, empty ones. What comes from `VolumesFrom` stays with the container it comes from.
 */
export function volumesByName({ Config, HostConfig, Mounts }: Inspected): Pick<HostConfig, 'Binds' | 'Mounts'> {
  const volumes = (Mounts ?? []).flatMap(({ Type, Name, Destination, RW }) =>
    Type === 'volume' && Name ? [{ name: Name, path: normal(Destination), readOnly: !RW }] : [],
  );
  const at = (path: string): Volume | undefined => volumes.find((volume) => volume.path === normal(path));
  const binds = (HostConfig.Binds ?? []).map((bind) => {
    const volume = isWithoutSource(bind) ? at(firstOf(bind)) : undefined;
    return volume ? `${volume.name}:${bind}` : bind;
  });
  const mounts = (HostConfig.Mounts ?? []).map((mount) => {
    const volume = mount.Type === 'volume' && !mount.Source ? at(mount.Target) : undefined;
    return volume ? { ...mount, ...mountOf(volume, mount) } : mount;
  });
  const declared = new Set([...binds.map(firstOf), ...mounts.map(({ Source }) => Source)]);
  const ownPaths = new Set(Object.keys(Config.Volumes ?? {}).map(normal));
  const isForeign = ({ path }: Volume): boolean => (HostConfig.VolumesFrom ?? []).length > 0 && !ownPaths.has(path);
  const more = volumes.filter((volume) => !declared.has(volume.name) && !isForeign(volume));
  return {
    ...(HostConfig.Binds ? { Binds: binds } : {}),
    ...(mounts.length + more.length > 0 ? { Mounts: [...mounts, ...more.map((volume) => mountOf(volume))] } : {}),
  };
}

interface Volume {
  readonly name: string;
  readonly path: string;
  readonly readOnly: boolean;
}

/** Without `NoCopy` the engine would fill a volume again that the container had emptied. */
function mountOf({ name, path, readOnly }: Volume, { VolumeOptions }: Partial<DeclaredMount> = {}): DeclaredMount {
  return {
    Type: 'volume',
    Source: name,
    Target: path,
    ...(readOnly ? { ReadOnly: true } : {}),
    VolumeOptions: { ...VolumeOptions, NoCopy: true },
  };
}

/** `/data` and `/data:ro`, as opposed to `name:/data` and `/host:/data:ro`. */
function isWithoutSource(bind: string): boolean {
  const second = bind.split(':')[1];
  return bind.startsWith('/') && !second?.startsWith('/');
}

function firstOf(bind: string): string {
  return bind.split(':', 1)[0] ?? '';
}

function normal(path: string): string {
  const tidy = posix.normalize(path);
  return tidy.length > 1 && tidy.endsWith('/') ? tidy.slice(0, -1) : tidy;
}
