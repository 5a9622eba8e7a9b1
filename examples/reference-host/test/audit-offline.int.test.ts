import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PluginManifest } from '@praetorian-guard/core/plugin';
import { createGuard, noopLogger, openAudit } from '@praetorian-guard/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import level from '@praetorian-guard/plugin-level';

const folder = mkdtempSync(join(tmpdir(), 'praetorian-audit-'));
const config = join(folder, 'praetorian.yaml');
const key = join(folder, 'store', 'approvals.key');
const plugins: { readonly [use: string]: PluginManifest } = { level: level as PluginManifest };

beforeAll(() => {
  writeFileSync(config, 'store: { use: level, config: { path: ./store } }\nagents:\n  web.1: { group: web }\n');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function guardThatHolds(reason: string): Promise<string | undefined> {
  const guard = await createGuard(config, { plugins, logger: noopLogger });
  await guard.start();
  try {
    await guard.hold({ scope: { kind: 'fleet' }, reason, by: 'ann', ttlMs: 60_000 });
    return guard.status().audit?.anchor;
  } finally {
    await guard.stop();
  }
}

describe('the audit log of an embedded store', () => {
  test('is read and verified while no guard runs, and goes on with the next', async () => {
    await guardThatHolds('first');
    await guardThatHolds('second');
    const audit = await openAudit(config, { plugins });
    try {
      const { items } = await audit.list(10);
      expect(items.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
        'guard guard.stopped',
        'ann hold',
        'guard guard.started',
        'guard guard.stopped',
        'ann hold',
        'guard guard.started',
      ]);
      const check = await audit.verify();
      expect(check).toMatchObject({ ok: true, entries: 6, chains: [{ chain: 'guard', seq: 6 }] });
      const [end] = check.chains;
      const wrong = { chain: 'guard', seq: 6, hash: '0'.repeat(64) };
      expect((await audit.verify(end ? [end] : [])).ok).toBe(true);
      expect(await audit.verify([wrong])).toMatchObject({ ok: false, chains: [{ broken: { seq: 6 } }] });
    } finally {
      await audit.close();
    }
  });

  test('is locked by a guard that runs', async () => {
    const guard = await createGuard(config, { plugins, logger: noopLogger });
    await guard.start();
    try {
      await expect(openAudit(config, { plugins })).rejects.toMatchObject({ code: 'GUARD_STATE_LOCKED' });
    } finally {
      await guard.stop();
    }
  });
});

describe('the key that signs approvals', () => {
  test('lies in the folder of the store for its owner alone, and a guard refuses one that others may read', async () => {
    expect(statSync(key).mode & 0o777).toBe(0o600);
    chmodSync(key, 0o644);
    const guard = await createGuard(config, { plugins, logger: noopLogger });
    const refusal = await guard.start().catch((thrown: unknown) => thrown);
    await guard.stop();
    const seen = refusal as { code?: string; cause?: { code?: string; remedy?: string } };
    expect(seen.cause ?? seen).toMatchObject({ code: 'GUARD_KEY_FILE', remedy: expect.stringContaining('chmod 600') });
    chmodSync(key, 0o600);
  });
});
