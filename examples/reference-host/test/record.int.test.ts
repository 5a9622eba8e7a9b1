import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGuard, noopLogger } from '@praetorian-guard/core';
import type { GuardApi } from '@praetorian-guard/core';
import type { PluginManifest } from '@praetorian-guard/core/plugin';
import { compare, readRecord, recordFilesOf, replay } from '@praetorian-guard/core/replay';
import http from '@praetorian-guard/plugin-http';
import level from '@praetorian-guard/plugin-level';
import local from '@praetorian-guard/plugin-process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestHost } from './config.ts';
import { createTestHost } from './config.ts';

/** From their sources, so that no build is needed. */
const plugins: { readonly [use: string]: PluginManifest } = {
  '@praetorian-guard/plugin-http': http as PluginManifest,
  '@praetorian-guard/plugin-level': level as PluginManifest,
  '@praetorian-guard/plugin-process': local as PluginManifest,
};

let host: TestHost;
let record: Awaited<ReturnType<typeof readRecord>>;

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 90_000;
  while (Date.now() < end) {
    if (await holds()) return;
    await sleep(100);
  }
  throw new Error(`not in time: ${what}`);
}

function pidOf(guard: GuardApi, id: string): number {
  const pid = guard.agents.get(id).agent.instance?.ref?.['pid'];
  if (typeof pid !== 'number') throw new Error(`${id} has no process`);
  return pid;
}

async function healed(guard: GuardApi, agentId: string): Promise<void> {
  await until(`${agentId} is healed`, async () => {
    const { items } = await guard.incidents.list({ agentId });
    return items[0]?.state === 'resolved' && guard.agents.get(agentId).health === 'healthy';
  });
}

/** A real run: real processes, a store on disk, and the real clock. Two agents are killed, one after the other. */
beforeAll(async () => {
  host = await createTestHost({ sections: { recording: { directory: './data/record' } } });
  const guard = await createGuard(host.config, { plugins, logger: noopLogger });
  await guard.start();
  try {
    await until('all are healthy', () => {
      const { items } = guard.agents.list();
      return items.length === 5 && items.every(({ health }) => health === 'healthy');
    });
    for (const id of ['workers.1', 'planners.2']) {
      process.kill(pidOf(guard, id), 'SIGKILL');
      await healed(guard, id);
    }
  } finally {
    await guard.stop();
  }
  record = await readRecord(await recordFilesOf(join(host.folder, 'data/record')));
}, 240_000);

afterAll(() => host.remove());

describe('the record of a real run', () => {
  it('says the same when it is replayed under the config it had, though nothing comes at the same microsecond', async () => {
    expect(record.warnings).toEqual([]);
    expect(record.gaps).toEqual([]);
    const done = await replay(record, { plugins });
    const found = compare(record.outputs, done.outputs, record.endMs);
    expect(found.differences).toEqual([]);
    expect(found.decisions.same).toBeGreaterThan(10);
    expect(done.supposed).toEqual([]);
    expect(done.warnings).toEqual([]);
  });

  it('decides the same again, to the byte, in every replay', async () => {
    const [first, second] = [await replay(record, { plugins }), await replay(record, { plugins })];
    expect(JSON.stringify(second.outputs)).toBe(JSON.stringify(first.outputs));
  });

  it('shows what a guard that may only observe would have done otherwise', async () => {
    const modes = { workers: { mode: 'observe' }, planners: { mode: 'observe' } };
    const done = await replay(record, { plugins, config: { ...record.header.config, groups: modes } });
    const { differences } = compare(record.outputs, done.outputs, record.endMs);
    expect(differences.map(({ agent }) => agent).sort()).toEqual(['planners.2', 'workers.1']);
    expect(done.outputs.filter((line) => line.k === 'd' && line.code === 'mode-observe').length).toBeGreaterThan(1);
    expect(done.outputs.filter((line) => line.k === 'd' && line.type === 'attempt-started')).toEqual([]);
  });
});
