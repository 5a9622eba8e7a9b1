import { expect, it } from 'vitest';
import { keys } from '../../src/state/index.ts';
import { faultyWorld } from './faulty-world.ts';
import { healthy } from './rig.ts';

it('ends the incident of an agent that was gone from the records when the guard came back', async () => {
  const { rig } = await faultyWorld();
  await healthy(rig);
  await rig.guard().agents.register({ id: 'alone', group: 'web' });
  await rig.guard().hold({ scope: { kind: 'agent', agentId: 'alone' }, reason: 'look', by: 'ann', ttlMs: 60_000 });
  await rig.guard().respawn('alone', { by: 'ann' });
  expect((await rig.incidents())[0]).toMatchObject({ agentId: 'alone', state: 'held' });
  rig.crash();
  // As when the guard was killed between the two commits of a deregistration.
  for (let shard = 0; shard < 64; shard += 1) {
    const key = keys.agent(shard, 'alone');
    if (await rig.store.get(key))
      await rig.store.commit(keys.partition(shard), [{ op: 'delete', key, when: 'any' }], { durability: 'sync' });
  }
  await rig.boot();
  await rig.clock.advance(5_000);
  expect((await rig.incidents())[0]).toMatchObject({ agentId: 'alone', state: 'resolved', outcome: 'removed' });
  await rig.stop();
});
