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

it('deregisters nobody while that cannot be written down, and for good once it can, with who did it', async () => {
  const { rig, store } = await faultyWorld();
  await healthy(rig);
  await rig.guard().agents.register({ id: 'alone', group: 'web' });
  store.fail(3_000);
  const deregister = () => rig.guard().agents.deregister('alone', { by: 'ann', note: 'sold' });
  await expect(deregister()).rejects.toMatchObject({ code: 'GUARD_STATE_UNAVAILABLE' });
  await rig.clock.advance(6_000);
  expect(rig.guard().agents.get('alone').agent.group).toBe('web');
  await deregister();
  const { items } = await rig.guard().audit.list();
  expect(items.filter(({ action }) => action === 'deregister')).toMatchObject([
    { actor: 'ann', subject: 'alone', data: { note: 'sold' } },
  ]);
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

it('counts the heartbeats of a process that was started anew and registered under the same name', async () => {
  const { rig } = await faultyWorld();
  const guard = rig.guard();
  const register = () => guard.agents.register({ id: 'alone', group: 'web', instance: 'i-1' });
  const beat = (seq: number) => guard.heartbeat({ agentId: 'alone', instance: 'i-1', seq });
  await register();
  expect([beat(7), beat(1)]).toEqual(['accepted', 'duplicate']);
  await register();
  expect(beat(1)).toBe('accepted');
  await rig.stop();
});
