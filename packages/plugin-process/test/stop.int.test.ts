import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openProcessTable } from '../src/process-table.ts';
import { ask, Harness, pidOf, program, until } from './harness.ts';

let harness: Harness;
beforeEach(() => {
  harness = new Harness();
});
afterEach(() => harness.dispose());

const deaf = { ...program, env: { MODE: 'deaf' } };
const polite = { ...program, env: { MODE: 'tells-its-end' } };

/** Whoever carries a key of the folder. */
const running = () => openProcessTable().holders(harness.ownerPrefix());
const wasAsked = (instanceId: string): boolean => existsSync(join(harness.dir, `asked ${instanceId}`));

test('a stop amid a restart asks the others to end at once, hurries the one that does not hear, and starts nobody', async () => {
  const config = { agents: { deaf, polite } };
  const orchestrator = await harness.start(config);
  const inventory = await harness.follow(orchestrator).synced();
  await Promise.all([ask(inventory.instance('deaf')), ask(inventory.instance('polite'))]);
  const restart = { kind: 'restart', agentId: 'deaf', instanceId: 'deaf~1', graceMs: 30_000 } as const;
  const intent = await harness.prepare(orchestrator, restart, 'k1');
  const execution = orchestrator.execute(
    intent,
    harness.grant('k1', { deadline: Date.now() + 60_000 }),
    harness.call(),
  );
  await until(() => readFileSync(join(harness.dir, 'state/logs/deaf~1.log'), 'utf8').includes('not heard'));
  const stopped = orchestrator.stop(AbortSignal.timeout(3_000));
  await until(() => wasAsked('polite~1'));
  expect(running().map(({ pid }) => pid)).toContain(pidOf(inventory.instance('deaf')));
  await stopped;
  expect(running()).toEqual([]);
  expect(await execution).toMatchObject({ result: 'failed' });
  const entry = await harness.store.get('agent/deaf');
  expect(entry?.value).toMatchObject({ instances: [{ instanceId: 'deaf~1', phase: 'stopped' }] });
  const next = await harness.follow(await harness.start(config)).synced();
  expect(next.instance('deaf')).toMatchObject({ state: 'running' });
});

test('an action that waits for its turn when the stop comes does not begin', async () => {
  const orchestrator = await harness.start({ agents: { deaf }, onStop: 'leave' });
  const inventory = await harness.follow(orchestrator).synced();
  await ask(inventory.instance('deaf'));
  const on = { agentId: 'deaf', instanceId: 'deaf~1', graceMs: 300 };
  const first = await harness.prepare(orchestrator, { kind: 'restart', ...on }, 'k1');
  const second = await harness.prepare(orchestrator, { kind: 'recreate', ...on }, 'k2');
  const receipts = [first, second].map((intent) =>
    orchestrator.execute(intent, harness.grant(intent.key), harness.call()),
  );
  // Both have to be in the queue before the stop.
  await until(async () => (await orchestrator.reconcile(second)).result === 'unknown');
  await orchestrator.stop();
  expect((await Promise.all(receipts)).map(({ result }) => result)).toEqual(['succeeded', 'cancelled']);
});

test('a store that takes nothing any more keeps no process alive', async () => {
  let broken = false;
  const store = harness.failingStore(() => broken);
  const orchestrator = await harness.start({ agents: { polite } }, undefined, store);
  await ask((await harness.follow(orchestrator).synced()).instance('polite'));
  broken = true;
  await orchestrator.stop();
  expect(running()).toEqual([]);
  expect(wasAsked('polite~1')).toBe(true);
});

test('a store that does not answer any more keeps no process alive, not even one that an action waits with', async () => {
  let hangs = false;
  const store = { ...harness.store };
  store.commit = (...given) => (hangs ? new Promise(() => undefined) : harness.store.commit(...given));
  const orchestrator = await harness.start({ agents: { web: program, polite } }, undefined, store);
  const inventory = await harness.follow(orchestrator).synced();
  await Promise.all([ask(inventory.instance('web')), ask(inventory.instance('polite'))]);
  hangs = true;
  const respawn = { kind: 'respawn', mode: 'beside', generation: 2, agentId: 'web', instanceId: 'web~1' } as const;
  const intent = await harness.prepare(orchestrator, { ...respawn, graceMs: 0 }, 'k1');
  void orchestrator.execute(intent, harness.grant('k1'), harness.call());
  await orchestrator.stop(AbortSignal.timeout(2_500));
  expect(running()).toEqual([]);
  expect(wasAsked('polite~1')).toBe(true);
});
