/** Everything that can be wrong with a plugin before it is used, each with its own error. */
import { readFileSync } from 'node:fs';
import semver from 'semver';
import { guardError, messageOf } from '../contracts/errors.ts';
import { apiVersion, isPlugin, type Kind, type PluginManifest } from '../contracts/plugin.ts';
import type { JsonObject } from '../model/index.ts';
import { compileSchema } from '../runtime/json-schema.ts';

/** Every kind of contribution, in the order of the docs. */
export const kinds = [
  'orchestrators',
  'stateStores',
  'leases',
  'detectors',
  'assessors',
  'strategies',
  'anomalyModels',
  'notifiers',
  'controlPlanes',
  'signalSources',
  'surfaces',
] as const satisfies readonly Kind[];

const contributionName = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** Version of this core, as its package states it. */
export function coreVersion(): string {
  // The same distance from src/plugins/ and from dist/plugins/.
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/**
 * Checks what a plugin module exports by default. `use` is the name by which it was asked for, in messages.
 * Errors: `GUARD_PLUGIN_INVALID`, `GUARD_PLUGIN_API_MISMATCH`, `GUARD_PLUGIN_PEER_MISMATCH`.
 */
export function checkManifest(value: unknown, use: string, core: string = coreVersion()): PluginManifest {
  if (!isPlugin(value))
    throw invalid(use, `its default export is ${describe(value)}, not the result of definePlugin()`);
  // The API comes first: a manifest of another API may look different in everything else.
  if (value.apiVersion !== apiVersion) {
    throw guardError('GUARD_PLUGIN_API_MISMATCH', { plugin: use, theirs: String(value.apiVersion), ours: apiVersion });
  }
  checkRange(value, use, core);
  const problem = nameProblem(value) ?? schemaProblem(value.configSchema) ?? contributionProblem(value);
  if (problem !== undefined) throw invalid(use, problem);
  return value;
}

/** The manifest must be the package that was asked for, or the wrong one would be configured. */
export function checkName(manifest: PluginManifest, use: string): void {
  if (use === manifest.name || use.startsWith(`${manifest.name}/`)) return;
  throw invalid(use, `it calls itself ${JSON.stringify(manifest.name)}`);
}

function invalid(plugin: string, why: string): Error {
  return guardError('GUARD_PLUGIN_INVALID', { plugin, why });
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function checkRange({ coreRange }: PluginManifest, plugin: string, version: string): void {
  if (typeof coreRange !== 'string' || semver.validRange(coreRange) === null) {
    throw invalid(plugin, `its coreRange ${JSON.stringify(coreRange)} is not a range of versions`);
  }
  // A pre-release of the core counts as the version it leads to: plugins are tried against it first.
  if (!semver.satisfies(version, coreRange, { includePrerelease: true })) {
    throw guardError('GUARD_PLUGIN_PEER_MISMATCH', { plugin, range: coreRange, version });
  }
}

function nameProblem({ name, version }: PluginManifest): string | undefined {
  if (typeof name !== 'string' || name === '') return 'it has no name';
  return semver.valid(version) === null ? `its version ${JSON.stringify(version)} is not a version` : undefined;
}

/** Why a schema cannot be the schema of a plugin's config; `undefined` when it can. */
function schemaProblem(schema: JsonObject): string | undefined {
  if (typeof schema !== 'object' || schema === null) return 'it has no configSchema';
  if (schema['type'] !== 'object') return 'its configSchema is not of type object';
  if (schema['additionalProperties'] !== false && schema['unevaluatedProperties'] !== false) {
    return 'its configSchema lacks additionalProperties: false, so that typing errors would pass';
  }
  try {
    compileSchema(schema);
    return undefined;
  } catch (thrown) {
    return `its configSchema does not compile: ${messageOf(thrown)}`;
  }
}

function contributionProblem({ contributes }: PluginManifest): string | undefined {
  if (typeof contributes !== 'object' || contributes === null) return 'it has no contributes';
  const entries = Object.entries(contributes);
  const foreign = entries.find(([kind]) => !(kinds as readonly string[]).includes(kind));
  if (foreign) return `it contributes ${JSON.stringify(foreign[0])}; the kinds are ${kinds.join(', ')}`;
  if (entries.every(([, offered]) => Object.keys(offered ?? {}).length === 0)) return 'it contributes nothing';
  return entries.flatMap(([kind, offered]) =>
    Object.entries(offered ?? {}).flatMap(([name, factory]) => factoryProblem(kind, name, factory)),
  )[0];
}

function factoryProblem(kind: string, name: string, factory: unknown): string[] {
  if (!contributionName.test(name))
    return [`the name ${JSON.stringify(name)} in ${kind} is not a letter followed by up to 63 letters, digits, - or _`];
  return typeof factory === 'function' ? [] : [`${kind}.${name} is ${describe(factory)}, not a function`];
}
