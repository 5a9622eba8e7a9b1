import type { Kind, PluginManifest } from '../contracts/index.ts';
import { apiVersion, definePlugin, guardError, messageOf } from '../contracts/index.ts';
import { MemoryStateStore } from '../state/index.ts';
import { coreVersion } from '../plugins/check-manifest.ts';
import type { HeaderLine, RecordedPlugin } from './record-format.ts';
import type { ReplayPorts } from './replay-components.ts';
import { replayControlPlane, replayNotifier, replayOrchestrator } from './replay-components.ts';

/** Contributions that only think: a replay needs the real ones. */
const thinking = ['detectors', 'assessors', 'strategies', 'anomalyModels'] as const satisfies readonly Kind[];

export interface SubstitutesOptions {
  readonly header: HeaderLine;
  readonly ports: ReplayPorts;
  readonly warn: (warning: string) => void;
}

type Contributes = PluginManifest['contributes'];
type Offered = { readonly [kind: string]: readonly string[] };

/**
 * Puts stand-ins in the place of everything of a plugin that reaches the world. What only thinks stays; a plugin that is
 * not installed here is done without when it has nothing of that kind.
 */
export function substitutes({ header, ports, warn }: SubstitutesOptions) {
  return async (use: string, load: () => Promise<PluginManifest>): Promise<PluginManifest> => {
    const recorded = header.plugins.find((plugin) => plugin.use === use);
    const manifest = await load().catch((thrown: unknown) => standIn(use, recorded, { thrown, warn }));
    if (recorded && recorded.version !== manifest.version)
      warn(`the plugin ${use} was ${recorded.version} when it was recorded and is ${manifest.version} now`);
    const offered = Object.fromEntries(
      Object.entries(manifest.contributes).map(([kind, all]) => [kind, Object.keys(all ?? {})]),
    );
    return definePlugin({ ...manifest, contributes: replaced(manifest.contributes, offered, { header, ports }) });
  };
}

interface Failure {
  readonly thrown: unknown;
  readonly warn: (warning: string) => void;
}

function standIn(use: string, recorded: RecordedPlugin | undefined, { thrown, warn }: Failure): PluginManifest {
  if (!recorded) throw thrown;
  const thinks = thinking.filter((kind) => (recorded.contributes[kind] ?? []).length > 0);
  if (thinks.length > 0)
    throw guardError('GUARD_REPLAY_PLUGIN', { plugin: use, why: messageOf(thrown) }, { cause: thrown });
  warn(`the plugin ${use} cannot be loaded here and is stood in for; its config is not checked: ${messageOf(thrown)}`);
  const nothing = (): never => undefined as never;
  const contributes = Object.fromEntries(
    Object.entries(recorded.contributes).map(([kind, names]) => [
      kind,
      Object.fromEntries(names.map((name) => [name, nothing])),
    ]),
  );
  return definePlugin({
    name: recorded.name,
    version: recorded.version,
    apiVersion,
    coreRange: coreVersion(),
    configSchema: { type: 'object', properties: {}, additionalProperties: true },
    contributes,
  });
}

function replaced(
  own: Contributes,
  offered: Offered,
  { header, ports }: Pick<SubstitutesOptions, 'header' | 'ports'>,
): Contributes {
  const each = <T>(kind: Kind, make: (fullName: string) => T) => {
    const names = offered[kind] ?? [];
    const nameOf = (instance: string, name: string): string => (names.length === 1 ? instance : `${instance}/${name}`);
    return Object.fromEntries(
      names.map((name) => [name, ({ instance }: { readonly instance: string }) => make(nameOf(instance, name))]),
    );
  };
  return {
    ...Object.fromEntries(thinking.flatMap((kind) => (own[kind] ? [[kind, own[kind]]] : []))),
    stateStores: Object.fromEntries(
      (offered['stateStores'] ?? []).map((name) => [name, ({ clock }) => new MemoryStateStore(clock)]),
    ),
    orchestrators: each('orchestrators', (name) => replayOrchestrator(ports, name, header.orchestrators[name])),
    notifiers: each('notifiers', (name) => replayNotifier(ports, name, header.notifiers[name]?.threads ?? true)),
    controlPlanes: each('controlPlanes', () => replayControlPlane(ports)),
  };
}
