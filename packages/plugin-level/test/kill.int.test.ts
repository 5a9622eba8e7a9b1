import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRig } from '@praetorian-guard/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LevelStateStore } from '../src/level-state-store.ts';
import { runScript, withStore } from './processes.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'praetorian-kill-'));
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

/** Lets the writers run until so many commits were acknowledged, kills the process, and returns the last of each. */
async function writeAndKill(commits: number): Promise<Map<number, number>> {
  const { child, lines, exited } = runScript('writer.ts', path);
  const acknowledged = new Map<number, number>();
  let seen = 0;
  for await (const line of lines) {
    const [writer, n] = line.split(' ').map(Number);
    acknowledged.set(writer!, n!);
    seen += 1;
    if (seen === commits) child.kill('SIGKILL');
  }
  await exited;
  expect(child.signalCode).toBe('SIGKILL');
  return acknowledged;
}

/** Every commit of a writer is there whole up to its last one, and nothing of any other. Returns the last. */
async function checkWriter(store: LevelStateStore, writer: number): Promise<number> {
  const last = Number((await store.get(`last/${writer}`))?.value ?? 0);
  const values = await store.list(`value/${writer}/`, { limit: 1_000_000 });
  const entries = await store.read(`stream/${writer}`, 0, 1_000_000);
  const all = Array.from({ length: last }, (_, at) => at + 1);
  const numbers = values.map((item) => (item.value as { n: number }).n);
  expect(numbers.sort((a, b) => a - b)).toEqual(all);
  expect(entries.map((entry) => [entry.seq, entry.value])).toEqual(all.map((n) => [n, n]));
  const bytes = await store.getBytes(`bytes/${writer}`);
  expect(bytes && new Set(bytes)).toEqual(last === 0 ? undefined : new Set([last % 256]));
  return last;
}

describe('LevelStateStore in a process that is killed', () => {
  it(
    'loses nothing acknowledged and shows no half commit, over 12 kills at random moments',
    { timeout: 300_000 },
    async () => {
      const { random } = createRig({ seed: 'kill' });
      for (let kill = 0; kill < 12; kill += 1) {
        const acknowledged = await writeAndKill(1 + random.integer(400));
        await withStore(path, async (store) => {
          for (const writer of [0, 1, 2, 3]) {
            const last = await checkWriter(store, writer);
            expect(last).toBeGreaterThanOrEqual(acknowledged.get(writer) ?? 0);
          }
        });
      }
    },
  );
});
