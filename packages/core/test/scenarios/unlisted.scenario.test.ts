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
