import { describe, expect, it } from 'vitest';
import { errorOf, load, plugin, plugins, problemsOf } from '../../test/config-kit.ts';
import type { PluginManifest } from '../contracts/plugin.ts';

describe('plugins of a config', () => {
  it('get their own config with defaults, each instance its own', async () => {
    const { plugins: loaded, config } = await load({
      plugins: { day: { use: 'ops' }, night: { use: 'ops', config: { slack: { every: '5m' } } } },
      store: { use: 'level', config: { path: './x' } },
      http: {},
    });
    expect(loaded.map(({ instance, use, config: own }) => [instance, use, own])).toEqual([
      ['day', 'ops', { slack: { every: 2_000 } }],
      ['night', 'ops', { slack: { every: 300_000 } }],
      ['store', 'level', { path: './x' }],
      ['http', '@praetorian-guard/plugin-http', { port: 7717 }],
    ]);
    expect(config.store).toBe('store');
  });

  it('are loaded once each', async () => {
    const asked: string[] = [];
    const resolvePlugin = (use: string): Promise<PluginManifest> => {
      asked.push(use);
      return Promise.resolve(plugins[use] as PluginManifest);
    };
    await load({ plugins: { day: { use: 'ops' }, night: { use: 'ops' } } }, { resolvePlugin });
    expect(asked).toEqual(['ops']);
  });

  it('that cannot be loaded keep their own error when nothing else is wrong', async () => {
    expect((await errorOf(load({ plugins: { a: { use: 'nowhere' } } }))).code).toBe('GUARD_PLUGIN_NOT_FOUND');
  });

  it('that cannot be loaded are told among the other mistakes', async () => {
    const problems = await problemsOf({ plugins: { a: { use: 'nowhere' }, b: { use: 'nothing' } }, tick: 'x' });
    expect(problems.map(({ path }) => path)).toEqual(['tick', 'plugins.a.use', 'plugins.b.use']);
    expect(problems[1]?.remedy).toContain('no such package');
  });

  it('with a schema that does not compile are refused by name', async () => {
    const broken = plugin('broken', { a: { type: 'txt' } });
    const error = await errorOf(
      load({ plugins: { a: { use: 'broken' } } }, { resolvePlugin: () => Promise.resolve(broken) }),
    );
    expect(error.code).toBe('GUARD_PLUGIN_INVALID');
  });
});
