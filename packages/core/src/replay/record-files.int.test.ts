import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createVirtualClock } from '../runtime/index.ts';
import { RecordFiles } from './record-files.ts';
import { recordFilesOf } from './record-folder.ts';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'praetorian-record-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function files(given: { maxBytes?: number; keep?: number; directory?: string } = {}) {
  const clock = createVirtualClock();
  const degraded: (string | undefined)[] = [];
  const options = { directory, maxBytes: 1_000_000, keep: 8, run: 'ab12', clock, ...given };
  const place = new RecordFiles({ ...options, degraded: (why) => void degraded.push(why) });
  return { clock, place, degraded };
}

const head = async (segment: number): Promise<readonly string[]> => [`{"k":"header","segment":${segment}}`];
const line = (n: number, size = 0): string => `{"t":${n},"k":"b","a":"${'x'.repeat(size)}"}`;
const linesOf = async (name: string): Promise<string[]> =>
  (await readFile(join(directory, name), 'utf8')).trimEnd().split('\n');
const names = async (): Promise<string[]> => (await readdir(directory)).sort();

it('writes a head and then the lines in order, for the eyes of the owner alone', async () => {
  const { place } = files();
  await place.open(head);
  for (let n = 0; n < 1_000; n += 1) place.line(line(n));
  await place.close();
  const [name] = await names();
  expect((await stat(join(directory, name as string))).mode & 0o777).toBe(0o600);
  expect(await linesOf(name as string)).toEqual([
    '{"k":"header","segment":1}',
    ...Array.from({ length: 1_000 }, (_, n) => line(n)),
  ]);
});

it('begins a new file with a head of its own when one is full, and keeps the newest few', async () => {
  const { clock, place } = files({ maxBytes: 2_000, keep: 3 });
  await place.open(head);
  for (let round = 0; round < 8; round += 1) {
    for (let n = 0; n < 3; n += 1) place.line(line(10 * round + n, 1_000));
    await clock.advance(100);
    await place.flushed();
  }
  await place.close();
  const kept = await names();
  expect(kept).toHaveLength(3);
  for (const name of kept) expect((await linesOf(name))[0]).toMatch(/header/);
  // Nothing is lost between two files: the newest lines are there, in order.
  const all = (await Promise.all(kept.map(linesOf))).flat().filter((text) => !text.includes('header'));
  const numbers = all.map((text) => (JSON.parse(text) as { t: number }).t);
  expect(numbers.at(-1)).toBe(72);
  expect([...numbers].sort((a, b) => a - b)).toEqual(numbers);
});

it('drops what a slow disk cannot take, counts it in the record, says so, and says when it is whole again', async () => {
  const { clock, place, degraded } = files({ maxBytes: 100_000_000 });
  await place.open(head);
  for (let n = 0; n < 60; n += 1) place.line(line(n, 100_000));
  await clock.advance(100);
  await place.flushed();
  place.line(line(100));
  await place.close();
  const [name] = await names();
  const lines = (await linesOf(name as string)).map((text) => JSON.parse(text) as { k: string; lines?: number });
  const gap = lines.find(({ k }) => k === 'gap');
  const written = lines.filter(({ k }) => k === 'b').length;
  expect((gap?.lines ?? 0) + written).toBe(61);
  expect(gap?.lines).toBeGreaterThan(0);
  expect(degraded.some((why) => why?.includes('the disk is too slow'))).toBe(true);
  expect(degraded.at(-1)).toBeUndefined();
});

it('goes on when its folder cannot be used, and records from when it can', async () => {
  const blocked = join(directory, 'blocked');
  await writeFile(blocked, 'a file where the folder should be');
  const { clock, place, degraded } = files({ directory: blocked });
  await place.open(head);
  place.line(line(1));
  expect(degraded.at(-1)).toMatch(/lines are missing/);
  // The next try fails as well, and takes the line with it.
  await clock.advance(5_000);
  await place.flushed();
  await rm(blocked);
  place.line(line(2));
  await clock.advance(10_000);
  await place.flushed();
  await place.close();
  expect(degraded.at(-1)).toBeUndefined();
  const [name] = await readdir(blocked);
  const lines = (await readFile(join(blocked, name as string), 'utf8')).trimEnd().split('\n');
  expect(lines[0]).toMatch(/header/);
  expect(lines[1]).toMatch(/"k":"gap".*"lines":1/);
  expect(lines[2]).toBe(line(2));
});

it('a folder is read by its last life, a file alone or with those that follow it', async () => {
  const at = (time: string, run: string, part: string): string =>
    join(directory, `record-${time}-${run}-${part}.ndjson`);
  const [old, first, second, third] = [
    at('2026-01-01T00-00-00Z', 'aa', '00001'),
    at('2026-01-02T00-00-00Z', 'bb', '00001'),
    at('2026-01-02T01-00-00Z', 'bb', '00002'),
    at('2026-01-02T02-00-00Z', 'bb', '00003'),
  ];
  for (const path of [old, first, second, third]) await writeFile(path, '');
  expect(await recordFilesOf(directory)).toEqual([first, second, third]);
  expect(await recordFilesOf(second)).toEqual([second]);
  expect(await recordFilesOf(second, true)).toEqual([second, third]);
  await expect(recordFilesOf(join(directory, 'none'))).rejects.toMatchObject({ code: 'GUARD_RECORD_UNREADABLE' });
});
