import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogFiles } from './log-files.ts';

let dir: string;
let logs: LogFiles;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'praetorian-logs-'));
  logs = new LogFiles(join(dir, 'logs'));
  logs.prepare();
});
afterEach(() => rmSync(dir, { recursive: true }));

test('gives the last lines', async () => {
  writeFileSync(logs.path('a~1'), 'one\ntwo\nthree\n');
  expect(await logs.tail('a~1', 2)).toBe('two\nthree');
  expect(await logs.tail('a~1', 0)).toBe('');
  expect(await logs.tail('a~2', 2)).toBe('');
});

test('bounds a file while a process goes on writing to it', async () => {
  const descriptor = logs.open('a~1');
  writeSync(descriptor, `${'x'.repeat(9 * 1024 ** 2)}latest`);
  await logs.bound('a~1');
  writeSync(descriptor, 'after\n');
  logs.close(descriptor);
  expect(readFileSync(logs.path('a~1'), 'utf8')).toBe('after\n');
  const kept = readFileSync(`${logs.path('a~1')}.1`, 'utf8');
  expect([kept.length, kept.slice(-7)]).toEqual([4 * 1024 ** 2, 'xlatest']);
  await logs.bound('a~1');
  expect(readFileSync(logs.path('a~1'), 'utf8')).toBe('after\n');
});

test('keeps the files of the last five instances of an agent and touches no other', async () => {
  for (let generation = 8; generation <= 14; generation += 1) writeFileSync(logs.path(`a~${generation}`), '');
  writeFileSync(`${logs.path('a~8')}.1`, '');
  writeFileSync(logs.path('a.b~1'), '');
  await logs.prune('a');
  expect(readdirSync(join(dir, 'logs')).sort()).toEqual([
    'a.b~1.log',
    'a~10.log',
    'a~11.log',
    'a~12.log',
    'a~13.log',
    'a~14.log',
  ]);
});

test('a name cannot leave the folder', () => {
  expect(logs.path('../../x~1')).toBe(join(dir, 'logs', '..%2F..%2Fx~1.log'));
});

test('gives whole lines since a place, and begins anew with a file that became shorter', async () => {
  const path = logs.path('a~1');
  writeFileSync(path, 'old\n');
  const begin = await logs.since('a~1', undefined);
  expect(begin).toEqual({ lines: [], next: '4' });
  writeFileSync(path, 'old\none\ntwo\nhal');
  const page = await logs.since('a~1', begin.next);
  expect(page).toEqual({ lines: ['one', 'two'], next: '12' });
  writeFileSync(path, 'old\none\ntwo\nhalf\n');
  expect(await logs.since('a~1', page.next)).toEqual({ lines: ['half'], next: '17' });
  writeFileSync(path, 'new\n');
  expect(await logs.since('a~1', '17')).toEqual({ lines: ['new'], next: '4' });
  expect(await logs.since('a~2', undefined)).toEqual({ lines: [], next: '0' });
});

test('leaves out and counts what is more than a page', async () => {
  writeFileSync(logs.path('a~1'), `${'x'.repeat(1_000)}\n`.repeat(2_000));
  const page = await logs.since('a~1', '0');
  expect(page.skippedBytes).toBe(1_001 * 2_000 - 1024 ** 2);
  expect(page.lines.length).toBe(1_048);
  expect(page.next).toBe(String(1_001 * 2_000));
});

test('the last lines and those since a place are found when the file was cut in between', async () => {
  const path = logs.path('a~1');
  writeFileSync(path, 'seen\n');
  const begin = await logs.since('a~1', undefined);
  writeFileSync(path, `seen\n${'x'.repeat(4 * 1024 ** 2)}\nlast words\n`);
  await logs.bound('a~1');
  expect(readFileSync(path, 'utf8')).toBe('');
  expect(await logs.tail('a~1', 1)).toBe('last words');
  const page = await logs.since('a~1', begin.next);
  const total = 5 + 4 * 1024 ** 2 + 12;
  expect(page).toMatchObject({ next: String(total), skippedBytes: total - 5 - 1024 ** 2 });
  expect(page.lines.at(-1)).toBe('last words');
  writeFileSync(path, 'after\n');
  expect(await logs.since('a~1', page.next)).toEqual({ lines: ['after'], next: String(total + 6) });
  expect(await logs.tail('a~1', 2)).toBe('last words\nafter');
});

test('bounds what an instance left behind that ended amid a burst', async () => {
  writeFileSync(logs.path('a~1'), 'x'.repeat(9 * 1024 ** 2));
  writeFileSync(logs.path('a~2'), '');
  await logs.prune('a');
  expect(statSync(logs.path('a~1')).size).toBe(0);
  expect(statSync(`${logs.path('a~1')}.1`).size).toBe(4 * 1024 ** 2);
});
