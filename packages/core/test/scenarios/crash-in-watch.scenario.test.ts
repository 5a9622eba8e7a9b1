import { expect, it } from 'vitest';
import { fakeWorld, healthy, resolved } from './rig.ts';

it.each([1_000, 30_000])(
  'a guard that was away for %i ms of a watch holds its own absence against nobody',
  async (awayMs) => {
    const world = await fakeWorld();
    await healthy(world.rig);
    world.kill('web.2');
    await world.rig.until(async () => (await world.rig.incidents())[0]?.state === 'watching', 60_000);
    world.rig.crash();
    await world.rig.clock.advance(awayMs);
    await world.rig.boot();
    const incident = await resolved(world.rig);
    expect(incident).toMatchObject({ outcome: 'healed', attempts: [{ verdict: 'healed' }] });
    expect(world.executed.map(({ action }) => action.kind)).toEqual(['restart']);
    await world.rig.stop();
  },
);

it('an agent that broke while the guard was away in the watch takes the next rung', async () => {
  const world = await fakeWorld();
  await healthy(world.rig);
  world.kill('web.2');
  await world.rig.until(async () => (await world.rig.incidents())[0]?.state === 'watching', 60_000);
  world.rig.crash();
  world.rig.fleet.suffer('web.2', 'hang');
  await world.rig.clock.advance(30_000);
  await world.rig.boot();
  const incident = await resolved(world.rig);
  expect(incident.attempts.map(({ plan, verdict }) => [plan.rung, verdict])).toEqual([
    ['restart', 'failed'],
    ['recreate', 'healed'],
  ]);
  await world.rig.stop();
});
