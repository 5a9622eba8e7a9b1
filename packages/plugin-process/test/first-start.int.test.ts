import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRig } from '@praetorian-guard/core/testing';
import { ProcessOrchestrator } from '../src/process-orchestrator.ts';
import { openProcessTable } from '../src/process-table.ts';
import { ask, Harness, program, until } from './harness.ts';

let harness: Harness;
beforeEach(() => {
  harness = new Harness();
});
afterEach(() => harness.dispose());

test('an agent that the store could not take at the start is started later, and holds up nobody', async () => {
  let commits = 0;
  const store = harness.failingStore(() => (commits += 1) <= 2);
  const orchestrator = await harness.start({ agents: { web: program } }, undefined, store);
  const inventory = await harness.follow(orchestrator).synced();
  await until(() => inventory.events.some(({ type }) => type === 'present'));
  expect((await ask(inventory.instance('web'))).env['PRAETORIAN_AGENT_ID']).toBe('web');
  await orchestrator.stop();
  expect(openProcessTable().holders(harness.ownerPrefix())).toEqual([]);
});

test('an agent that can neither be started nor noted at the start is told as dead once the store takes it', async () => {
  let commits = 0;
  const store = harness.failingStore(() => (commits += 1) <= 2);
  const nowhere = { ...program, command: ['/nowhere/at-all'] };
  const inventory = await harness.follow(await harness.start({ agents: { web: nowhere } }, undefined, store)).synced();
  await until(() => inventory.lifecycle('died').length === 1);
  expect(inventory.instance('web')).toMatchObject({ state: 'exited' });
});

test('a stop of the guard takes neither the override nor the scratch folder from an agent', async () => {
  const config = { agents: { web: { ...program, scratch: true } } };
  const first = await harness.start(config);
  const old = (await harness.follow(first).synced()).instance('web');
  const override = { memoryLimit: 256 * 1024 ** 2 };
  const respawn = { kind: 'respawn', mode: 'in-place', generation: 2, agentId: 'web', instanceId: old.id } as const;
  await ask(await harness.act(first, { ...respawn, override, graceMs: 2_000 }, 'k1'), '/mark');
  await first.stop();
  await (await harness.start(config)).stop();
  const third = (await harness.follow(await harness.start(config)).synced()).instance('web');
  const { argv, env } = await ask(third);
  expect(argv).toContain('--max-old-space-size=256');
  expect(env).toMatchObject({ PRAETORIAN_INSTANCE: 'web~4', PRAETORIAN_MEMORY_LIMIT: '268435456' });
  const scratch = join(harness.dir, 'state/scratch');
  expect(readdirSync(scratch)).toEqual(['web~2']);
  expect(readdirSync(env['PRAETORIAN_SCRATCH'] ?? '')).toEqual(['mark']);
});

test('an agent whose port is in use runs on another one, and that is said', async () => {
  const other = createServer();
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
  const { port } = other.address() as AddressInfo;
  const rig = createRig();
  const context = harness.context({ agents: { web: { ...program, port } } }, rig);
  const orchestrator = new ProcessOrchestrator({ ...context, log: rig.log });
  await orchestrator.start();
  const instance = (await harness.follow(orchestrator).synced()).instance('web');
  expect(instance.endpoint).not.toBe(`http://127.0.0.1:${port}`);
  const warnings = rig.log.entries.filter(({ level }) => level === 'warn');
  expect(warnings).toMatchObject([{ fields: { agentId: 'web', port }, message: expect.stringMatching(/in use/) }]);
  await orchestrator.stop();
  await new Promise((closed) => other.close(closed));
});

test('the scratch folder of an agent that left the config goes at the next start', async () => {
  const scratch = join(harness.dir, 'state/scratch');
  const config = { agents: { web: { ...program, scratch: true }, old: { ...program, scratch: true } } };
  const first = await harness.start(config);
  await harness.follow(first).synced();
  expect(readdirSync(scratch).sort()).toEqual(['old~1', 'web~1']);
  await first.stop();
  await harness.follow(await harness.start({ agents: { web: config.agents.web } })).synced();
  expect(readdirSync(scratch)).toEqual(['web~1']);
});

test('a replica that could not be started is started when the group is scaled to the same number again', async () => {
  const orchestrator = await harness.start({ groups: { workers: { ...program, replicas: 1 } } });
  const inventory = await harness.follow(orchestrator).synced();
  const logs = join(harness.dir, 'state/logs');
  rmSync(logs, { recursive: true });
  writeFileSync(logs, 'no folder');
  const scale = { kind: 'scale', group: 'workers', replicas: 2 } as const;
  const intent = await harness.prepare(orchestrator, scale, 'k1');
  expect(await orchestrator.execute(intent, harness.grant('k1'), harness.call())).toMatchObject({ result: 'failed' });
  rmSync(logs);
  mkdirSync(logs);
  await harness.act(orchestrator, scale, 'k2');
  await until(() => inventory.events.some((event) => event.type === 'present' && event.agent.id === 'workers.2'));
  expect((await ask(inventory.instance('workers.2'))).env['PRAETORIAN_AGENT_ID']).toBe('workers.2');
});
