import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Intent } from '@praetorian-guard/core/plugin';
import { createRig } from '@praetorian-guard/core/testing';
import { ProcessOrchestrator } from '../src/process-orchestrator.ts';
import { keyVariable, openProcessTable } from '../src/process-table.ts';
import { fileStore } from './file-store.ts';
import { ask, Harness, isRunning, pidOf, program, until } from './harness.ts';

let harness: Harness;
beforeEach(() => {
  harness = new Harness();
});
afterEach(() => harness.dispose());

const web = { agents: { web: program } };

test('a process that is killed is told with its signal, one that exits with its code', async () => {
  const orchestrator = await harness.start({ agents: { web: program, two: program } });
  const inventory = await harness.follow(orchestrator).synced();
  process.kill(pidOf(inventory.instance('web')), 'SIGKILL');
  await until(() => inventory.lifecycle('died').length === 1);
  await ask(inventory.instance('two'));
  await fetch(`${inventory.instance('two').endpoint}/exit`).catch(() => undefined);
  await until(() => inventory.lifecycle('died').length === 2);
  expect(inventory.lifecycle('died')).toEqual([
    { type: 'lifecycle', event: 'died', agentId: 'web', instanceId: 'web~1', exitSignal: 'SIGKILL' },
    { type: 'lifecycle', event: 'died', agentId: 'two', instanceId: 'two~1', exitCode: 3 },
  ]);
  expect(inventory.instance('web').state).toBe('exited');
});

test('evidence holds the last log lines and how it ended, also after the replacement', async () => {
  const command = [...program.command, '--token', 'hunter2'];
  const orchestrator = await harness.start({ agents: { web: { ...program, command } } });
  const inventory = await harness.follow(orchestrator).synced();
  const old = inventory.instance('web');
  await ask(old);
  const alive = await orchestrator.evidence(old, 'web');
  expect(alive.map((item) => item.label)).toEqual(['log', 'command', 'status']);
  expect(alive[1]?.text).toBe(`${program.command.join(' ')} --token …`);
  expect(JSON.stringify(alive)).not.toContain('hunter2');
  process.kill(pidOf(old), 'SIGKILL');
  await until(() => inventory.lifecycle('died').length === 1);
  await harness.act(orchestrator, { kind: 'restart', agentId: 'web', instanceId: old.id, graceMs: 0 }, 'k1');
  const [log, exit] = await orchestrator.evidence(old, 'web');
  expect(log).toEqual({ label: 'log', text: 'started web~1' });
  expect(exit?.text).toContain('SIGKILL');
});

test('a process that ends at once is told as died', async () => {
  const orchestrator = await harness.start({ agents: { web: { ...program, env: { MODE: 'exit-at-once' } } } });
  const inventory = await harness.follow(orchestrator).synced();
  await until(() => inventory.lifecycle('died').length === 1);
  expect(inventory.lifecycle('died')[0]).toMatchObject({ exitCode: 7 });
});

test('agents outlive a guard that is killed, and the next guard adopts them', async () => {
  const guard = harness.guard(web);
  const instance = await guard.instance();
  await ask(instance);
  await guard.crash();
  expect(isRunning(pidOf(instance))).toBe(true);
  const orchestrator = await harness.start(web);
  const inventory = await harness.follow(orchestrator).synced();
  expect(inventory.instance('web')).toEqual(instance);
  process.kill(pidOf(instance), 'SIGKILL');
  await until(() => inventory.lifecycle('died').length === 1);
  expect(inventory.lifecycle('died')[0]).toMatchObject({ detail: 'exit code unknown: adopted process' });
});

test('an adopted process is not told as died because the system does not let the guard look', async () => {
  const first = await harness.start({ ...web, onStop: 'leave' });
  const instance = (await harness.follow(first).synced()).instance('web');
  await first.stop();
  const table = openProcessTable();
  const isAlive = vi.spyOn(table, 'isAlive');
  const rig = createRig({ seed: 'second' });
  const second = new ProcessOrchestrator({ ...harness.context(web, rig), log: rig.log }, table);
  await second.start();
  const inventory = await harness.follow(second).synced();
  isAlive.mockImplementation(() => {
    throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
  });
  await until(() => rig.log.entries.some(({ message }) => message === 'looking after processes failed'));
  isAlive.mockRestore();
  expect(inventory.lifecycle('died')).toEqual([]);
  process.kill(pidOf(instance), 'SIGKILL');
  await until(() => inventory.lifecycle('died').length === 1);
  await second.stop();
});

