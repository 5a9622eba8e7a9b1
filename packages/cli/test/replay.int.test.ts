import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGuardRig, FakeOrchestrator } from '@praetorian-guard/core/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../src/program.ts';
import { recordedIo } from './recorded-io.ts';

let folder: string;
let lines: readonly string[];

const inFolder = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

async function praetorian(...argv: string[]) {
  const io = recordedIo();
  const code = await run(argv, io);
  return { code, out: io.stdout.join('\n'), err: io.stderr.join('\n') };
}

/** One agent ends and is healed, on the virtual clock. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'praetorian-replay-'));
  const agents = [{ id: 'web.1', group: 'web', endpoint: 'http://127.0.0.1/web.1' }];
  const made: FakeOrchestrator[] = [];
  const rig = await createGuardRig({
    record: true,
    agents: ['web.1'],
    groupOf: () => 'web',
    config: { heartbeat: { every: '2s', timeout: '6s' }, gate: { settle: '5s' }, watch: { every: '2s', for: '20s' } },
    orchestrator: (clock) => {
      const one = new FakeOrchestrator({ clock, agents });
      made.push(one);
      return one;
    },
  });
  await rig.clock.advance(20_000);
  made[0]?.crash('web.1', { exitCode: 1 });
  await rig.clock.advance(90_000);
  lines = rig.records[0]?.lines ?? [];
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a record under its own config is decided the same: exit code 0', async () => {
  const file = inFolder('same.ndjson', lines.join('\n'));
  const { code, out } = await praetorian('replay', file, '--exact');
  expect(code).toBe(0);
  expect(out).toMatch(/^2026-01-01 \d\d:\d\d:\d\d to \d\d:\d\d:\d\d, \d+ decisions on record, \d+ in the replay\n/);
  expect(out).toMatch(/The same was decided\.$/);
});

test('under another config each agent has its first difference in a line: exit code 1', async () => {
  const file = inFolder('differs.ndjson', lines.join('\n'));
  const { config } = JSON.parse(lines[0] ?? '{}') as { config: object };
  const other = inFolder('other.yaml', JSON.stringify({ ...config, groups: { web: { mode: 'observe' } } }));
  const { code, out } = await praetorian('replay', file, '--config', other);
  expect(code).toBe(1);
  expect(out).toMatch(
    /\d\d:\d\d:\d\d {2}web\.1: was restart \(severity \d\); would be wait: mode-observe: Group web is in mode observe.*\(\d+ more after it\)/,
  );
  expect(out).toMatch(/For one agent something else would be decided\.$/);

  const json = await praetorian('replay', file, '--config', other, '--json');
  expect(json.code).toBe(1);
  expect(JSON.parse(json.out)).toMatchObject({
    same: false,
    differences: [{ agent: 'web.1', was: { rung: 'restart' }, wouldBe: { code: 'mode-observe' } }],
    decisions: { recorded: expect.any(Number) as number },
  });
});

test('a line cut off by a crash is told and done without', async () => {
  const file = inFolder('cut.ndjson', `${lines.join('\n')}\n{"t":12`);
  const { code, out } = await praetorian('replay', file);
  expect(code).toBe(0);
  expect(out).toMatch(/warning: .*cut\.ndjson, line \d+: cut off, and left out/);
});

test.each([
  ['no file', () => join(folder, 'none.ndjson'), /GUARD_RECORD_UNREADABLE: The record .*none\.ndjson cannot be read/],
  ['an empty folder', () => mkdtempSync(join(folder, 'empty-')), /GUARD_RECORD_UNREADABLE.*no record lies in it/],
  ['something else', () => inFolder('else.txt', 'hello\nworld\n'), /GUARD_RECORD_INVALID: .*not valid at line 1/],
  [
    'a broken line',
    () => inFolder('broken.ndjson', [lines[0], '{"t":', ...lines.slice(1)].join('\n')),
    /GUARD_RECORD_INVALID: .*broken\.ndjson is not valid at line 2[^]*remedy:/,
  ],
  [
    'another format',
    () => inFolder('new.ndjson', JSON.stringify({ ...(JSON.parse(lines[0] ?? '{}') as object), format: 9 })),
    /GUARD_RECORD_FORMAT: .*has format 9; this version reads format 1/,
  ],
])('%s is refused with a remedy: exit code 2', async (_what, file, said) => {
  const { code, err, out } = await praetorian('replay', file());
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(said);
});

test('a config that is not valid is refused before anything is replayed', async () => {
  const file = inFolder('good.ndjson', lines.join('\n'));
  const bad = inFolder('bad.yaml', 'hart: 1\n');
  const { code, err } = await praetorian('replay', file, '--config', bad);
  expect(code).toBe(2);
  expect(err).toMatch(/hart/);
});
