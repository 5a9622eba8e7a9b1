import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Action } from '@praetorian-guard/core/plugin';
import { ask, Harness, isRunning, pidOf, program, until } from './harness.ts';

let harness: Harness;
beforeEach(() => {
  harness = new Harness();
});
afterEach(() => harness.dispose());

const on = (instance: { id: string } | undefined) => ({
  agentId: 'web',
  instanceId: instance?.id ?? '',
  graceMs: 2_000,
});

test('starts what is configured and tells it who it is and where the guard is', async () => {
  const orchestrator = await harness.start({ agents: { web: { ...program, group: 'site', env: { COLOUR: 'red' } } } });
  const inventory = await harness.follow(orchestrator).synced();
  const instance = inventory.instance('web');
  const { pid, env } = await ask(instance);
  expect(pid).toBe(pidOf(instance));
  expect(instance).toMatchObject({ id: 'web~1', generation: 1, state: 'running' });
  expect(env).toMatchObject({
    PRAETORIAN_URL: 'http://127.0.0.1:9',
    PRAETORIAN_AGENT_ID: 'web',
    PRAETORIAN_GROUP: 'site',
    PRAETORIAN_INSTANCE: 'web~1',
    PRAETORIAN_GENERATION: '1',
    PRAETORIAN_RESTORE: '0',
    COLOUR: 'red',
  });
});

test('keeps the environment of the guard from the processes, except what the config lets through', async () => {
  process.env['SECRET_OF_THE_GUARD'] = 'hush';
  const orchestrator = await harness.start({ agents: { web: program } });
  const { env } = await ask((await harness.follow(orchestrator).synced()).instance('web'));
  delete process.env['SECRET_OF_THE_GUARD'];
  expect(env).not.toHaveProperty('SECRET_OF_THE_GUARD');
  expect(env).toHaveProperty('PATH');
});

test('restart gives a new instance on the same port and ends the old one', async () => {
  const orchestrator = await harness.start({ agents: { web: program } });
  const inventory = await harness.follow(orchestrator).synced();
  const old = inventory.instance('web');
  const fresh = await harness.act(orchestrator, { kind: 'restart', ...on(old) }, 'k1');
  expect(fresh).toMatchObject({ id: 'web~2', generation: 2, endpoint: old.endpoint });
  expect(isRunning(pidOf(old))).toBe(false);
  expect((await ask(fresh)).pid).toBe(pidOf(fresh));
  await until(() => inventory.instance('web').id === 'web~2');
  expect(inventory.lifecycle('died')).toEqual([]);
});

test('recreate begins with an empty scratch folder, restart keeps it', async () => {
  const orchestrator = await harness.start({ agents: { web: { ...program, scratch: true } } });
  const first = (await harness.follow(orchestrator).synced()).instance('web');
  const marked = join((await ask(first, '/mark')).env['PRAETORIAN_SCRATCH'] ?? '', 'mark');
  const second = await harness.act(orchestrator, { kind: 'restart', ...on(first) }, 'k1');
  await ask(second);
  expect(existsSync(marked)).toBe(true);
  const third = await harness.act(orchestrator, { kind: 'recreate', ...on(second) }, 'k2');
  const { env } = await ask(third);
  expect(existsSync(marked)).toBe(false);
  expect(existsSync(join(env['PRAETORIAN_SCRATCH'] ?? '', 'mark'))).toBe(false);
  expect(env['PRAETORIAN_RESTORE']).toBe('1');
});

test('respawn beside leaves the old one alone until it is retired', async () => {
  const orchestrator = await harness.start({ agents: { web: program } });
  const inventory = await harness.follow(orchestrator).synced();
  const old = inventory.instance('web');
  const fresh = await harness.act(orchestrator, { kind: 'respawn', mode: 'beside', generation: 2, ...on(old) }, 'k1');
  expect(fresh?.endpoint).not.toBe(old.endpoint);
  expect((await ask(old)).pid).toBe(pidOf(old));
  expect((await ask(fresh)).pid).toBe(pidOf(fresh));
  expect(inventory.instance('web').id).toBe('web~1');
  await harness.act(orchestrator, { kind: 'retire', ...on(old) }, 'k2');
  expect(isRunning(pidOf(old))).toBe(false);
  await until(() => inventory.instance('web').id === 'web~2');
  expect(inventory.lifecycle('died')).toEqual([]);
});

