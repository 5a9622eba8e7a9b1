import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf, load as loadAt } from '../../test/config-kit.ts';
import type { LoadedConfig, LoadOptions } from './load.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'guard-config-'));
  writeFileSync(join(folder, 'token'), 'from-the-file\n');
  writeFileSync(join(folder, 'empty'), '\n');
  writeFileSync(join(folder, 'huge'), 'x'.repeat(70_000));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = (value: unknown, over: Partial<LoadOptions> = {}): Promise<LoadedConfig> =>
  loadAt(value, { baseDir: folder, ...over });

describe('secrets', () => {
  const ops = (slack: unknown): unknown => ({ plugins: { ops: { use: 'ops', config: { slack } } } });

  it.each([
    [{ $env: 'TOKEN' }, 'hunter2-hunter2'],
    [{ $file: './token' }, 'from-the-file'],
  ])('come from %j, are told to whoever redacts, and stand in nothing that is kept', async (token, secret) => {
    const told: string[] = [];
    const { plugins: loaded, config } = await load(ops({ token }), { onSecret: (value) => told.push(value) });
    expect(loaded[0]?.config).toMatchObject({ slack: { token: secret } });
    expect(told).toEqual([secret]);
    expect(JSON.stringify(config.source)).not.toContain(secret);
  });

  it('as text, where allowed, are struck out of what is kept and do not change its hash', async () => {
    const first = await load(ops({ note: 'one-secret' }));
    const second = await load(ops({ note: 'another' }));
    expect(JSON.stringify(first.config.source)).not.toContain('one-secret');
    expect(first.config.hash).toBe(second.config.hash);
  });

  it('as text are refused without being shown', async () => {
    const error = await errorOf(load(ops({ token: 'hunter2' })));
    expect(error.message).toContain('plugins.ops.config.slack.token: found a secret as plain text (not shown)');
    expect(error.message).toContain('put it into an environment variable or a file');
    expect(JSON.stringify([error.message, error.details])).not.toContain('hunter2');
  });

  it('under a name that is mistyped are not shown either', async () => {
    const error = await errorOf(load(ops({ tokn: 'hunter2', token: { $env: 'TOKEN', password: 'hunter2' } })));
    expect(JSON.stringify([error.message, error.details])).not.toContain('hunter2');
  });

  it.each([
    [{ $env: 'MISSING' }, 'the environment variable MISSING is not set'],
    [{ $env: 'EMPTY' }, 'the environment variable EMPTY is empty'],
    [{ $file: './none' }, 'cannot be read'],
    [{ $file: './empty' }, 'is empty'],
    [{ $file: './huge' }, 'has more than 65536 bytes'],
    [{ $file: '.' }, 'cannot be read'],
  ])('that are missing say what to set: %j', async (token, why) => {
    const error = await errorOf(load(ops({ token })));
    expect(error.code).toBe('GUARD_CONFIG_SECRET');
    expect(error.message).toContain('plugins.ops.config.slack.token');
    expect(error.message).toContain(why);
  });

  it('that are too short are refused without being shown', async () => {
    const error = await errorOf(load({ http: { token: { $env: 'SHORT' } } }));
    expect(error.message).toContain('has fewer than 8 characters');
    expect(error.message).not.toContain('abc');
  });

  it('that are missing are told all at once', async () => {
    const error = await errorOf(load({ ...(ops({ token: { $env: 'A' } }) as object), http: { token: { $env: 'B' } } }));
    expect(error.details['path']).toBe('plugins.ops.config.slack.token, http.token');
  });
});
