import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readKeyFile } from './key-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'praetorian-key-'));
const path = join(folder, 'state', 'approvals.key');

afterEach(() => rmSync(join(folder, 'state'), { recursive: true, force: true }));

describe('the key file', () => {
  it('is made once, for its owner alone, and read from then on', async () => {
    const [first, second] = await Promise.all([readKeyFile(path, true), readKeyFile(path, true)]);
    expect(first).toHaveLength(32);
    expect(Buffer.from(first)).toEqual(Buffer.from(second));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(Buffer.from(await readKeyFile(path, false))).toEqual(Buffer.from(first));
    expect(readFileSync(path, 'utf8').trim()).toBe(Buffer.from(first).toString('hex'));
  });

  it('is refused when others may use it', async () => {
    await readKeyFile(path, true);
    for (const mode of [0o640, 0o604, 0o620, 0o666]) {
      chmodSync(path, mode);
      const refusal = { code: 'GUARD_KEY_FILE', details: { path }, remedy: expect.stringContaining('chmod 600') };
      await expect(readKeyFile(path, true)).rejects.toMatchObject(refusal);
    }
  });

  it.each(['', 'short', 'z'.repeat(64), 'ab'.repeat(31)])('is refused when it holds %j', async (text) => {
    await readKeyFile(path, true);
    writeFileSync(path, text);
    await expect(readKeyFile(path, true)).rejects.toMatchObject({ code: 'GUARD_KEY_FILE' });
  });

  it('is not made where guards have to share it', async () => {
    await expect(readKeyFile(path, false)).rejects.toThrow('the same key');
  });
});
