import { expect, it } from 'vitest';
import type { JsonObject } from '../../src/model/index.ts';
import { keys } from '../../src/state/index.ts';
import { fakeWorld, healthy, resolved } from './rig.ts';

it('takes over the agents of an orchestrator that went by another name before', async () => {
  const world = await fakeWorld();
  const { rig } = world;
  await healthy(rig);
  rig.crash();
  let renamed = 0;
  for (let shard = 0; shard < 64; shard += 1) {
    for (const { key, value } of await rig.store.list(keys.agents(shard), { limit: 100 })) {
      const put = {
        op: 'put',
        key,
        value: { ...(value as JsonObject), orchestrator: 'old-name' },
        when: 'any',
      } as const;
      await rig.store.commit(keys.partition(shard), [put], { durability: 'sync' });
      renamed += 1;
    }
  }
  expect(renamed).toBe(5);
  await rig.boot();
  expect(await healthy(rig)).toBe(true);
  expect(rig.guard().agents.get('web.2').agent.orchestrator).not.toBe('old-name');
  world.kill('web.2');
  expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
  await rig.stop();
});