test('the new instance can be acted on while the old one still waits to be retired', async () => {
  const orchestrator = await harness.start({ agents: { web: program } });
  const inventory = await harness.follow(orchestrator).synced();
  const old = inventory.instance('web');
  const beside = await harness.act(orchestrator, { kind: 'respawn', mode: 'beside', generation: 2, ...on(old) }, 'k1');
  const fresh = await harness.act(orchestrator, { kind: 'restart', ...on(beside) }, 'k2');
  expect(isRunning(pidOf(beside))).toBe(false);
  await harness.act(orchestrator, { kind: 'retire', ...on(old) }, 'k3');
  expect(isRunning(pidOf(old))).toBe(false);
  await until(() => inventory.instance('web').id === 'web~3');
  expect((await ask(fresh)).pid).toBe(pidOf(fresh));
});

test('a new instance that proves bad is retired and the old one goes on', async () => {
  const orchestrator = await harness.start({ agents: { web: program } });
  const old = (await harness.follow(orchestrator).synced()).instance('web');
  const fresh = await harness.act(orchestrator, { kind: 'respawn', mode: 'beside', generation: 2, ...on(old) }, 'k1');
  await harness.act(orchestrator, { kind: 'retire', ...on(fresh) }, 'k2');
  expect(isRunning(pidOf(fresh))).toBe(false);
  const again = await harness.act(orchestrator, { kind: 'respawn', mode: 'beside', generation: 2, ...on(old) }, 'k3');
  expect(again?.id).toBe('web~3');
});

test('an instance that died before it was retired leaves nothing behind, and the new one is the agent', async () => {
  const orchestrator = await harness.start({ agents: { web: { ...program, env: { MODE: 'helper' }, scratch: true } } });
  const inventory = await harness.follow(orchestrator).synced();
  const old = inventory.instance('web');
  const { helper, env } = await ask(old);
  process.kill(pidOf(old), 'SIGKILL');
  await until(() => inventory.lifecycle('died').length === 1);
  const fresh = await harness.act(orchestrator, { kind: 'respawn', mode: 'beside', generation: 2, ...on(old) }, 'k1');
  const retire = await harness.prepare(orchestrator, { kind: 'retire', ...on(old) }, 'k2');
  expect(await orchestrator.reconcile(retire)).toMatchObject({ result: 'failed' });
  await harness.act(orchestrator, { kind: 'retire', ...on(old) }, 'k2');
  expect(await orchestrator.reconcile(retire)).toMatchObject({ result: 'succeeded' });
  await until(() => !isRunning(helper ?? 0));
  expect(existsSync(env['PRAETORIAN_SCRATCH'] ?? '')).toBe(false);
  const entry = await harness.store.get('agent/web');
  expect(entry?.value).toMatchObject({ currentId: 'web~2', instances: [{ instanceId: 'web~2' }] });
  await until(() => inventory.instance('web').id === 'web~2');
  process.kill(pidOf(fresh), 'SIGKILL');
  await until(() => inventory.instance('web').state === 'exited');
});

test('an instance is not retired when the other one has died since that was prepared', async () => {
  const orchestrator = await harness.start({ agents: { web: program } });
  const inventory = await harness.follow(orchestrator).synced();
  const old = inventory.instance('web');
  const fresh = await harness.act(orchestrator, { kind: 'respawn', mode: 'beside', generation: 2, ...on(old) }, 'k1');
  const intent = await harness.prepare(orchestrator, { kind: 'retire', ...on(old) }, 'k2');
  process.kill(pidOf(fresh), 'SIGKILL');
  await until(() => inventory.lifecycle('died').length === 1);
  expect(await orchestrator.execute(intent, harness.grant('k2'), harness.call())).toMatchObject({
    result: 'superseded',
  });
  expect(isRunning(pidOf(old))).toBe(true);
  expect(inventory.instance('web').id).toBe('web~1');
});

