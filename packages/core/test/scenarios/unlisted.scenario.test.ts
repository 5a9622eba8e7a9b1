import { expect, it } from 'vitest';
import { faultyWorld } from './faulty-world.ts';
import { healthy, resolved } from './rig.ts';

it('does nothing to the agents of an orchestrator before it has listed them, and goes on once it has', async () => {
  const { rig, orchestrator, acts } = await faultyWorld();
  await healthy(rig);
  orchestrator.crash('web.2');
  await rig.until(async () => (await rig.incidents())[0]?.state === 'acting', 10_000, 50);
  rig.crash();
  const before = acts.length;
  orchestrator.breakInventory(8);
  await rig.boot();
  await rig.clock.advance(30_000);
  expect(rig.guard().status().settled).toBe(false);
  expect(acts).toHaveLength(before);
  expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
  await rig.stop();
});

it('tells people of an agent that is down, when its orchestrator cannot be asked for long', async () => {
  const { rig, orchestrator, acts } = await faultyWorld();
  await healthy(rig);
  orchestrator.breakInventory(200);
  await rig.clock.advance(2_000);
  rig.fleet.suffer('web.2', 'hang');
  await rig.clock.advance(10 * 60_000);
  expect((await rig.incidents())[0]).toMatchObject({ agentId: 'web.2', because: { code: 'settling' } });
  const told = (): readonly string[] =>
    rig.events.flatMap((event) => (event.type === 'notice.sent' ? [event.data.notice.kind] : []));
  expect(told()).toEqual(['opened']);
  await rig.clock.advance(20 * 60_000);
  expect(told()).toEqual(['opened', 'blocked']);
  expect(acts).toEqual([]);
  await rig.stop();
});
