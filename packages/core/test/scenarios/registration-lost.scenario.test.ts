import { expect, it } from 'vitest';
import { faultyWorld } from './faulty-world.ts';
import { healthy } from './rig.ts';

it('refuses a registration that could not be stored, and stores it as soon as the store is back', async () => {
  const { rig, store } = await faultyWorld();
  await healthy(rig);
  store.fail(3_000);
  await expect(rig.guard().agents.register({ id: 'alone', group: 'web' })).rejects.toMatchObject({
    code: 'GUARD_STATE_UNAVAILABLE',
  });
  await rig.clock.advance(6_000);
  rig.crash();
  await rig.boot();
  expect(rig.guard().agents.get('alone').agent.group).toBe('web');
  await rig.stop();
});

it('does not bring back an agent whose deregistration met a store that was away', async () => {
  const { rig, store } = await faultyWorld();
  await healthy(rig);
  await rig.guard().agents.register({ id: 'alone', group: 'web' });
  store.fail(3_000);
  await rig.guard().agents.deregister('alone');
  await rig.clock.advance(6_000);
  rig.crash();
  await rig.boot();
  expect(
    rig
      .guard()
      .agents.list()
      .items.map((one) => one.agent.id),
  ).not.toContain('alone');
  await rig.stop();
});
