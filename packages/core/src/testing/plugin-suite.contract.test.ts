import { setInterval } from 'node:timers';
import { describe, expect, it } from 'vitest';
import { definePlugin, type PluginManifest } from '../contracts/plugin.ts';
import type { JsonObject } from '../model/index.ts';
import { type PluginSamples, testPlugin } from './plugin-suite.ts';

const good: PluginManifest<never> = definePlugin<never>({
  name: '@acme/guard-plugin-pulse',
  version: '1.0.0',
  apiVersion: 1,
  coreRange: '*',
  configSchema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      every: { type: 'string', 'x-duration': true, default: '2s', description: 'Pause between two beats.' },
      token: { type: 'string', 'x-secret': true, description: 'Token of the service.' },
      limits: {
        type: 'object',
        additionalProperties: false,
        default: {},
        properties: { max: { type: 'integer', default: 3, description: 'Most at once.' } },
      },
    },
  },
  contributes: {
    notifiers: {
      pulse: () => ({ supports: { threads: false }, deliver: () => Promise.reject(new TypeError('not called')) }),
    },
  },
});

const samples: PluginSamples = {
  valid: [{}, { every: '1m', token: { $env: 'TOKEN' } }],
  invalid: [
    { config: { evry: '1s' }, path: 'evry' },
    { config: { token: 'plain' }, path: 'token' },
    { config: { limits: { max: 'x' } }, path: 'limits.max' },
  ],
};

testPlugin({ describe, it }, good, samples);

/** Names of the promises a plugin breaks. */
async function broken(
  manifest: PluginManifest<never>,
  given: PluginSamples = { valid: [{}], invalid: [] },
): Promise<string[]> {
  const promises: [string, () => Promise<void>][] = [];
  testPlugin(
    { describe: (_name, body) => body(), it: (name, body) => void promises.push([name, body]) },
    manifest,
    given,
  );
  const failed: string[] = [];
  for (const [name, body] of promises) {
    try {
      await body();
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

const withSchema = (properties: JsonObject): PluginManifest<never> =>
  definePlugin<never>({ ...good, configSchema: { type: 'object', additionalProperties: false, properties } });

describe('the suite for plugins', () => {
  it.each([
    [
      'a manifest that definePlugin did not make',
      { ...good },
      ['has a manifest this core accepts', 'cannot be changed by who holds it'],
    ],
    ['a core out of range', definePlugin<never>({ ...good, coreRange: '>=99' }), ['has a manifest this core accepts']],
    [
      'an open object',
      withSchema({ a: { type: 'object', default: {}, properties: { b: { type: 'string', description: 'x' } } } }),
      ['allows no unknown key in any object of its config'],
    ],
    ['a key without description', withSchema({ a: { type: 'string' } }), ['describes every key of its config']],
    [
      'defaults that never count',
      withSchema({
        a: {
          type: 'object',
          additionalProperties: false,
          properties: { b: { type: 'integer', default: 1, description: 'x' } },
        },
      }),
      ['applies its defaults also where a whole object is left out'],
    ],
  ])('catches %s', async (_what, manifest, expected) => {
    expect(await broken(manifest)).toEqual(expected);
  });

  it('catches a valid config that is refused and an invalid one that is not', async () => {
    const failed = await broken(good, { valid: [{ evry: 1 }], invalid: [{ config: {}, path: 'every' }] });
    expect(failed).toEqual(['accepts the valid config 1', 'refuses the invalid config 1 and names every']);
  });

  it('catches a factory that opens something or returns a promise', async () => {
    const timers: NodeJS.Timeout[] = [];
    const eager = definePlugin<never>({
      ...good,
      contributes: {
        notifiers: {
          eager: () => {
            timers.push(setInterval(() => undefined, 60_000));
            return {} as never;
          },
          late: () => Promise.resolve({}) as never,
        },
      },
    });
    const failed = await broken(eager);
    timers.forEach(clearInterval);
    expect(failed).toEqual([
      'makes notifiers eager without opening anything',
      'makes notifiers late without opening anything',
    ]);
  });
});
