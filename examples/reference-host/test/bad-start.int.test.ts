import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { agentsOf, startInVain } from './command.ts';
import type { TestHost, TestHostOptions } from './config.ts';
import { createTestHost } from './config.ts';
import { RunningHost } from './host.ts';

const folders: TestHost[] = [];
const running: RunningHost[] = [];

afterEach(async () => {
  for (const host of running.splice(0)) await host.stop();
  for (const folder of folders.splice(0)) folder.remove();
});

async function testHost(options: TestHostOptions = {}): Promise<TestHost> {
  const folder = await createTestHost({ groups: { workers: 1 }, ...options });
  folders.push(folder);
  return folder;
}

/** What a plugin module looks like that declares itself; `contributes` is JavaScript. */
function pluginText(name: string, apiVersion: number, contributes: string): string {
  return `const plugin = {
    name: '${name}', version: '1.0.0', apiVersion: ${apiVersion}, coreRange: '*',
    configSchema: { type: 'object', additionalProperties: false }, contributes: ${contributes},
  };
  export default Object.defineProperty(plugin, Symbol.for('praetorian.plugin.v1'), { value: true });\n`;
}

/** No store was made, no agent was started, nothing listens. */
async function expectNothingStarted({ folder, url }: TestHost): Promise<void> {
  expect(readdirSync(join(folder, 'data'))).toEqual([]);
  expect(agentsOf(url)).toEqual([]);
  await expect(fetch(url)).rejects.toThrow('fetch failed');
}

describe('a config that is wrong ends the start with code 2, a place and a remedy, and starts nothing', () => {
  it.each([
    ['YAML that is none', 'groups: [1,\n  b: }\n', /GUARD_CONFIG_SYNTAX: .*praetorian\.yaml .*line 2, column 6/],
    ['a value of the wrong type', 'watch:\n  every: [soon]\n', /praetorian\.yaml:2:\d+ +watch\.every: found a list/],
    [
      'an unknown key',
      'name: x\nhartbeat:\n  every: 3s\n',
      /praetorian\.yaml:2:1 +hartbeat: .*did you mean "heartbeat"/,
    ],
    ['an unknown plugin', 'plugins:\n  x:\n    use: "@acme/none"\n', /GUARD_PLUGIN_NOT_FOUND: The plugin @acme\/none /],
    ['a plugin for another core', 'plugins:\n  x:\n    use: ./old.mjs\n', /GUARD_PLUGIN_API_MISMATCH: .*API 99.* 1\./],
  ])('%s', async (_, text, told) => {
    const host = await testHost();
    writeFileSync(join(host.folder, 'old.mjs'), pluginText('old', 99, '{ signalSources: { s: () => ({}) } }'));
    // The mistake stands before a store that would be opened and a port that would be listened on.
    const { store, http } = JSON.parse(readFileSync(host.config, 'utf8')) as { store: object; http: object };
    writeFileSync(host.config, `${text}store: ${JSON.stringify(store)}\nhttp: ${JSON.stringify(http)}\n`);
    const { code, stderr } = await startInVain(host.config);
    expect(stderr).toMatch(told);
    expect(stderr).toMatch(/\n {2}remedy: \w/);
    expect(code).toBe(2);
    await expectNothingStarted(host);
  });
});

