import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isGuardError } from '@praetorian-guard/core/plugin';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeAt, withStore } from './processes.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'praetorian-disk-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function openingError(path: string): Promise<unknown> {
  const store = storeAt(path);
  return store.start().then(
    () => store.stop(),
    (error: unknown) => error,
  );
}

describe('LevelStateStore and its folder', () => {
  it('makes what is missing of its path, for its owner alone', async () => {
    const path = join(root, 'a/b/c');
    await withStore(path, async () => undefined);
    for (const folder of ['a', 'a/b', 'a/b/c', 'a/b/c/level']) {
      expect(statSync(join(root, folder)).mode & 0o777).toBe(0o700);
    }
  });

  it('says that it cannot write below a file', async () => {
    writeFileSync(join(root, 'file'), '');
    for (const path of [join(root, 'file'), join(root, 'file/below')]) {
      const error = await openingError(path);
      expect(codeOf(error)).toBe('GUARD_STATE_READ_ONLY');
      expect(String(error)).toContain(path);
    }
  });

  it('refuses a database that it did not write', async () => {
    const { ClassicLevel } = await import('classic-level');
    const db = new ClassicLevel(join(root, 'level'));
    await db.put('key', 'value');
    await db.close();
    expect(isGuardError(await openingError(root), 'GUARD_STATE_CORRUPT')).toBe(true);
  });
});

/** Mounts a small file system of its own; only the superuser of a Linux machine may. */
function mounted(size: string, use: (folder: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = join(root, 'mount');
    mkdirSync(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
    try {
      await use(folder);
    } finally {
      execFileSync('umount', [folder]);
    }
  };
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'praetorian-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.runIf(canMount())('LevelStateStore on a disk that fails (needs the right to mount)', () => {
  it(
    'says that it cannot write to a read-only file system',
    mounted('4m', async (folder) => {
      await withStore(folder, async () => undefined);
      execFileSync('mount', ['-o', 'remount,ro', folder]);
      for (const path of [folder, join(folder, 'below'), join(folder, 'far/below')])
        expect([path, codeOf(await openingError(path))]).toEqual([path, 'GUARD_STATE_READ_ONLY']);
    }),
  );

  it(
    'says that it cannot write to a full disk',
    mounted('256k', async (folder) => {
      fillUp(folder);
      const error = await openingError(folder);
      expect(codeOf(error)).toBe('GUARD_STATE_READ_ONLY');
    }),
  );

  it(
    'refuses commits while the disk is full, goes on when there is room, and has lost nothing it acknowledged',
    mounted('8m', async (folder) => {
      await withStore(folder, async (store, clock) => {
        const bytes = new Uint8Array(64 * 1024).fill(1);
        const acknowledged: string[] = [];
        const commit = async (key: string): Promise<void> => {
          await store.commit('p', [{ op: 'putBytes', key, value: bytes }], { durability: 'sync' });
          acknowledged.push(key);
        };
        await commit('before');
        fillUp(folder);
        let refused: unknown;
        for (let n = 0; refused === undefined; n += 1)
          refused = await commit(`full/${n}`).catch((error: unknown) => error);
        expect(isGuardError(refused, 'GUARD_STATE_UNAVAILABLE') || isGuardError(refused, 'GUARD_STATE_READ_ONLY')).toBe(
          true,
        );
        // Nor can the store be opened anew: that writes as well.
        await expect(commit('still-full')).rejects.toMatchObject({ code: 'GUARD_STATE_UNAVAILABLE' });
        await expect(store.getBytes('before')).rejects.toMatchObject({ code: 'GUARD_STATE_UNAVAILABLE' });
        rmSync(join(folder, 'filler'));
        await clock.advance(1_000);
        await expect.poll(() => store.getBytes('before').catch(() => undefined), { timeout: 10_000 }).toEqual(bytes);
        await commit('after');
        for (const key of acknowledged) expect([key, await store.getBytes(key)]).toEqual([key, bytes]);
      });
    }),
  );
});

describe.runIf(process.getuid?.() !== 0)('LevelStateStore without permission (not as superuser)', () => {
  it('says that it cannot write', async () => {
    chmodSync(root, 0o500);
    expect(isGuardError(await openingError(join(root, 'store')), 'GUARD_STATE_READ_ONLY')).toBe(true);
  });
});

/** Writes a file that grows until nothing fits any more. */
function fillUp(folder: string): void {
  const grow = (): never => {
    for (let bytes = Buffer.alloc(64 * 1024, 1); ; bytes = Buffer.concat([bytes, bytes])) {
      writeFileSync(join(folder, 'filler'), bytes);
    }
  };
  expect(grow).toThrow('ENOSPC');
}

const codeOf = (error: unknown): unknown => (isGuardError(error) ? error.code : error);
