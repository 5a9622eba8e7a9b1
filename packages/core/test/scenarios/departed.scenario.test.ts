import { expect, it } from 'vitest';
import { keys } from '../../src/state/index.ts';
import { createGuardRig, FakeOrchestrator } from '../../src/testing/index.ts';

it('keeps no checkpoint of an agent that left for good, once no group would restore it any more', async () => {
  const rig = await createGuardRig({
    agents: ['web.1'],
    groupOf: () => 'web',
    orchestrator: (clock) => new FakeOrchestrator({ clock, agents: [{ id: 'web.1', group: 'web' }] }),
    config: { checkpoints: { maxAge: '10m' }, groups: { db: { checkpoints: { maxAge: '90m' } } } },
  });
  const stored = async (agentId: string): Promise<number> => {
    let found = 0;
    for (let shard = 0; shard < 64; shard += 1)
      found += (await rig.store.list(keys.checkpoints(shard, agentId), { limit: 100 })).length;
    return found;
  };
  const { agents, checkpoints } = rig.guard();
  for (const id of ['left', 'stays']) {
    await agents.register({ id, group: 'batch' });
    await checkpoints.save(id, new Uint8Array([1]), { contentType: 'application/octet-stream' });
  }
  await agents.deregister('left');
  await rig.clock.advance(61 * 60_000);
  // Nobody knows any more whether it was of the group that keeps them longest.
  expect([await stored('left'), await stored('stays')]).toEqual([1, 1]);
  await rig.clock.advance(60 * 60_000);
  expect([await stored('left'), await stored('stays')]).toEqual([0, 1]);
  await rig.stop();
});