test('an adopted process is restarted like any other', async () => {
  const guard = harness.guard(web);
  const old = await guard.instance();
  await guard.crash();
  const orchestrator = await harness.start(web);
  const fresh = await harness.act(
    orchestrator,
    { kind: 'restart', agentId: 'web', instanceId: old.id, graceMs: 2_000 },
    'k1',
  );
  expect(isRunning(pidOf(old))).toBe(false);
  expect(fresh).toMatchObject({ id: 'web~2', endpoint: old.endpoint });
});

test('what ended while no guard watched is told as died and not started behind the engine', async () => {
  const guard = harness.guard(web);
  const instance = await guard.instance();
  await guard.crash();
  process.kill(pidOf(instance), 'SIGKILL');
  await until(() => !isRunning(pidOf(instance)));
  const inventory = await harness.follow(await harness.start(web)).synced();
  expect(inventory.instance('web')).toMatchObject({ id: 'web~1', state: 'exited' });
  expect(inventory.lifecycle('died')).toHaveLength(1);
});

test('a crash between the spawn and its record makes no second process', async () => {
  const guard = harness.guard(web, { HOLD: '1' });
  const old = await guard.instance();
  guard.tell({ kind: 'restart', agentId: 'web', instanceId: old.id, graceMs: 2_000 });
  const intent = await guard.said<Intent>('intent');
  await guard.said('held');
  await guard.crash();
  const orchestrator = await harness.start(web);
  const receipt = await orchestrator.reconcile(intent);
  expect(receipt).toMatchObject({ result: 'succeeded', reconciled: true, instance: { id: 'web~2' } });
  expect(await orchestrator.execute(intent, harness.grant('crash-key'), harness.call())).toMatchObject({
    result: 'succeeded',
  });
  const inventory = await harness.follow(orchestrator).synced();
  expect((await ask(inventory.instance('web'))).env['PRAETORIAN_INSTANCE']).toBe('web~2');
  expect(isRunning(pidOf(old))).toBe(false);
});

test('an orphan with our key is ended at the start, other processes are left alone', async () => {
  await (await harness.start({})).stop();
  const idle = ['-e', 'setInterval(() => {}, 1000)'];
  const orphan = spawn(process.execPath, idle, {
    env: { [keyVariable]: `${harness.ownerPrefix()}lost` },
    detached: true,
  });
  const stranger = spawn(process.execPath, idle, { env: { [keyVariable]: 'another-guard.key' }, detached: true });
  try {
    await harness.start(web);
    expect(isRunning(orphan.pid ?? 0)).toBe(false);
    expect(isRunning(stranger.pid ?? 0)).toBe(true);
  } finally {
    orphan.kill('SIGKILL');
    stranger.kill('SIGKILL');
  }
});

