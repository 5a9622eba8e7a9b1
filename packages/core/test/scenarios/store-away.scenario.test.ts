import { expect, it, vi } from 'vitest';
import { faultyWorld } from './faulty-world.ts';
import { healthy, resolved } from './rig.ts';

it('neither piles up nor shouts while the store is away and an agent flaps, and decides on the last picture', async () => {
  const { rig, store, orchestrator, acts } = await faultyWorld({ config: { groups: { web: { mode: 'observe' } } } });
  await healthy(rig);
  rig.fleet.suffer('web.2', 'silent');
  await rig.until(async () => (await rig.incidents())[0]?.state === 'open', 30_000, 200);
  const { id } = rig.guard().agents.get('web.2').agent.instance ?? {};
  store.fail(10_000);
  const before = rig.log.entries.length;
  for (let turn = 0; turn < 8; turn += 1) {
    orchestrator.world.lifecycle('web.2', id as string, { event: turn % 2 === 0 ? 'unhealthy' : 'healthy' });
    await rig.clock.advance(500);
  }
  rig.fleet.recover('web.2');
  await rig.clock.advance(6_500);
  const told = rig.log.entries.slice(before).filter(({ message }) => message.includes('tried again'));
  expect(told.length).toBeLessThanOrEqual(6);
  expect(await resolved(rig)).toMatchObject({ outcome: 'self-recovered' });
  expect(acts).toEqual([]);
  await rig.stop();
});

it('tries once a second to open an incident while the store is away, and says so once, however often the picture changed', async () => {
  const { rig, store, orchestrator } = await faultyWorld({ config: { groups: { web: { mode: 'observe' } } } });
  await healthy(rig);
  const { id } = rig.guard().agents.get('web.2').agent.instance ?? {};
  store.fail(20_000);
  for (let turn = 0; turn < 10; turn += 1) {
    orchestrator.world.lifecycle('web.2', id as string, { event: turn % 2 === 0 ? 'healthy' : 'unhealthy' });
    await rig.clock.advance(500);
  }
  const refused = () => rig.log.entries.filter(({ message }) => message.startsWith('an incident could not be opened'));
  const told = refused().length;
  const asked = vi.spyOn(store, 'get');
  await rig.clock.advance(10_000);
  // Each try begins with reading the agent's budget.
  const tries = asked.mock.calls.filter(([key]) => key.includes('/budget/'));
  expect(tries.length).toBeGreaterThan(5);
  expect(tries.length).toBeLessThanOrEqual(10);
  expect([told > 0, refused().length - told]).toEqual([true, 0]);
  await rig.clock.advance(10_000);
  expect(await rig.incidents()).toMatchObject([{ agentId: 'web.2' }]);
  await rig.stop();
});
