import { posix } from 'node:path';
import { type DeclaredMount, type HostConfig, type Inspected, type Mount, without } from './recipe-facts.ts';

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
  const isForeign = ({ path }: Volume): boolean => takesFromOthers(HostConfig) && !ownPaths.has(path);
  const more = volumes.filter((volume) => !declared.has(volume.name) && !isForeign(volume));
  return {
    ...(HostConfig.Binds ? { Binds: binds } : {}),
    ...(mounts.length + more.length > 0 ? { Mounts: [...mounts, ...more.map((volume) => mountOf(volume))] } : {}),
  };
}

/** The mounts of a copy: a volume that the engine gave its name is asked for without one, so that the copy gets its own. */
export function volumesAnew({ HostConfig }: Inspected): Pick<HostConfig, 'Binds' | 'Mounts'> {
  const { Binds: binds, Mounts: mounts } = HostConfig;
  return {
    ...(binds ? { Binds: binds.map((bind) => (isUnnamed(firstOf(bind)) ? withoutSource(bind) : bind)) } : {}),
    ...(mounts ? { Mounts: mounts.map((mount) => (isUnnamed(mount.Source) ? mountAnew(mount) : mount)) } : {}),
  };
}

/** Whether a copy gets a volume of its own in place of this one: it has no name, and is not that of another container. */
export function isRenewed({ Config, HostConfig }: Inspected, { Name, Destination }: Mount): boolean {
  if (!isUnnamed(Name)) return false;
  return !takesFromOthers(HostConfig) || ownPaths({ Config, HostConfig }).has(normal(Destination));
}

/**
 * Without those of the containers it takes volumes from that are gone. What came from them it asks for itself from now on, beside
 * its `mounts`: the engine would look for the containers in vain, also where others in their place have the same volumes.
 */
export function volumesOfGone(
  { Config, HostConfig, Mounts }: Inspected,
  mounts: HostConfig['Mounts'],
  gone: readonly string[],
): Pick<HostConfig, 'Mounts' | 'VolumesFrom'> {
  if (gone.length === 0) return {};
  const own = ownPaths({ Config, HostConfig });
  const inherited = (Mounts ?? []).filter(({ Destination }) => !own.has(normal(Destination)));
  return {
    VolumesFrom: (HostConfig.VolumesFrom ?? []).filter((entry) => !gone.includes(firstOf(entry))),
    Mounts: [...(mounts ?? []), ...inherited.flatMap(mountLike)],
  };
}

function mountLike({ Type, Name, Source, Destination: path, RW }: Mount): readonly DeclaredMount[] {
  if (Type === 'volume' && Name) return [mountOf({ name: Name, path, readOnly: !RW })];
  return Type === 'bind' && Source ? [{ Type, Source, Target: path, ...(RW ? {} : { ReadOnly: true }) }] : [];
}

/** Names or ids of the containers it takes volumes from. */
export function volumeSources({ HostConfig }: Inspected): readonly string[] {
  return (HostConfig.VolumesFrom ?? []).map(firstOf);
}

/** Where it has asked for something itself, and its image has. */
function ownPaths({ Config, HostConfig: { Binds, Mounts } }: Pick<Inspected, 'Config' | 'HostConfig'>): Set<string> {
  const bound = (Binds ?? []).map((bind) => (isWithoutSource(bind) ? firstOf(bind) : (bind.split(':')[1] ?? '')));
  const own = [...Object.keys(Config.Volumes ?? {}), ...bound, ...(Mounts ?? []).map(({ Target }) => Target)];
  return new Set(own.map(normal));
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

/** A recipe may have asked for it by name; then it was said that it is not to be filled. */
function mountAnew({ VolumeOptions, ...mount }: DeclaredMount): DeclaredMount {
  const options = VolumeOptions && without(VolumeOptions, ['NoCopy']);
  return { ...without(mount, ['Source']), ...(options ? { VolumeOptions: options } : {}) };
}

/** The engine makes up a name of 64 digits for a volume that was given none. */
function isUnnamed(volume: string | null | undefined): boolean {
  return /^[0-9a-f]{64}$/.test(volume ?? '');
}

function takesFromOthers({ VolumesFrom }: HostConfig): boolean {
  return (VolumesFrom ?? []).length > 0;
}

function withoutSource(bind: string): string {
  return bind.slice(bind.indexOf(':') + 1);
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
