import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { setTimeout as pause } from 'node:timers/promises';
import type { InventoryEvent, SignalDraft } from '@praetorian-guard/core/plugin';
import { createRig, systemClock } from '@praetorian-guard/core/testing';
import { ThreadOrchestrator } from '../src/thread-orchestrator.ts';

const call = { signal: new AbortController().signal, traceId: 'test' };
const started: ThreadOrchestrator[] = [];
const signals: SignalDraft[] = [];

async function start(mode: string, rig = createRig()): Promise<ThreadOrchestrator> {
  const agents = { a: { module: './agents/counter.mjs', group: 'threads', env: { MODE: mode, BEAT_MS: '20' } } };
  const given = {
    clock: systemClock(),
    baseDir: join(import.meta.dirname, '..'),
    ingest: (signal: SignalDraft) => void signals.push(signal),
  };
  const orchestrator = new ThreadOrchestrator(rig.context({ agents, queue: { depth: 10, for: 30_000 } }, given));
  started.push(orchestrator);
  await orchestrator.start();
  return orchestrator;
}

function follow(orchestrator: ThreadOrchestrator): InventoryEvent[] {
  const events: InventoryEvent[] = [];
  void (async () => {
    for await (const event of orchestrator.inventory(call)) events.push(event);
  })();
  return events;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(5);
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((orchestrator) => orchestrator.stop()));
  signals.length = 0;
});

test('passes the heartbeats of its threads on', async () => {
  await start('plain');
  await until(() => signals.length > 3);
  expect(signals[3]).toMatchObject({ kind: 'heartbeat', agentId: 'a', instanceId: 'a~1', progress: { queueDepth: 0 } });
});

test('tells that a thread died and why', async () => {
  const orchestrator = await start('crash');
  const events = follow(orchestrator);
  await until(() => events.some((event) => event.type === 'lifecycle'));
  expect(events.at(-1)).toEqual({ type: 'lifecycle', agentId: 'a', instanceId: 'a~1', event: 'died', exitCode: 1 });
  const [output] = await orchestrator.evidence({ id: 'a~1', generation: 1 }, 'a');
  expect(output?.text).toContain('born to crash');
});

test('replaces a thread that is caught in an endless loop', async () => {
  const orchestrator = await start('deaf');
  const action = {
    kind: 'respawn',
    mode: 'in-place',
    agentId: 'a',
    instanceId: 'a~1',
    graceMs: 50,
    generation: 2,
    override: { env: { MODE: 'plain' } },
  } as const;
  const decision = await orchestrator.prepare(action, 'k');
  if (!decision.act) throw new TypeError(decision.reason.text);
  const grant = { key: 'k', fence: 1, deadline: Date.now() + 30_000, dryRun: false };
  expect(await orchestrator.execute(decision.value, grant, call)).toMatchObject({
    result: 'succeeded',
    instance: { id: 'a~2' },
  });
  await until(() => signals.some((signal) => signal.instanceId === 'a~2'));
});

test('generations count up over a restart of the guard', async () => {
  const rig = createRig();
  await (await start('plain', rig)).stop();
  const events = follow(await start('plain', rig));
  await until(() => events.length > 1);
  expect(events[0]).toMatchObject({ type: 'present', agent: { instance: { id: 'a~2', generation: 2 } } });
});

test('an override that a thread cannot have is refused with a reason', async () => {
  const orchestrator = await start('plain');
  const action = {
    kind: 'respawn',
    mode: 'in-place',
    agentId: 'a',
    instanceId: 'a~1',
    graceMs: 0,
    generation: 2,
    override: { image: 'x' },
  } as const;
  expect(await orchestrator.prepare(action, 'k')).toMatchObject({
    act: false,
    reason: { text: 'A thread cannot be given another image, only another env.' },
  });
});
