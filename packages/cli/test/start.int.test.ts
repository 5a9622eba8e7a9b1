import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { praetorian, type Running, startPraetorian } from './praetorian.ts';

const folders: string[] = [];
const running: Running[] = [];
const strays: number[] = [];

afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGTERM');
    await ended;
  }
  for (const pid of strays.splice(0)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It is gone already, as it should be.
    }
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folderWith(config: object | string): { readonly folder: string; readonly config: string } {
  const folder = mkdtempSync(join(tmpdir(), 'praetorian-cli-'));
  folders.push(folder);
  const file = join(folder, 'praetorian.yaml');
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config));
  return { folder, config: file };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function start(args: readonly string[]): Running {
  const one = startPraetorian(['start', ...args]);
  running.push(one);
  return one;
}

const level = { use: '@praetorian-guard/plugin-level', config: { path: './data' } };
const open = async () => ({ port: await freePort(), auth: 'loopback-open' });

test('it starts, says that it is ready, answers, and stops cleanly', async () => {
  const http = await open();
  const { config } = folderWith({ name: 'small', store: level, http });
  const guard = start(['--config', config]);
  await guard.seen(/small ready in \d+\.\d s\n/);
  await guard.seen(/no agents yet/);
  const url = `http://127.0.0.1:${http.port}`;
  expect(guard.stdout()).toMatch(new RegExp(`store +@praetorian-guard/plugin-level in ./data\npage +${url}\n`));

  await fetch(`${url}/api/v1/agents`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: 'a.1', group: 'a' }),
  });
  const asked = async (...args: string[]) => praetorian([...args, '--url', url], { env: { USER: 'ana' } });
  expect((await asked('status')).stdout).toMatch(/state +running.*\n[^]*agents +1\n/);
  expect((await asked('agents')).stdout).toMatch(/\na\.1 +a +unknown/);
  expect((await asked('agents', 'a.1')).stdout).toMatch(/agent +a\.1 of a, told by registration/);
  expect((await asked('incidents')).stdout).toBe('no incidents\n');
  expect((await asked('explain', 'a.1')).stdout).toMatch(/a\.1 is unknown/);
  expect((await asked('agents', 'b.1')).stderr).toMatch(/GUARD_AGENT_UNKNOWN: There is no agent b\.1\./);

  const held = await asked('hold', 'agent:a.1', '--for', '30m', '--reason', 'a test');
  expect(held).toMatchObject({ code: 0, stderr: '' });
  const id = held.stdout.split(' ')[0] as string;
  expect((await asked('holds')).stdout).toMatch(new RegExp(`${id} +agent:a\\.1 +\\d+m.* ana via .* a test`));
  expect(await asked('release', id)).toMatchObject({ code: 0, stdout: `${id} released\n` });
  expect((await asked('holds')).stdout).toBe('no holds\n');

  guard.child.kill('SIGTERM');
  const { code, stdout, stderr } = await guard.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/SIGTERM: stopping\nstopped\n$/);
});

test('for programs every line is JSON, and one says that it is ready', async () => {
  const { config } = folderWith({ name: 'small' });
  const guard = start(['--config', config, '--log-format', 'json']);
  await guard.seen(/"event":"guard.ready"/);
  guard.child.kill('SIGINT');
  const { code, stdout } = await guard.ended;
  expect(code).toBe(0);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.find(({ event }) => event === 'guard.ready')).toMatchObject({
    name: 'small',
    readyMs: expect.any(Number),
  });
  expect(lines.at(-1)).toMatchObject({ event: 'guard.stopped' });
});

test.each(['start', 'check', 'plugins'])(
  '%s names every mistake of a config with its place, and exits with 2',
  async (verb) => {
    const { config } = folderWith('watch:\n  every: soon\ngroups:\n  a:\n    mode: aut\n');
    const { code, stdout, stderr } = await praetorian([verb, '--config', config]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/GUARD_CONFIG_INVALID: the config is not valid; 2 problems:\n/);
    expect(stderr).toMatch(/praetorian\.yaml:2:\d+ {2}watch\.every: found "soon"; allowed: /);
    expect(stderr).toMatch(/praetorian\.yaml:5:\d+ {2}groups\.a\.mode: found "aut"; allowed: .*did you mean "auto"/);
  },
);

test.each([
  ['a file that is not there', ['--config', '/nowhere/praetorian.yaml'], /GUARD_CONFIG_UNREADABLE/],
  ['a plugin that is not installed', undefined, /GUARD_PLUGIN_NOT_FOUND[^]*remedy: /],
])('%s is told with its remedy, and exits with 2', async (_, args, message) => {
  const given = args ?? ['--config', folderWith({ plugins: { x: { use: '@acme/not-installed' } } }).config];
  const { code, stderr } = await praetorian(['start', ...given]);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});

test('an address in use is told with its remedy, and exits with 1', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  const { config } = folderWith({ store: level, http: { port, auth: 'loopback-open' } });
  const { code, stderr } = await praetorian(['start', '--config', config]);
  await new Promise((resolve) => taken.close(resolve));
  expect(code).toBe(1);
  expect(stderr).toMatch(new RegExp(`GUARD_HTTP_PORT_IN_USE: .*${port}.*\n +remedy: `));
});

