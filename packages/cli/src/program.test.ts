import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { recordedIo } from '../test/recorded-io.ts';
import { commands } from './command-list.ts';
import { run } from './program.ts';

async function praetorian(...argv: string[]) {
  const io = recordedIo();
  const code = await run(argv, io);
  return { code, out: io.stdout.join('\n'), err: io.stderr.join('\n') };
}

test.each([['--help'], []])('without a verb every verb is listed %s', async (...argv) => {
  const { code, out } = await praetorian(...argv);
  expect(code).toBe(0);
  for (const { name, text } of commands) expect(out).toMatch(new RegExp(`^ +${name}\\b.*${text.slice(0, 20)}`, 'm'));
});

test('the help of a verb names its options', async () => {
  const { code, out } = await praetorian('hold', '--help');
  expect(code).toBe(0);
  expect(out).toMatch(/fleet, group:NAME or agent:ID/);
  expect(out).toMatch(/--for <duration>/);
});

test('every verb takes --json, so that a script may always give it', () => {
  const without = commands.filter(({ options }) => !options.some(({ flags }) => flags === '--json'));
  expect(without.map(({ name }) => name)).toEqual([]);
});

test('every verb is loaded from a file that runs', async () => {
  for (const command of commands) expect(await command.load()).toHaveProperty('run', expect.any(Function));
});

test('the version is the one of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(await praetorian('--version')).toEqual({ code: 0, out: version, err: '' });
});

test.each([
  ['an unknown verb', ['agnets'], /unknown command 'agnets'[^]*Did you mean agents/],
  ['an unknown option', ['agents', '--jsno'], /unknown option '--jsno'/],
  ['a missing argument', ['explain'], /missing required argument/],
  ['one argument too many', ['status', 'x'], /too many arguments/],
  ['a missing mandatory option', ['hold', 'fleet', '--reason', 'x'], /required option '--for <duration>'/],
  [
    'a value that is not allowed',
    ['agents', '--health', 'ill'],
    /Allowed choices are unknown, healthy, degraded, failed/,
  ],
  [
    'a scope that is none',
    ['hold', 'everything', '--for', '1m', '--reason', 'x'],
    /allowed are fleet, group:NAME and agent:ID/,
  ],
  ['a limit that is none', ['incidents', '--limit', 'many'], /--limit is many/],
  ['an override that is no JSON', ['respawn', 'a', '--config-override', '{'], /--config-override is not a JSON object/],
  [
    'an override that is no object',
    ['respawn', 'a', '--config-override', '[1]'],
    /--config-override is not a JSON object/,
  ],
  ['an address that is none', ['status', '--url', 'localhost'], /not an http:\/\/ or https:\/\/ address/],
])('%s is wrong usage: code 2 and a line that says what to do', async (_, argv, message) => {
  const { code, out, err } = await praetorian(...argv);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(message);
});

test.each([
  [
    'a mistake of the command line',
    ['explain', '--json'],
    2,
    { message: expect.stringMatching(/^missing required/), remedy: expect.any(String) },
  ],
  [
    'a value that is not allowed',
    ['hold', 'all', '--for', '1m', '--reason', 'x', '--json'],
    2,
    { message: expect.stringContaining('the scope is all') },
  ],
  [
    'a config that is not there',
    ['plugins', '--config', '/nowhere.yaml', '--json'],
    2,
    { code: 'GUARD_CONFIG_UNREADABLE', message: expect.any(String), remedy: expect.any(String) },
  ],
  [
    'a start that fails',
    ['start', '--config', '/nowhere.yaml', '--log-format', 'json'],
    2,
    expect.objectContaining({ code: 'GUARD_CONFIG_UNREADABLE' }),
  ],
])(
  '%s is one JSON object to a program',
  async (_, argv, code, error) => {
    const told = await praetorian(...argv);
    expect({ code: told.code, out: told.out, ...(JSON.parse(told.err) as object) }).toEqual({ code, out: '', error });
  },
  // The first verb that needs the engine compiles it from its sources.
  30_000,
);
