/** What the tests of the config share: a few plugins, and ways to load and to fail. */
import { type GuardError, guardError, isGuardError } from '../src/contracts/errors.ts';
import { definePlugin, type PluginManifest } from '../src/contracts/plugin.ts';
import { type LoadedConfig, loadConfigObject, loadConfigText, type LoadOptions } from '../src/config/load.ts';
import type { ConfigProblem } from '../src/config/problem.ts';
import type { JsonObject } from '../src/model/index.ts';

export function plugin(name: string, properties: JsonObject, more: JsonObject = {}): PluginManifest {
  return definePlugin({
    name,
    version: '1.0.0',
    apiVersion: 1,
    coreRange: '*',
    configSchema: { type: 'object', additionalProperties: false, properties, ...more },
    contributes: {},
  });
}

export const plugins: { readonly [use: string]: PluginManifest } = {
  '@praetorian-guard/plugin-http': plugin('@praetorian-guard/plugin-http', {
    port: { type: 'integer', minimum: 0, maximum: 65_535, default: 7717 },
    token: { type: 'string', 'x-secret': true, minLength: 8 },
  }),
  ops: plugin('ops', {
    slack: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        token: { 'x-secret': true },
        every: { 'x-duration': true, default: '2s' },
        note: { 'x-secret': { text: true } },
      },
    },
  }),
  level: plugin('level', { path: { type: 'string' } }, { required: ['path'] }),
};

export function options(over: Partial<LoadOptions> = {}): LoadOptions {
  return {
    env: { TOKEN: 'hunter2-hunter2', EMPTY: '', SHORT: 'abc' },
    baseDir: '/nowhere',
    resolvePlugin: (use) => {
      const manifest = plugins[use];
      return manifest
        ? Promise.resolve(manifest)
        : Promise.reject(guardError('GUARD_PLUGIN_NOT_FOUND', { plugin: use, why: 'no such package' }));
    },
    ...over,
  };
}

export const load = (value: unknown, over: Partial<LoadOptions> = {}): Promise<LoadedConfig> =>
  loadConfigObject(value, options(over));

export async function errorOf(loading: Promise<unknown>): Promise<GuardError> {
  try {
    await loading;
  } catch (thrown) {
    if (isGuardError(thrown)) return thrown;
    throw thrown;
  }
  throw new TypeError('it was accepted');
}

export async function problemsOf(value: unknown): Promise<readonly ConfigProblem[]> {
  const error = await errorOf(typeof value === 'string' ? loadConfigText(value, options({})) : load(value));
  if (error.code !== 'GUARD_CONFIG_INVALID') throw error;
  return error.details['places'] as unknown as readonly ConfigProblem[];
}

/** An agent with nothing of its own. */
export const anyone = { id: 'a', group: 'web', labels: {} };
