import { expect, it } from 'vitest';
import type { Agent, Instance } from '../../src/model/index.ts';
import { actingAt, begun, goOn, resultIn } from './executor-rig.ts';

const old: Instance = { id: 'web.1~1', generation: 1 };
const fresh: Instance = { id: 'web.1~2', generation: 2 };
const plan = { rung: 'respawn', timeoutMs: 60_000 } as never;
const restore = { id: '5-restore', spec: { type: 'action', action: 'restoreState', on: 'new' } } as const;
const handover = { type: 'restore', agentId: 'web.1', instanceId: fresh.id, checkpointId: 'ckp_1' };
const restoring = begun(restore, 'inc_1/1/5-restore', handover);

/**
 * A respawn beside the old instance that was begun by a guard before this one; it was about to hand the state over. What
 * the step ended with, and who got the state.
 */
async function carriedOn(adopted: Instance): Promise<{ result: string; restored: readonly string[] }> {
  // The inventory still shows the old one after the start.
  let current = old;
  const restored: string[] = [];
  const events = await goOn(actingAt(restoring, { plan, instance: old, replacement: fresh }), 'resume', () => ({
    agent: () => ({ id: 'web.1', group: 'web', instance: current }) as Agent,
    adopt: () => void (current = adopted),
    gate: () => ({ verdict: 'proceed', rules: [] }) as never,
    restoreState: async (_agent, instance) => {
      restored.push(instance.id);
      return { ok: true };
    },
  }));
  return { result: resultIn(events), restored };
}

it('a resumed attempt hands the state to the instance it brought, though the inventory shows the old one', async () => {
  expect(await carriedOn(fresh)).toEqual({ result: 'succeeded', restored: ['web.1~2'] });
});

it('a resumed attempt ends when yet another instance has taken the place of the one it brought', async () => {
  expect(await carriedOn({ id: 'web.1~3', generation: 3 })).toEqual({ result: 'superseded', restored: [] });
});
