import { expect, it } from 'vitest';
import { faultyWorld } from './faulty-world.ts';
import { healthy } from './rig.ts';

it('does not take an agent for deregistered that its own recreate left without a container', async () => {
  const { rig, orchestrator, acts } = await faultyWorld();
  await healthy(rig);
  // Every request fails: recreate. It removes the old container, and then the image cannot be pulled.
  rig.fleet.suffer('web.2', 'errors');
  orchestrator.disturb('fail', 1, 600_000);
  expect(await rig.until(() => acts.length === 1, 60_000, 50)).toBe(true);
  orchestrator.world.remove('web.2');
  await rig.clock.advance(20_000);
  const [incident] = await rig.incidents();
  expect(incident?.state).not.toBe('resolved');
  expect(rig.guard().agents.get('web.2').agent.id).toBe('web.2');
  await rig.until(async () => (await rig.incidents())[0]?.state === 'escalated', 900_000, 2_000);
  expect((await rig.incidents())[0]).toMatchObject({ state: 'escalated', told: true });
  await rig.guard().resolve(incident?.id as string, { by: 'ann' });
  await rig.clock.advance(1_000);
  // Nobody looks after it any more, and its orchestrator does not have it.
  expect(
    rig
      .guard()
      .agents.list()
      .items.map((one) => one.agent.id),
  ).not.toContain('web.2');
  await rig.stop();
});

it('takes an agent for deregistered that somebody removed before anything was done to it', async () => {
  const { rig, orchestrator, acts } = await faultyWorld();
  await healthy(rig);
  rig.fleet.suffer('web.2', 'silent');
  await rig.until(async () => (await rig.incidents())[0]?.state === 'open', 60_000, 200);
  orchestrator.world.remove('web.2');
  await rig.clock.advance(2_000);
  expect((await rig.incidents())[0]).toMatchObject({ state: 'resolved', outcome: 'removed' });
  expect(acts).toEqual([]);
  await rig.stop();
});
