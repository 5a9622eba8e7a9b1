import { isDeepStrictEqual } from 'node:util';
import type { ConfigOverride } from '@praetorian-guard/core/plugin';
import { type ContainerConfig, type HostConfig, type ImageConfig, without } from './recipe-facts.ts';

/** The fields of `HostConfig` that change with the limits of an override. */
export function limitsOf(host: HostConfig, { memoryLimit, cpuLimit }: ConfigOverride = {}): HostConfig {
  return {
    ...(memoryLimit === undefined ? {} : memoryOf(host, memoryLimit)),
    // The engine refuses both ways of saying it at once.
    ...(cpuLimit === undefined ? {} : { NanoCpus: Math.round(cpuLimit * 1e9), CpuQuota: 0, CpuPeriod: 0 }),
  };
}

function memoryOf(host: HostConfig, limit: number): HostConfig {
  const reservation = host.MemoryReservation ?? 0;
  return {
    Memory: limit,
    MemorySwap: swapOf(host, limit),
    ...(reservation > limit ? { MemoryReservation: limit } : {}),
  };
}

/** `MemorySwap` counts memory and swap together; -1 is unlimited, and 0 leaves it to the engine. */
function swapOf(host: HostConfig, limit: number): number {
  const memory = host.Memory ?? 0;
  const both = host.MemorySwap ?? 0;
  if (both < 0) return both;
  // Twice the memory is what the engine notes down when nobody asked for a number.
  return both === 0 || both === 2 * memory ? 0 : limit + Math.max(0, both - memory);
}

/** An environment with some variables set: those it has in their place, the others at its end. */
export function environmentWith(
  old: ImageConfig['Env'],
  set: { readonly [name: string]: string },
): readonly string[] | null | undefined {
  if (Object.keys(set).length === 0) return old;
  const entries = new Map((old ?? []).map((entry) => [nameOf(entry), entry]));
  for (const [name, value] of Object.entries(set)) entries.set(name, `${name}=${value}`);
  return [...entries.values()];
}

function nameOf(entry: string): string {
  return entry.split('=', 1)[0] ?? '';
}

const plainFields = ['ArgsEscaped', 'OnBuild', 'Shell', 'StopSignal', 'User', 'WorkingDir'] as const;

/**
 * A config without what the container had from its image only, so that another image's own takes its place. `published`
 * ports are its own, even when the image names them as well.
 */
export function withoutImageDefaults(
  config: ContainerConfig,
  image: ImageConfig,
  published: readonly string[],
): Omit<ContainerConfig, 'Image'> {
  const same = (field: keyof ImageConfig): boolean => isDeepStrictEqual(config[field] ?? null, image[field] ?? null);
  // An image's command goes with its entrypoint: beside an entrypoint of its own, the container's command is its own too.
  const ownEntrypoint = !same('Entrypoint') && (config.Entrypoint ?? []).length > 0;
  const dropped = [
    'Image',
    ...plainFields.filter(same),
    ...(same('Entrypoint') ? ['Entrypoint'] : []),
    ...(same('Cmd') && !ownEntrypoint ? ['Cmd'] : []),
  ];
  const ports = Object.keys(image.ExposedPorts ?? {}).filter((port) => !published.includes(port));
  return {
    ...without(config, dropped),
    Env: config.Env?.filter((entry) => !image.Env?.includes(entry)),
    ExposedPorts: config.ExposedPorts && without(config.ExposedPorts, ports),
    Healthcheck: ownEntries(config.Healthcheck, image.Healthcheck),
    Labels: ownEntries(config.Labels, image.Labels),
    Volumes: config.Volumes && without(config.Volumes, Object.keys(image.Volumes ?? {})),
  };
}

/** Labels one by one, and parts of a health check one by one: the engine fills in the parts that are left out. */
function ownEntries<T extends object>(own: T | null | undefined, image: object | null | undefined): T | undefined {
  const theirs = new Map(Object.entries(image ?? {}));
  const entries = Object.entries(own ?? {}).filter(([name, value]) => !isDeepStrictEqual(value, theirs.get(name)));
  return entries.length > 0 ? (Object.fromEntries(entries) as T) : undefined;
}
