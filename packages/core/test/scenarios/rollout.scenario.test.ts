import { expect, it } from 'vitest';
import { faultyWorld } from './faulty-world.ts';
import { healthy, resolved } from './rig.ts';

it.each(['in-progress', 'paused'] as const)(
  'leaves the agents of a group alone while its rollout is %s',
  async (how) => {
    const { rig, orchestrator, acts } = await faultyWorld();
    await healthy(rig);
    const { world } = orchestrator;
    world.roll('web', how);
    orchestrator.crash('web.2');
    await rig.clock.advance(120_000);
    expect(acts).toEqual([]);
    const [incident] = await rig.incidents();
    expect(incident).toMatchObject({ state: 'open', attempts: [], because: { code: 'rollout-in-progress' } });
    expect((await rig.guard().explain('web.2')).wouldChange.join()).toContain('rollout');
    world.roll('web', undefined);
    expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
    expect(acts).toEqual(['web.2 restart']);
    await rig.stop();
  },
);

it('neither fails nor climbs when the orchestrator says only at the last moment that a rollout is in progress', async () => {
  const { rig, orchestrator, acts } = await faultyWorld();
  await healthy(rig);
  const { world } = orchestrator;
  // Not told by the inventory.
  world.place('web.2').rollout = 'in-progress';
  world.lifecycle('web.2', world.current('web.2').id, { event: 'unhealthy' });
  rig.fleet.suffer('web.2', 'hang');
  await rig.clock.advance(200_000);
  expect(acts).toEqual([]);
  const [incident] = await rig.incidents();
  expect(incident).toMatchObject({ state: 'open', because: { code: 'rollout-in-progress' } });
  expect(incident?.attempts.map(({ verdict, plan }) => [verdict, plan.rung])).toEqual([['superseded', 'restart']]);
  delete world.place('web.2').rollout;
  await resolved(rig, 600_000);
  expect(acts).toEqual(['web.2 restart']);
  await rig.stop();
});
