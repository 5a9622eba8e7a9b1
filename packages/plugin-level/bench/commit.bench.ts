/**
 * Durable commits per second of the store, with one and with 16 writers, beside the least that LevelDB needs for the
 * same: a bare batch with the same three writes and a flush each, made by as many writers, in the same run.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { createRig } from '@praetorian-guard/core/testing';
import { bench } from '../../../bench/harness.ts';
import { LevelStateStore } from '../src/level-state-store.ts';

const value = { text: 'x'.repeat(180), n: 1 };
const bytes = Buffer.from(JSON.stringify(value));

/** What the incident pipeline commits at each step: the incident, a budget, and a line of the timeline. */
async function commitOnce(store: LevelStateStore, writer: number, n: number): Promise<void> {
  await store.commit(
    `shard/${writer}`,
    [
      { op: 'put', key: `shard/${writer}/incident/${n % 100}`, value, when: 'any' },
      { op: 'put', key: `shard/${writer}/budget/a`, value, when: 'any' },
      { op: 'append', stream: `shard/${writer}/timeline/${n % 100}`, value },
    ],
    { durability: 'sync', fence: 1 },
  );
}

async function batchOnce(db: ClassicLevel<string, Buffer>, writer: number, n: number): Promise<void> {
  await db.batch(
    [`incident/${writer}/${n % 100}`, `budget/${writer}`, `timeline/${writer}/${n}`].map((key) => ({
      type: 'put' as const,
      key,
      value: bytes,
    })),
    { sync: true },
  );
}

for (const writers of [1, 16]) {
  bench(`plugin-level.commit-sync-${writers}-${writers === 1 ? 'writer' : 'writers'}`, async (ctx) => {
    const folder = mkdtempSync(join(tmpdir(), 'praetorian-bench-'));
    const rig = createRig();
    const store = new LevelStateStore({ path: folder, clock: rig.clock, log: rig.log, metrics: rig.metrics });
    const db = new ClassicLevel<string, Buffer>(join(folder, 'bare'), { valueEncoding: 'buffer', compression: false });
    await store.start();
    await db.open();
    let n = 0;
    const all = (once: (writer: number) => Promise<void>) => () => {
      n += 1;
      return Promise.all(Array.from({ length: writers }, (_, writer) => once(writer)));
    };
    try {
      const calls = await ctx.sideBySide(
        all((writer) => commitOnce(store, writer, n)),
        all((writer) => batchOnce(db, writer, n)),
      );
      return { value: calls.value * writers, baseline: calls.baseline * writers, unit: 'commits/s', better: 'higher' };
    } finally {
      await store.stop();
      await db.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
