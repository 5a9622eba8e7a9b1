import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GuardError, isGuardError } from '../contracts/errors.ts';
import { definePlugin, type PluginManifest } from '../contracts/plugin.ts';
import { checkManifest } from './check-manifest.ts';
import { loadPlugin } from './load-plugin.ts';

let folder: string;

/** The brand is what definePlugin leaves; a fixture outside the repository cannot import it. */
const define = `const define = (manifest) => Object.freeze(Object.defineProperty(manifest, Symbol.for('praetorian.plugin.v1'), { value: true }));`;

function source(over: string): string {
  return `${define}
export default define({
  name: 'guard-plugin-pulse', version: '1.0.0', apiVersion: 1, coreRange: '*',
  configSchema: { type: 'object', additionalProperties: false, properties: {} },
  contributes: { notifiers: { pulse: () => ({}) } }, ${over}
});`;
}

function write(path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'guard-plugins-'));
  write('good.mjs', source(''));
  write('named.mjs', source(''));
  write('throws.mjs', `throw new Error('no licence\\n    at frame');`);
  write('typo.mjs', `export const x = ;`);
  write('missing-dependency.mjs', `import 'guard-plugin-that-is-not-there';`);
  write('no-default.mjs', `export const plugin = 1;`);
  write('plain.mjs', `export default { name: 'x' };`);
  write('future.mjs', source('apiVersion: 2'));
  write(
    'node_modules/guard-plugin-pulse/package.json',
    JSON.stringify({
      name: 'guard-plugin-pulse',
      type: 'module',
      exports: { '.': { types: './x.d.ts', import: './lib.js' } },
    }),
  );
  write('node_modules/guard-plugin-pulse/lib.js', source(''));
  write(
    'node_modules/guard-plugin-other/package.json',
    JSON.stringify({ name: 'guard-plugin-other', type: 'module', main: 'main.js' }),
  );
  write('node_modules/guard-plugin-other/main.js', source(''));
  write(
    'node_modules/guard-plugin-unbuilt/package.json',
    JSON.stringify({ name: 'guard-plugin-unbuilt', exports: './dist/index.js' }),
  );
  write(
    'node_modules/guard-plugin-closed/package.json',
    JSON.stringify({ name: 'guard-plugin-closed', exports: { './only': './only.js' } }),
  );
  write('own/package.json', JSON.stringify({ name: 'own', type: 'module', exports: './entry.js' }));
  write('own/entry.js', source(''));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function errorOf(use: string, options = {}): Promise<GuardError> {
  try {
    await loadPlugin(use, folder, options);
  } catch (thrown) {
    if (isGuardError(thrown)) return thrown;
    throw thrown;
  }
  throw new TypeError('it did not throw');
}

