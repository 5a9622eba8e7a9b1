import { expect, it } from 'vitest';
import { faultyWorld } from './faulty-world.ts';
import { healthy, resolved } from './rig.ts';

it('an attempt that has done nothing yet does not wait for a lost inventory in silence, and is made anew after that', async () => {
  const { rig, orchestrator, acts } = await faultyWorld();
  await healthy(rig);
  // Decided, and routed around: the restart itself is next.
  const begins = rig.guard().onAny(({ type }) => {
    if (type !== 'step.started') return;
    begins.dispose();
    orchestrator.breakInventory(10_000);
  });
  rig.fleet.suffer('web.2', 'hang');
  expect(await rig.until(async () => (await rig.incidents())[0]?.state === 'acting', 60_000, 50)).toBe(true);
  // As long as a restart may take.
  await rig.clock.advance(29_000);
  expect((await rig.incidents())[0]).toMatchObject({ state: 'acting' });
  await rig.clock.advance(2_000);
  expect((await rig.incidents())[0]).toMatchObject({
    state: 'open',
    because: {
      code: 'settling',
      text: 'The guard is getting to know the fleet (again). The attempt does not wait longer.',
    },
    attempts: [{ verdict: 'superseded' }],
  });
  await rig.clock.advance(20 * 60_000);
  const { summary } = await rig.guard().explain('web.2');
  expect(summary).toContain('Nothing is being done now: The guard is getting to know the fleet (again).');
  const told = rig.events.flatMap((event) => (event.type === 'notice.sent' ? [event.data.notice.kind] : []));
  expect(told).toEqual(['opened', 'blocked']);
  expect(acts).toEqual([]);
  orchestrator.heal();
  expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
  expect(acts).toEqual(['web.2 restart']);
  await rig.stop();
});