test('an orphan that does not hear is killed when the start has no time left for its grace', async () => {
  await (await harness.start({})).stop();
  const script = "process.on('SIGTERM', () => {}); console.log('deaf'); setInterval(() => {}, 1000)";
  const orphan = spawn(process.execPath, ['-e', script], {
    env: { [keyVariable]: `${harness.ownerPrefix()}lost` },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  await once(orphan.stdout, 'data');
  const orchestrator = new ProcessOrchestrator(harness.context({ stopGrace: 60_000 }));
  await orchestrator.start(AbortSignal.timeout(1_000));
  expect(isRunning(orphan.pid ?? 0)).toBe(false);
  await orchestrator.stop();
}, 20_000);

test('an agent that left the config is ended by the next guard', async () => {
  const guard = harness.guard({ agents: { web: program, old: program } });
  await guard.instance();
  await guard.crash();
  const before = JSON.stringify(await harness.store.list('agent/', { limit: 10 }));
  const oldPid = Number(/"agentId":"old".*?"pid":(\d+)/.exec(before)?.[1]);
  const inventory = await harness.follow(await harness.start(web)).synced();
  expect(isRunning(oldPid)).toBe(false);
  expect(inventory.events.filter((event) => event.type === 'present')).toHaveLength(1);
});

test('a pid that was given to another process is not taken for ours', async () => {
  const guard = harness.guard(web);
  const instance = await guard.instance();
  await guard.crash();
  process.kill(pidOf(instance), 'SIGKILL');
  await until(() => !isRunning(pidOf(instance)));
  const [stored] = await harness.store.list('agent/', { limit: 1 });
  const moved = JSON.parse(
    JSON.stringify(stored?.value).replace(`"pid":${pidOf(instance)}`, `"pid":${process.pid}`),
  ) as never;
  await harness.store.commit('process', [{ op: 'put', key: 'agent/web', value: moved, when: 'any' }], {
    durability: 'sync',
  });
  const orchestrator = await harness.start(web);
  const fresh = await harness.act(
    orchestrator,
    { kind: 'restart', agentId: 'web', instanceId: 'web~1', graceMs: 0 },
    'k1',
  );
  expect((await ask(fresh)).pid).toBe(pidOf(fresh));
  expect(isRunning(process.pid)).toBe(true);
});

test('two guards cannot share a folder', async () => {
  const guard = harness.guard(web);
  await guard.instance();
  await expect(harness.start(web)).rejects.toMatchObject({ code: 'GUARD_STATE_LOCKED' });
});

test('the copy of a folder is refused while processes of the first run, and taken for another one afterwards', async () => {
  const first = await harness.start(web);
  const { pid } = await ask((await harness.follow(first).synced()).instance('web'));
  mkdirSync(join(harness.dir, 'copy'));
  copyFileSync(join(harness.dir, 'state/owner'), join(harness.dir, 'copy/owner'));
  const second = (): ProcessOrchestrator =>
    new ProcessOrchestrator({
      ...harness.context({ stateDir: 'copy' }),
      state: fileStore(join(harness.dir, 'copy.json')),
    });
  await expect(second().start()).rejects.toMatchObject({
    code: 'GUARD_START_FAILED',
    message: expect.stringMatching(new RegExp(`${harness.dir}/copy was copied or moved.* \\(pid ${pid}\\)`)),
  });
  expect(isRunning(pid)).toBe(true);
  await first.stop();
  const later = second();
  await later.start();
  expect(readFileSync(join(harness.dir, 'copy/owner'), 'utf8')).not.toBe(harness.ownerPrefix().slice(0, -1));
  await later.stop();
});

test('stop ends everything, and the next guard starts it anew', async () => {
  const first = await harness.start(web);
  const inventory = await harness.follow(first).synced();
  const instance = inventory.instance('web');
  await first.stop();
  await inventory.ended;
  expect(isRunning(pidOf(instance))).toBe(false);
  expect(inventory.lifecycle('died')).toEqual([]);
  const next = (await harness.follow(await harness.start(web)).synced()).instance('web');
  expect(next).toMatchObject({ id: 'web~2', generation: 2 });
});

test('onStop leave leaves them to the next guard', async () => {
  const first = await harness.start({ ...web, onStop: 'leave' });
  const instance = (await harness.follow(first).synced()).instance('web');
  await first.stop();
  expect(isRunning(pidOf(instance))).toBe(true);
  expect((await harness.follow(await harness.start(web)).synced()).instance('web')).toEqual(instance);
});

test.each([
  ['old', 'web~1'],
  ['new', 'web~2'],
])('a stop while the %s one of two instances is dead leaves an agent that the next guard starts', async (_, dead) => {
  const first = await harness.start(web);
  const inventory = await harness.follow(first).synced();
  const old = inventory.instance('web');
  const respawn = { kind: 'respawn', mode: 'beside', agentId: 'web', instanceId: old.id, generation: 2 } as const;
  const fresh = await harness.act(first, { ...respawn, graceMs: 0 }, 'k1');
  await ask(fresh);
  process.kill(pidOf(dead === old.id ? old : fresh), 'SIGKILL');
  await until(() => inventory.lifecycle('died').length === 1);
  await first.stop();
  const next = await harness.follow(await harness.start(web)).synced();
  expect(next.instance('web')).toMatchObject({ id: 'web~3', state: 'running' });
  expect(next.lifecycle('died')).toEqual([]);
});