test('what was never admitted was not done', async () => {
  const orchestrator = await harness.start({
    agents: { web: program },
    groups: { workers: { ...program, replicas: 1 } },
  });
  const old = (await harness.follow(orchestrator).synced()).instance('web');
  const actions: Action[] = [
    { kind: 'restart', ...on(old) },
    { kind: 'retire', ...on(old) },
    { kind: 'scale', group: 'workers', replicas: 1 },
  ];
  for (const action of actions) {
    const receipt = await orchestrator.reconcile({ key: 'k1', action, affects: [], before: {} });
    expect(receipt).toMatchObject({ result: 'failed' });
  }
});

test('respawn passes the override on and keeps it over a restart', async () => {
  const orchestrator = await harness.start({ agents: { web: program } });
  const old = (await harness.follow(orchestrator).synced()).instance('web');
  const override = { memoryLimit: 256 * 1024 ** 2, timeoutMs: 1_500, env: { COLOUR: 'blue' } };
  const fresh = await harness.act(
    orchestrator,
    { kind: 'respawn', mode: 'in-place', generation: 7, override, ...on(old) },
    'k1',
  );
  expect(fresh).toMatchObject({ generation: 7, endpoint: old.endpoint, memoryLimitMb: 256 });
  const restarted = await harness.act(orchestrator, { kind: 'restart', ...on(fresh) }, 'k2');
  const { argv, env } = await ask(restarted);
  expect(argv).toContain('--max-old-space-size=256');
  expect(env).toMatchObject({ PRAETORIAN_MEMORY_LIMIT: '268435456', PRAETORIAN_TIMEOUT_MS: '1500', COLOUR: 'blue' });
});

test('an image is refused, by prepare and as a failed receipt', async () => {
  const orchestrator = await harness.start({ agents: { web: program } });
  const old = (await harness.follow(orchestrator).synced()).instance('web');
  const action = {
    kind: 'respawn',
    mode: 'in-place',
    generation: 2,
    override: { image: 'web:2' },
    ...on(old),
  } as const;
  expect(await orchestrator.prepare(action, 'k1')).toMatchObject({
    act: false,
    reason: { code: 'orchestrator-refused' },
  });
  const intent = await harness.prepare(orchestrator, { ...action, override: {} }, 'k1');
  const receipt = await orchestrator.execute({ ...intent, action }, harness.grant('k1'), harness.call());
  expect(receipt).toMatchObject({ result: 'failed', code: 'GUARD_ORCHESTRATOR_UNSUPPORTED', retryable: false });
  expect(isRunning(pidOf(old))).toBe(true);
});

test('a process that does not hear SIGTERM is killed after the grace, with what it started', async () => {
  const orchestrator = await harness.start({
    agents: { web: { ...program, env: { MODE: 'deaf' } }, two: { ...program, env: { MODE: 'helper' } } },
  });
  const inventory = await harness.follow(orchestrator).synced();
  const deaf = inventory.instance('web');
  await ask(deaf);
  await harness.act(orchestrator, { kind: 'restart', ...on(deaf), graceMs: 200 }, 'k1');
  expect(isRunning(pidOf(deaf))).toBe(false);
  const { helper } = await ask(inventory.instance('two'));
  process.kill(pidOf(inventory.instance('two')), 'SIGKILL');
  await until(() => inventory.lifecycle('died').length === 1);
  expect(isRunning(helper ?? 0)).toBe(true);
  await harness.act(orchestrator, { kind: 'restart', agentId: 'two', instanceId: 'two~1', graceMs: 200 }, 'k2');
  await until(() => !isRunning(helper ?? 0));
});