describe('loading a plugin', () => {
  it.each([['./good.mjs'], ['./own'], ['guard-plugin-pulse']])(
    'finds %s from the folder of the config',
    async (use) => {
      expect((await loadPlugin(use, folder)).name).toBe('guard-plugin-pulse');
    },
  );

  it('finds a package from a folder below the one it is installed in', async () => {
    expect((await loadPlugin('guard-plugin-pulse', join(folder, 'own'))).name).toBe('guard-plugin-pulse');
  });

  it('takes a manifest that is there already without importing anything', async () => {
    const manifest = await loadPlugin('./good.mjs', folder);
    expect(await loadPlugin('anything', folder, { known: { anything: manifest } })).toBe(manifest);
  });

  it.each([
    ['guard-plugin-that-is-not-there', 'no such package is installed'],
    ['./no-such-file.js', 'there is no'],
    ['guard-plugin-unbuilt', 'has it been built?'],
    ['guard-plugin-closed', 'does not export'],
    ['node:fs', 'neither the name of a package nor a path'],
    ['constructor', 'no such package is installed'],
    ['a/../../b', 'neither the name of a package nor a path'],
  ])('says why %s cannot be found', async (use, why) => {
    const error = await errorOf(use);
    expect(error.code).toBe('GUARD_PLUGIN_NOT_FOUND');
    expect(error.message).toContain(why);
  });

  it('refuses a package that calls itself something else', async () => {
    const error = await errorOf('guard-plugin-other');
    expect(error.code).toBe('GUARD_PLUGIN_INVALID');
    expect(error.message).toContain('it calls itself "guard-plugin-pulse"');
  });

  it('keeps the cause and the first line when importing throws', async () => {
    const error = await errorOf('./throws.mjs');
    expect(error.code).toBe('GUARD_PLUGIN_FAILED');
    expect(error.message).toBe('The plugin ./throws.mjs failed in import: no licence.');
    expect((error.cause as Error).message).toContain('at frame');
  });

  it.each([['./typo.mjs'], ['./missing-dependency.mjs']])(
    'says that importing %s failed, not that it is missing',
    async (use) => {
      expect((await errorOf(use)).code).toBe('GUARD_PLUGIN_FAILED');
    },
  );

  it.each([
    ['./no-default.mjs', 'its default export is missing'],
    ['./plain.mjs', 'not the result of definePlugin()'],
  ])('refuses %s, which is no plugin', async (use, why) => {
    const error = await errorOf(use);
    expect(error.code).toBe('GUARD_PLUGIN_INVALID');
    expect(error.message).toContain(why);
  });

  it('refuses a plugin of another API version and names both', async () => {
    const error = await errorOf('./future.mjs');
    expect(error.code).toBe('GUARD_PLUGIN_API_MISMATCH');
    expect(error.message).toBe('The plugin ./future.mjs speaks plugin API 2, this core speaks 1.');
  });
});

describe('checking a manifest', () => {
  const valid: PluginManifest = {
    name: 'pulse',
    version: '1.0.0',
    apiVersion: 1,
    coreRange: '^1.2.0',
    configSchema: { type: 'object', additionalProperties: false },
    contributes: { notifiers: { pulse: () => ({}) as never } },
  };

  function problem(over: { [key: string]: unknown }, core = '1.2.3'): GuardError | undefined {
    try {
      checkManifest(definePlugin({ ...valid, ...over }), 'pulse', core);
      return undefined;
    } catch (thrown) {
      return thrown as GuardError;
    }
  }

  it('accepts a good one', () => expect(problem({})).toBeUndefined());

  it('accepts a pre-release of a core that its range takes', () => {
    expect(problem({}, '1.3.0-next.1')).toBeUndefined();
  });

  it('refuses a core outside its range and names both', () => {
    expect(problem({}, '2.0.0')?.code).toBe('GUARD_PLUGIN_PEER_MISMATCH');
    expect(problem({}, '2.0.0')?.message).toBe('The plugin pulse needs core ^1.2.0, this is 2.0.0.');
  });

  it.each([
    [{ coreRange: 'newest' }, 'is not a range of versions'],
    [{ coreRange: undefined }, 'is not a range of versions'],
    [{ name: '' }, 'it has no name'],
    [{ version: 'one' }, 'is not a version'],
    [{ configSchema: undefined }, 'it has no configSchema'],
    [{ configSchema: { type: 'string' } }, 'not of type object'],
    [{ configSchema: { type: 'object' } }, 'lacks additionalProperties: false'],
    [
      { configSchema: { type: 'object', additionalProperties: false, properties: { a: { type: 'txt' } } } },
      'does not compile',
    ],
    [{ configSchema: { type: 'object', additionalProperties: false, requried: ['a'] } }, 'does not compile'],
    [{ contributes: undefined }, 'it has no contributes'],
    [{ contributes: {} }, 'it contributes nothing'],
    [{ contributes: { notifier: {} } }, 'it contributes "notifier"; the kinds are'],
    [{ contributes: { notifiers: { 'a b': () => ({}) } } }, 'the name "a b" in notifiers'],
    [{ contributes: { notifiers: { a: {} } } }, 'notifiers.a is an object, not a function'],
  ])('refuses %j', (over, why) => {
    const error = problem(over);
    expect(error?.code).toBe('GUARD_PLUGIN_INVALID');
    expect(error?.message).toContain(why);
  });
});
