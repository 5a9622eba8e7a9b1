import { expect, it } from 'vitest';
import { faultyWorld } from './faulty-world.ts';
import { healthy, resolved } from './rig.ts';

it('a guard whose lease ran out while the store was away says so, takes it again, and heals', async () => {
  const { rig, store, orchestrator, acts } = await faultyWorld();
  await healthy(rig);
  store.fail(25_000);
  await rig.clock.advance(20_000);
  const parts = rig.guard().status().degraded;
  expect(parts.map(({ what }) => what)).toContain('lease');
  orchestrator.crash('web.2');
  await rig.clock.advance(15_000);
  // What is left is the guard's doubt about itself, which goes more slowly than it came.
  expect(
    rig
      .guard()
      .status()
      .degraded.filter(({ what }) => what !== 'self-doubt'),
  ).toEqual([]);
  expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
  expect(acts).toEqual(['web.2 restart']);
  await rig.stop();
});

it('a recovery under way goes on once the lease is there again, and people are told', async () => {
  const { rig, store, orchestrator, acts } = await faultyWorld();
  await healthy(rig);
  orchestrator.crash('web.2');
  await rig.until(() => acts.length === 1, 5_000, 50);
  store.fail(25_000);
  expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
  expect(acts).toEqual(['web.2 restart']);
  await rig.clock.advance(60_000);
  const told = rig.events.filter((event) => event.type === 'notice.sent').map((event) => event.data.notice.kind);
  expect(told).toContain('opened');
  expect(told.at(-1)).toBe('recovered');
  await rig.stop();
});

it('a watch goes on once the lease is there again', async () => {
  const { rig, store, orchestrator } = await faultyWorld();
  await healthy(rig);
  orchestrator.crash('web.2');
  await rig.until(async () => (await rig.incidents())[0]?.state === 'watching', 60_000, 200);
  store.fail(25_000);
  expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
  await rig.stop();
});
