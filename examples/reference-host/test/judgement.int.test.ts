import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '@praetorian-guard/core/plugin';
import { createRig } from '@praetorian-guard/core/testing';
import { LevelStateStore } from '@praetorian-guard/plugin-level';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { praetorian } from './command.ts';
import { createTestHost, type TestHost, type TestHostOptions } from './config.ts';
import { type IncidentLine, RunningHost } from './host.ts';

let folder: TestHost;
let host: RunningHost;

async function begin(options: TestHostOptions): Promise<void> {
  folder = await createTestHost(options);
  host = new RunningHost(folder);
  await host.start();
  await host.healthy(2);
}

async function end(): Promise<void> {
  await host.stop();
  folder.remove();
}

async function incidentIn(state: string): Promise<IncidentLine> {
  let found: IncidentLine | undefined;
  await host.until(`an incident is ${state}`, async () => {
    found = (await host.incidents()).find((one) => one.state === state);
    return found !== undefined;
  });
  return found as IncidentLine;
}

/** Another config beside the one of the host, with these sections changed. */
function configWith(name: string, sections: { readonly [section: string]: unknown }): string {
  const path = join(folder.folder, name);
  const config = JSON.parse(readFileSync(folder.config, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...config, ...sections }));
  return path;
}

const mode = (name: string) => ({ groups: { workers: { mode: name } } });

describe('a plan that waits for a person', () => {
  beforeAll(async () => {
    await begin({
      groups: { workers: 2 },
      sections: { ...mode('approve'), recording: { directory: './data/record' } },
    });
  });
  afterAll(end);

  it('outlives a kill of the guard, is approved by the command, and is carried out once', async () => {
    const key = join(folder.folder, 'data/store/approvals.key');
    expect(statSync(key).mode & 0o777).toBe(0o600);
    const signedWith = readFileSync(key, 'utf8');
    process.kill(await host.pidOf('workers.1'), 'SIGKILL');
    const { id } = await incidentIn('awaiting-approval');

    await host.kill();
    await host.start();
    expect(readFileSync(key, 'utf8')).toBe(signedWith);
    const waiting = await praetorian(['incidents', '--state', 'awaiting-approval', '--url', host.url]);
    expect(waiting).toMatchObject({ code: 0, stdout: expect.stringContaining(id) as string });
    const explained = await praetorian(['explain', 'workers.1', '--url', host.url]);
    expect(explained).toMatchObject({ code: 0, stdout: expect.stringContaining(`praetorian approve ${id}`) as string });

    // As whoever is not sure whether the first one arrived does.
    for (const note of ['go on', 'go on, I said']) {
      const { code, stderr } = await praetorian(['approve', id, '--note', note, '--url', host.url]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    }
    expect(await incidentIn('resolved')).toMatchObject({ id, outcome: 'healed', attempts: [{ verdict: 'healed' }] });
    await host.healthy(2);
    expect((await host.incidents()).map((one) => one.id)).toEqual([id]);
  });

  it('is explained afterwards, for people and for programs', async () => {
    const [incident] = await host.incidents();
    const id = incident?.id ?? '';
    const text = await praetorian(['explain', id, '--url', host.url]);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toContain('healed');
    const json = await praetorian(['explain', id, '--json', '--url', host.url]);
    expect(JSON.parse(json.stdout)).toMatchObject({ summary: expect.stringContaining('workers.1') as string });
  });

  it('stands in an audit log that is whole, asked for or read from the store of a stopped guard', async () => {
    const listed = await praetorian(['audit', '--url', host.url]);
    expect(listed.stdout).toContain('approve');
    expect(await praetorian(['audit', 'verify', '--url', host.url])).toMatchObject({ code: 0, stderr: '' });
    expect(await host.stop()).toBe(0);
    const whole = await praetorian(['audit', 'verify', '--config', folder.config]);
    expect(whole).toMatchObject({ code: 0, stdout: expect.stringContaining('is whole') as string });
  });

  it('is decided the same again from the record, and otherwise by a config that only observes', async () => {
    const record = join(folder.folder, 'data/record');
    // The life that asked, which was killed, and the one that acted.
    const lives = readdirSync(record).sort();
    expect(lives).toHaveLength(2);
    for (const life of lives) {
      const again = await praetorian(['replay', join(record, life)]);
      expect({ ...again, code: 0 }).toEqual(again);
    }
    const observing = configWith('observing.yaml', mode('observe'));
    const other = await praetorian(['replay', join(record, lives[0] ?? ''), '--config', observing]);
    expect({ ...other, code: 1 }).toEqual(other);
    expect(other.stdout).toMatch(/workers\.1: was .*would be .*observe/);
  });

  it('cannot be given another approver: a log that was replaced is found', async () => {
    const { stdout } = await praetorian(['audit', '--config', folder.config, '--json']);
    const { items } = JSON.parse(stdout) as { items: readonly { chain: string; seq: number; action: string }[] };
    const approval = items.find(({ action }) => action.includes('approv'));
    const last = items.find(({ chain }) => chain === approval?.chain);
    const forged = { ...approval, actor: 'mallory', seq: (last?.seq ?? 0) + 1 } as unknown as JsonObject;
    const { clock, log, metrics } = createRig();
    const store = new LevelStateStore({ path: join(folder.folder, 'data/store'), clock, log, metrics });
    await store.start();
    const stream = `${approval?.chain.replace('-', '/')}/audit`;
    await store.commit('forger', [{ op: 'append', stream, value: forged, keep: 1 }], { durability: 'sync' });
    await store.stop();
    const found = await praetorian(['audit', 'verify', '--config', folder.config]);
    expect(found).toMatchObject({ code: 1, stdout: expect.stringContaining(approval?.chain ?? '') as string });
    expect(found.stdout).not.toContain('the audit log is whole');
  });
});

describe('a window of maintenance', () => {
  beforeAll(async () => {
    // One begins each minute, long before the one before it ends.
    const window = { cron: '* * * * *', duration: '1h', scope: { groups: ['workers'] }, reason: 'patches' };
    await begin({ groups: { workers: 2 }, sections: { maintenance: [window] } });
  });
  afterAll(end);

  it('keeps the guard from repairing, is shown, cannot be released, and ends when it is taken out of the config', async () => {
    const shown = await praetorian(['holds', '--url', host.url]);
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('patches') as string });
    process.kill(await host.pidOf('workers.1'), 'SIGKILL');
    const { id, attempts } = await incidentIn('held');
    expect(attempts).toEqual([]);
    const explained = await praetorian(['explain', id, '--url', host.url]);
    expect(explained.stdout).toContain('patches');
    const { items } = (await host.ask('GET', '/api/v1/holds')).body as { readonly items: readonly { id: string }[] };
    const release = await praetorian(['release', items[0]?.id ?? '', '--url', host.url]);
    expect(release).toMatchObject({ code: 1, stderr: expect.stringContaining('maintenance') as string });

    await host.stop();
    writeFileSync(folder.config, readFileSync(configWith('without.yaml', { maintenance: [] })));
    await host.start();
    await host.healthy(2);
    expect(await incidentIn('resolved')).toMatchObject({ id });
  });
});
