import { expect, it } from 'vitest';
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
