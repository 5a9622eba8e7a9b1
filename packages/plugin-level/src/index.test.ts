import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPlugin } from '@praetorian-guard/core/plugin';
import { createRig } from '@praetorian-guard/core/testing';
import { describe, expect, it } from 'vitest';
import plugin from './index.ts';

describe('plugin-level', () => {
  it('is a plugin that offers a store and leases', () => {
    expect(isPlugin(plugin)).toBe(true);
    expect(Object.keys(plugin.contributes)).toEqual(['stateStores', 'leases']);
  });

  it('opens the folder relative to the config file and keeps the leases in the same store', async () => {
    const baseDir = mkdtempSync(join(tmpdir(), 'praetorian-plugin-'));
    const context = createRig().context({ path: './data' }, { baseDir });
    const store = plugin.contributes.stateStores?.['level']?.(context);
    const leases = plugin.contributes.leases?.['level']?.(context);
    await store?.start?.(new AbortController().signal);
    const lease = await leases?.acquire('shard/1', 'me', 1_000);
    expect(lease?.fence).toBe(1);
    expect((await store?.get('lease/shard/1'))?.value).toMatchObject({ holder: 'me', fence: 1 });
    await lease?.release();
    await store?.stop?.(new AbortController().signal);
    rmSync(join(baseDir, 'data'), { recursive: true });
    rmSync(baseDir, { recursive: true });
  });
});
