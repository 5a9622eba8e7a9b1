import { expect, it } from 'vitest';
import type { Agent, Incident, Instance } from '../../src/model/index.ts';
import { Executor } from '../../src/remediation/executor.ts';
import type { ExecutorPorts } from '../../src/remediation/ports.ts';
import { createVirtualClock } from '../../src/testing/index.ts';

const old: Instance = { id: 'web.1~1', generation: 1 };
const fresh: Instance = { id: 'web.1~2', generation: 2 };

/** A respawn beside the old instance that was begun by a guard before this one; it was about to hand the state over. */
const acting = {
  id: 'inc_1',
  agentId: 'web.1',
  group: 'web',
  state: 'acting',
  attempt: {
    number: 1,
    plan: { rung: 'respawn', timeoutMs: 60_000 },
    startedAt: 0,
    instance: old,
    replacement: fresh,
    steps: [
      {
        id: '5-restore',
        spec: { type: 'action', action: 'restoreState', on: 'new' },
        timeoutMs: 60_000,
        onFailure: 'fail',
        state: 'started',
        key: 'inc_1/1/5-restore',
        startedAt: 0,
        effect: { type: 'restore', agentId: 'web.1', instanceId: fresh.id, checkpointId: 'ckp_1' },
      },
    ],
  },
} as unknown as Incident;

/** What the step ended with, and who got the state. */
async function carriedOn(adopted: Instance): Promise<{ result: string; restored: readonly string[] }> {
  const clock = createVirtualClock();
  // The inventory still shows the old one after the start.
  let current = old;
  let incident: Incident | undefined = acting;
  let result = 'none';
  const restored: string[] = [];
  const ports: Partial<ExecutorPorts> = {
    clock,
    agent: () => ({ id: 'web.1', group: 'web', instance: current }) as Agent,
    incident: () => incident,
    confirm: async () => undefined,
    adopt: () => void (current = adopted),
    restoreState: async (_agent, instance) => {
      restored.push(instance.id);
      return { ok: true };
    },
    apply: async (_id, event) => {
      if (event.type === 'step-finished') result = event.receipt.result;
      incident = undefined;
      return undefined;
    },
  };
  const executor = new Executor(ports as ExecutorPorts);
  executor.resume('inc_1');
  await clock.settle();
  await executor.stop();
  return { result, restored };
}

it('a resumed attempt hands the state to the instance it brought, though the inventory shows the old one', async () => {
  expect(await carriedOn(fresh)).toEqual({ result: 'succeeded', restored: ['web.1~2'] });
});

it('a resumed attempt ends when yet another instance has taken the place of the one it brought', async () => {
  expect(await carriedOn({ id: 'web.1~3', generation: 3 })).toEqual({ result: 'superseded', restored: [] });
});