test('a store in use is told with its remedy, and exits with 1', async () => {
  const { config } = folderWith({ store: level });
  const first = start(['--config', config]);
  await first.seen(/ready in/);
  const { code, stderr } = await praetorian(['start', '--config', config]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/GUARD_STATE_LOCKED: .*\n +remedy: /);
});

/** A guard with one agent that does nothing. */
async function startIdle() {
  const http = await open();
  const local = {
    use: '@praetorian-guard/plugin-process',
    config: { agents: { idle: { command: ['sleep', '600'] } } },
  };
  const { config } = folderWith({ store: level, http, plugins: { local } });
  const guard = start(['--config', config]);
  const [, told] = await guard.seen(/idle +idle +auto +(\d+)/);
  const pid = Number(told);
  strays.push(pid);
  return { guard, pid, url: `http://127.0.0.1:${http.port}` };
}

test('a Ctrl-C that npm passes on once more is one wish: it stops cleanly', async () => {
  const { guard, pid } = await startIdle();
  // Two different ones, because the system may deliver two equal ones as one.
  guard.child.kill('SIGINT');
  guard.child.kill('SIGTERM');
  const { code, stdout } = await guard.ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/: stopping\nstopped\n$/);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('it stops cleanly when its terminal is closed', async () => {
  const { guard, pid } = await startIdle();
  guard.child.stdout?.destroy();
  guard.child.stderr?.destroy();
  guard.child.kill('SIGHUP');
  expect((await guard.ended).code).toBe(0);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('it goes on when nobody reads what it writes any more, and stops cleanly all the same', async () => {
  const { guard, pid, url } = await startIdle();
  guard.child.stdout?.destroy();
  guard.child.stderr?.destroy();
  // Each is told in a line that nobody reads.
  for (const id of ['a.1', 'a.2'])
    await fetch(`${url}/api/v1/agents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id, group: 'a' }),
    });
  expect((await praetorian(['agents', '--url', url])).stdout).toMatch(/\na\.2 +a +unknown/);
  guard.child.kill('SIGTERM');
  expect((await guard.ended).code).toBe(0);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

/** A guard with one agent that does not hear SIGTERM and would have a minute to end. */
async function startStubborn() {
  const http = await open();
  const stubborn = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
  const processes = { stopGrace: '60s', agents: { stubborn: { command: ['node', '-e', stubborn] } } };
  const local = { use: '@praetorian-guard/plugin-process', config: processes };
  const { config } = folderWith({ store: level, http, plugins: { local } });
  const guard = start(['--config', config]);
  const [, pid] = await guard.seen(/stubborn +stubborn +auto +(\d+)/);
  strays.push(Number(pid));
  return { guard, pid: Number(pid) };
}

test('an agent that does not end makes no failure of the stop, whatever grace it has', async () => {
  const { guard, pid } = await startStubborn();
  guard.child.kill('SIGTERM');
  const { code, stdout, stderr } = await guard.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/SIGTERM: stopping\nstopped\n$/);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('a later interrupt ends it at once, with 130', async () => {
  const { guard } = await startStubborn();
  guard.child.kill('SIGTERM');
  await guard.seen(/stopping/);
  // One that comes within a second of the first counts as the same.
  const again = setInterval(() => guard.child.kill('SIGTERM'), 200);
  const { code } = await guard.ended;
  clearInterval(again);
  expect(code).toBe(130);
});

test('check sums up a good config', async () => {
  const { config } = folderWith({ name: 'small', store: level, groups: { a: { mode: 'observe' } } });
  const { code, stdout } = await praetorian(['check', '--config', config]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/is valid\nname +small\n[^]*groups +a \(observe\)/);
  const json = await praetorian(['check', '--config', config, '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ valid: true, name: 'small', groups: { a: 'observe' } });
});

test('check tells mistakes to programs too', async () => {
  const { config } = folderWith('watch:\n  every: soon\n');
  const { code, stdout } = await praetorian(['check', '--config', config, '--json']);
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({
    valid: false,
    code: 'GUARD_CONFIG_INVALID',
    problems: [{ path: 'watch.every', line: 2 }],
  });
});

test('check calls a plugin that fails no mistake of the config, for people and programs alike', async () => {
  const { folder, config } = folderWith({ plugins: { x: { use: './broken.mjs' } } });
  writeFileSync(join(folder, 'broken.mjs'), "throw new Error('no database')");
  for (const args of [[], ['--json']]) {
    const { code, stdout, stderr } = await praetorian(['check', '--config', config, ...args]);
    expect({ code, told: stdout + stderr }).toEqual({
      code: 1,
      told: expect.stringMatching(/GUARD_PLUGIN_FAILED[^]*no database/),
    });
  }
});

test('plugins lists what each contributes', async () => {
  const { config } = folderWith({ store: level });
  const { stdout } = await praetorian(['plugins', '--config', config]);
  expect(stdout).toMatch(/store +@praetorian-guard\/plugin-level +\d+\.\d+\.\d+ +1 +.*stateStores: /);
});

test('schema knows the plugins of the config, and the core alone without one', async () => {
  const { folder, config } = folderWith({ store: level });
  const whole = await praetorian(['schema', '--config', config]);
  expect(JSON.parse(whole.stdout)).toMatchObject({ $defs: { '@praetorian-guard/plugin-level': {} } });
  const bare = await praetorian(['schema'], { cwd: join(folder, '..') });
  expect(JSON.parse(bare.stdout)).not.toHaveProperty('$defs');
});