describe('a data folder that cannot be used ends the start with code 1 and a remedy', () => {
  it.each([
    ['the store', { sections: { store: { use: '@praetorian-guard/plugin-level', config: { path: './file/store' } } } }],
    ['the state of the process orchestrator', { processes: { stateDir: './file/processes' } }],
  ])('below a regular file, for %s', async (_, options) => {
    const host = await testHost(options);
    writeFileSync(join(host.folder, 'file'), '');
    const { code, stderr } = await startInVain(host.config);
    expect(stderr).toMatch(/GUARD_STATE_READ_ONLY: .*\/file\/.*ENOTDIR.*\n {2}remedy: .*write permission/);
    expect(code).toBe(1);
    expect(agentsOf(host.url)).toEqual([]);
  });

  it.runIf(canMount())('on a read-only file system', async () => {
    const path = './frozen/store';
    const host = await testHost({ sections: { store: { use: '@praetorian-guard/plugin-level', config: { path } } } });
    const frozen = join(host.folder, 'frozen');
    mkdirSync(frozen);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=1m', 'tmpfs', frozen]);
    try {
      const { code, stderr } = await startInVain(host.config);
      expect(stderr).toMatch(/GUARD_STATE_READ_ONLY: .*frozen\/store.*\n {2}remedy: .*write permission/);
      expect(code).toBe(1);
    } finally {
      execFileSync('umount', [frozen]);
    }
  });
});

describe('a store that is damaged', () => {
  it('ends the start with code 1 and a remedy; with the folder moved away the host starts', async () => {
    const host = await testHost();
    const first = new RunningHost(host);
    running.push(first);
    await first.start();
    await first.healthy(1);
    expect(await first.stop()).toBe(0);

    const level = join(host.folder, 'data/store/level');
    const log = readdirSync(level).find((name) => name.endsWith('.log')) as string;
    const bytes = readFileSync(join(level, log));
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] as number) ^ 0x10;
    writeFileSync(join(level, log), bytes);
    const { code, stderr } = await startInVain(host.config);
    expect(stderr).toMatch(/GUARD_STATE_CORRUPT: .*data\/store.*\n {2}remedy: .*backup/);
    expect(code).toBe(1);
    expect(agentsOf(host.url)).toEqual([]);

    renameSync(join(host.folder, 'data/store'), join(host.folder, 'data/damaged'));
    const second = new RunningHost(host);
    running.push(second);
    await second.start();
    await second.healthy(1);
  });
});

describe('a start that fails half-way', () => {
  it('on a port in use ends with code 1 and a remedy, and starts no agent', async () => {
    const host = await testHost();
    const taken = createServer();
    await new Promise<void>((listening) => taken.listen(Number(new URL(host.url).port), '127.0.0.1', listening));
    const { code, stderr } = await startInVain(host.config);
    await new Promise((closed) => taken.close(closed));
    expect(stderr).toMatch(/GUARD_HTTP_PORT_IN_USE: .*\n {2}remedy: \w/);
    expect(code).toBe(1);
    expect(agentsOf(host.url)).toEqual([]);
  });

  it('in a later plugin names it, and stops the agents that were started', async () => {
    const host = await testHost({ groups: { workers: 2 } });
    const text = readFileSync(host.config, 'utf8');
    const config = JSON.parse(text) as { plugins: { [name: string]: object } };
    writeFileSync(
      host.config,
      JSON.stringify({ ...config, plugins: { ...config.plugins, late: { use: './late.mjs' } } }),
    );
    const logs = join(host.folder, 'data/processes/logs');
    // It fails once both agents are there: each has its log by then.
    const start = `async () => {
      const { existsSync, readdirSync } = await import('node:fs');
      const there = () => existsSync(${JSON.stringify(logs)}) && readdirSync(${JSON.stringify(logs)}).length === 2;
      while (!there()) await new Promise((look) => setTimeout(look, 20));
      throw new Error('no uplink');
    }`;
    const source = `{ watch: async () => {}, stop: async () => {}, start: ${start} }`;
    writeFileSync(join(host.folder, 'late.mjs'), pluginText('late', 1, `{ signalSources: { s: () => (${source}) } }`));
    const { code, stderr } = await startInVain(host.config);
    expect(stderr).toMatch(/GUARD_START_FAILED: The source late could not be started: no uplink\.\n {2}remedy: /);
    expect(code).toBe(1);
    expect(agentsOf(host.url)).toEqual([]);
  });
});

function canMount(): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/proc/mounts')) return false;
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
