/** Finds the plugin instances of a file, loads their plugins and checks their configs by the plugins' own schemas. */
import { guardError, isGuardError, messageOf } from '../contracts/errors.ts';
import type { PluginManifest } from '../contracts/plugin.ts';
import { compileSchema, type PathPart, type SchemaValidator } from '../runtime/json-schema.ts';
import { problemsOf } from './explain-issue.ts';
import type { Found } from './problem.ts';
import { httpPlugin } from './schema.ts';
import type { PlacedSecret } from './secrets.ts';

/** Finds a plugin by package name, or by a path relative to the folder of the config. */
export type ResolvePlugin = (use: string, baseDir: string) => Promise<PluginManifest>;

type Node = { [key: string]: unknown };

/** A plugin instance as the file names it. */
interface Named {
  readonly instance: string;
  readonly use: string;
  /** Where its `use` and its config stand; `http` has no `use`. */
  readonly usePath: readonly PathPart[];
  readonly configPath: readonly PathPart[];
  readonly config: Node;
}

export interface CheckedPlugin extends Named {
  readonly manifest: PluginManifest;
}

export interface CheckedPlugins {
  readonly plugins: readonly CheckedPlugin[];
  readonly problems: readonly Found[];
  readonly secrets: readonly PlacedSecret[];
  /** Errors of plugins that could not be loaded, with the problem each is when it is not the only one. */
  readonly failures: readonly { readonly error: unknown; readonly problem: Found }[];
}

/** Name of the store that is built in. */
export const memoryStore = 'memory';

export async function checkPlugins(
  document: Node,
  baseDir: string,
  resolvePlugin: ResolvePlugin,
): Promise<CheckedPlugins> {
  const named = namedInstances(document);
  const loads = new Map<string, Promise<Loaded>>();
  for (const { use } of named) if (!loads.has(use)) loads.set(use, load(use, baseDir, resolvePlugin));
  const plugins: CheckedPlugin[] = [];
  const problems: Found[] = [];
  const secrets: PlacedSecret[] = [];
  const failures: CheckedPlugins['failures'][number][] = [];
  for (const item of named) {
    const loaded = (await loads.get(item.use)) as Loaded;
    if ('error' in loaded) {
      const remedy = isGuardError(loaded.error)
        ? `${loaded.error.message} ${loaded.error.remedy}`
        : messageOf(loaded.error);
      failures.push({
        error: loaded.error,
        problem: {
          path: item.usePath,
          found: JSON.stringify(item.use),
          allowed: 'a plugin that can be loaded',
          remedy,
        },
      });
      continue;
    }
    const checked = loaded.validate(item.config);
    problems.push(...problemsOf(checked.issues, item.configPath));
    secrets.push(...checked.secrets.map((place) => ({ place, path: [...item.configPath, ...place.path] })));
    plugins.push({ ...item, manifest: loaded.manifest });
  }
  return { plugins, problems, secrets, failures };
}

type Loaded = { readonly manifest: PluginManifest; readonly validate: SchemaValidator } | { readonly error: unknown };

async function load(use: string, baseDir: string, resolvePlugin: ResolvePlugin): Promise<Loaded> {
  try {
    const manifest = await resolvePlugin(use, baseDir);
    return { manifest, validate: compilePluginSchema(manifest) };
  } catch (error) {
    return { error };
  }
}

function compilePluginSchema(manifest: PluginManifest): SchemaValidator {
  try {
    return compileSchema(manifest.configSchema);
  } catch (cause) {
    throw guardError(
      'GUARD_PLUGIN_INVALID',
      { plugin: manifest.name, why: `its configSchema does not compile: ${messageOf(cause)}` },
      { cause },
    );
  }
}

/** Every instance that is written well enough to be loaded; what is not is told by the schema. */
function namedInstances(document: Node): Named[] {
  const entries = Object.entries(asNode(document['plugins']) ?? {}).flatMap(([instance, value]) =>
    named(instance, ['plugins', instance], asNode(value)),
  );
  const store = asNode(document['store']);
  if (store && store['use'] !== memoryStore) entries.push(...named('store', ['store'], store));
  const http = asNode(document['http']);
  if (http) entries.push({ instance: 'http', use: httpPlugin, usePath: ['http'], configPath: ['http'], config: http });
  return entries;
}

function named(instance: string, path: readonly string[], node: Node | undefined): Named[] {
  const config = node && asNode((node['config'] ??= {}));
  if (typeof node?.['use'] !== 'string' || !config) return [];
  return [{ instance, use: node['use'], usePath: [...path, 'use'], configPath: [...path, 'config'], config }];
}

const asNode = (value: unknown): Node | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Node) : undefined;
