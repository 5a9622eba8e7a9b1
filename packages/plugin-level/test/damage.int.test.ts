import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isGuardError, type StateStore } from '@praetorian-guard/core/plugin';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkIntegrity } from '../src/integrity.ts';
import { runScript, storeAt, withStore } from './processes.ts';

let path: string;
beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'praetorian-damage-'));
  // The first run's values move from the log into a table when the second one starts; the second one's stay in the log.
  for (const run of ['first', 'second']) await withStore(path, (store) => fill(store, run));
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

async function fill(store: StateStore, run: string): Promise<void> {
  for (let n = 0; n < 50; n += 1) {
    const key = `${run}/${n}`;
    await store.commit('p', [{ op: 'put', key, value: key.repeat(100), when: 'any' }], { durability: 'sync' });
  }
}

/** The file of the database whose name matches. */
function file(pattern: RegExp): string {
  const folder = join(path, 'level');
  const name = readdirSync(folder).find((candidate) => pattern.test(candidate));
  if (name === undefined) throw new TypeError(`no file like ${pattern}`);
  return join(folder, name);
}

function flip(target: string, at: (size: number) => number): void {
  const bytes = readFileSync(target);
  const index = at(bytes.length);
  bytes[index] = bytes[index]! ^ 0x10;
  writeFileSync(target, bytes);
}

async function openingError(): Promise<unknown> {
  const store = storeAt(path);
  return store.start().then(
    () => store.stop(),
    (error: unknown) => error,
  );
}

const middle = (size: number): number => Math.floor(size / 2);

describe('LevelStateStore over damaged files', () => {
  const damages: readonly (readonly [string, () => void])[] = [
    ['a bit of the manifest flipped', () => flip(file(/^MANIFEST/), () => 10)],
    ['the manifest gone', () => unlinkSync(file(/^MANIFEST/))],
    ['the manifest empty', () => truncateSync(file(/^MANIFEST/))],
    ['CURRENT overwritten', () => writeFileSync(file(/^CURRENT$/), 'nonsense')],
    ['CURRENT gone', () => unlinkSync(file(/^CURRENT$/))],
    ['a bit in the first block of a table flipped', () => flip(file(/\.ldb$/), () => 100)],
    ['a bit in the middle of a table flipped', () => flip(file(/\.ldb$/), middle)],
    ['a bit in the index of a table flipped', () => flip(file(/\.ldb$/), (size) => size - 70)],
    ['a bit in the footer of a table flipped', () => flip(file(/\.ldb$/), (size) => size - 3)],
    ['a table cut off', () => truncateSync(file(/\.ldb$/), 1000)],
    ['a table gone', () => unlinkSync(file(/\.ldb$/))],
    ['a bit of data in the log flipped', () => flip(file(/\.log$/), middle)],
    ['a bit of the first header in the log flipped', () => flip(file(/\.log$/), () => 4)],
  ];
  for (const [what, damage] of damages) {
    it(`refuses to open with ${what}, and says where and what to do`, async () => {
      damage();
      const error = await openingError();
      expect(isGuardError(error) ? error.code : error).toBe('GUARD_STATE_CORRUPT');
      expect(String(error)).toContain(path);
      expect((error as { remedy: string }).remedy).toContain('backup');
    });
  }

  it('reads no tables when it is opened anew while the guard runs, and checks all the rest', async () => {
    const folder = join(path, 'level');
    flip(file(/\.ldb$/), middle);
    await checkIntegrity(folder, { tables: false });
    flip(file(/\.log$/), middle);
    await expect(checkIntegrity(folder, { tables: false })).rejects.toMatchObject({ code: 'GUARD_STATE_CORRUPT' });
  });

  it('breaks the check off when the guard is stopped before it has started', async () => {
    const enough = new TypeError('enough');
    const signal = AbortSignal.abort(enough);
    await expect(checkIntegrity(join(path, 'level'), { tables: true, signal })).rejects.toBe(enough);
  });

  it('leaves a damaged log as it is, so that it can still be examined', async () => {
    const log = file(/\.log$/);
    flip(log, middle);
    const before = readFileSync(log);
    await openingError();
    expect(existsSync(log) && readFileSync(log).equals(before)).toBe(true);
  });

  it('opens over the torn end that a killed process leaves, without the commit that was cut', async () => {
    const log = file(/\.log$/);
    truncateSync(log, statSync(log).size - 20);
    await withStore(path, async (store) => {
      expect(await store.get('second/49')).toBeUndefined();
      expect((await store.list('', { limit: 1000 })).length).toBe(99);
    });
  });
});

describe('LevelStateStore over a first start that was cut off', () => {
  it('opens as a new store when a manifest was made and CURRENT was not', async () => {
    const folder = join(path, 'new/level');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'MANIFEST-000001'), readFileSync(file(/^MANIFEST/)).subarray(0, 50));
    await withStore(join(path, 'new'), async (store) => {
      await fill(store, 'first');
      expect((await store.list('', { limit: 1000 })).length).toBe(50);
    });
  });
});

describe('LevelStateStore in a folder that another holds', () => {
  it('says that it is locked, by another process and by its own, and opens once it is free', async () => {
    const { child, lines, exited } = runScript('holder.ts', path);
    for await (const line of lines) {
      expect(line).toBe('held');
      break;
    }
    expect(isGuardError(await openingError(), 'GUARD_STATE_LOCKED')).toBe(true);
    child.stdin?.end();
    await exited;
    await withStore(path, async () => {
      expect(isGuardError(await openingError(), 'GUARD_STATE_LOCKED')).toBe(true);
    });
    expect(await openingError()).toBeUndefined();
  });
});
