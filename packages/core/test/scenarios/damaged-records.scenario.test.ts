import { expect, it } from 'vitest';
import type { Json } from '../../src/model/index.ts';
import { keys, shardOf } from '../../src/state/keys.ts';
import { healthy, resolved, steadyWorld } from './rig.ts';

it('a guard starts in spite of records that are damaged, holds what was to be held, and says so', async () => {
  const { rig, kill, executed } = await steadyWorld();
  const shard = shardOf('web', 64);
  const damage = async (key: string, value: Json): Promise<void> => {
    await rig.store.commit('damage', [{ op: 'put', key, value, when: 'any' }], { durability: 'sync' });
  };
  rig.crash();
  await damage(keys.incident(shard, 'inc_1'), null);
  await damage(keys.leadership(shard, 'web'), null);
  await damage(keys.hold('hold_1'), { id: 'hold_1', scope: { kind: 'agent', agentId: 'web.2' }, by: 'ann' });
  await rig.boot();
  await healthy(rig);
  const degraded = (): readonly string[] =>
    rig
      .guard()
      .status()
      .degraded.map(({ what }) => what);
  expect(degraded()).toContain('hold hold_1');
  kill('web.2');
  await rig.clock.advance(120_000);
  expect(executed).toEqual([]);
  await rig.guard().release('hold_1', { by: 'ann' });
  expect(await resolved(rig)).toMatchObject({ agentId: 'web.2', outcome: 'healed' });
  expect(degraded()).not.toContain('hold hold_1');
});