test('what a shell started has the whole grace, although the shell itself goes at once', async () => {
  const drain = `process.on('SIGTERM', () => setTimeout(() => (fs.writeFileSync('drained', ''), process.exit()), 300));
    setInterval(() => {}, 1000); fs.writeFileSync('ready', '')`;
  const shell = { ...program, command: ['sh', '-c', 'node -e "$DRAIN"; echo end'], env: { DRAIN: drain } };
  const orchestrator = await harness.start({ agents: { web: shell } });
  const old = (await harness.follow(orchestrator).synced()).instance('web');
  await until(() => existsSync(join(harness.dir, 'ready')));
  await harness.act(orchestrator, { kind: 'restart', ...on(old) }, 'k1');
  expect(existsSync(join(harness.dir, 'drained'))).toBe(true);
});

test('a suspended process is reported as running and can still be restarted', async () => {
  const orchestrator = await harness.start({ agents: { web: program } });
  const inventory = await harness.follow(orchestrator).synced();
  const old = inventory.instance('web');
  await ask(old);
  process.kill(pidOf(old), 'SIGSTOP');
  const fresh = await harness.act(orchestrator, { kind: 'restart', ...on(old), graceMs: 60_000 }, 'k1');
  expect(isRunning(pidOf(old))).toBe(false);
  expect((await ask(fresh)).pid).toBe(pidOf(fresh));
  expect(inventory.lifecycle('paused')).toEqual([]);
  expect(inventory.lifecycle('stopped')).toEqual([]);
});

test('scale adds the lowest free replicas and takes the highest away', async () => {
  const orchestrator = await harness.start({ groups: { workers: { ...program, replicas: 1 } } });
  const inventory = await harness.follow(orchestrator).synced();
  await harness.act(orchestrator, { kind: 'scale', group: 'workers', replicas: 3 }, 'k1');
  await until(() => inventory.events.filter((event) => event.type === 'present').length >= 3);
  const third = inventory.instance('workers.3');
  expect((await ask(third)).env['PRAETORIAN_GROUP']).toBe('workers');
  const intent = await harness.prepare(orchestrator, { kind: 'scale', group: 'workers', replicas: 2 }, 'k2');
  expect(intent.affects).toEqual(['workers.3']);
  await orchestrator.execute(intent, harness.grant('k2'), harness.call());
  expect(isRunning(pidOf(third))).toBe(false);
  expect(inventory.events).toContainEqual({ type: 'removed', agentId: 'workers.3' });
});

test('the same key acts once, also at the same moment and after a new start', async () => {
  const config = { agents: { web: program }, onStop: 'leave' } as const;
  const orchestrator = await harness.start(config);
  const old = (await harness.follow(orchestrator).synced()).instance('web');
  const intent = await harness.prepare(orchestrator, { kind: 'restart', ...on(old) }, 'k1');
  const both = await Promise.all([1, 2].map(() => orchestrator.execute(intent, harness.grant('k1'), harness.call())));
  expect(both[0]).toMatchObject({ result: 'succeeded', instance: { id: 'web~2' } });
  expect(both[1]).toEqual(both[0]);
  await orchestrator.stop();
  const next = await harness.start({ ...config, onStop: 'stop' });
  expect(await next.execute(intent, harness.grant('k1'), harness.call())).toEqual(both[0]);
  expect((await harness.follow(next).synced()).instance('web').id).toBe('web~2');
});

test('a command that cannot be started gives a failed receipt and an agent that is told to be down', async () => {
  const orchestrator = await harness.start({ agents: { web: program } });
  const inventory = await harness.follow(orchestrator).synced();
  const old = inventory.instance('web');
  const override = { command: ['/nowhere/at-all'] };
  const intent = await harness.prepare(
    orchestrator,
    { kind: 'respawn', mode: 'in-place', generation: 2, override, ...on(old) },
    'k1',
  );
  const receipt = await orchestrator.execute(intent, harness.grant('k1'), harness.call());
  expect(receipt).toMatchObject({ result: 'failed', code: 'GUARD_ORCHESTRATOR_FAILED' });
  expect(receipt.result === 'failed' && receipt.text).toMatch(/nowhere/);
  await until(() => inventory.lifecycle('died').length === 1);
  const healed = await harness.act(orchestrator, { kind: 'restart', ...on(old) }, 'k2');
  expect((await ask(healed)).pid).toBe(pidOf(healed));
});
