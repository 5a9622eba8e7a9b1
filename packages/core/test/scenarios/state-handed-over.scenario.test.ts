import { expect, it } from 'vitest';
import type { Instance } from '../../src/model/index.ts';
import { resolved, steadyWorld } from './rig.ts';

const hour = 3_600_000;

it('an agent that got its state back goes on from it, though the guard was killed before it could write that down', async () => {
  const { rig } = await steadyWorld({ checkpoints: { every: '0s' } });
  const { fleet } = rig;
  await rig.guard().checkpoints.save('web.2', new Uint8Array([7]), { contentType: 'application/octet-stream' });
  // What is saved in the moment in which an incident opens is under suspicion.
  await rig.clock.advance(1);
  const handedAt: number[] = [];
  const putState = fleet.putState.bind(fleet);
  fleet.putState = async (...given) => {
    const reply = await putState(...given);
    handedAt.push(rig.clock.monotonic());
    if (handedAt.length === 1) rig.crash();
    return reply;
  };
  await rig.guard().respawn('web.2', { by: 'ann', restoreState: true });
  await rig.until(() => handedAt.length > 0, 60_000);
  await rig.clock.advance(2 * hour);
  await rig.boot();
  expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
  // A second time would have taken two hours of work from it.
  expect(handedAt).toHaveLength(1);
});

it('the simulated fleet tells of a state that is handed to who works with one already', async () => {
  const { rig } = await steadyWorld();
  const twice: string[] = [];
  rig.fleet.onHandedTwice = (instanceId) => twice.push(instanceId);
  const { agent } = rig.guard().agents.get('web.2');
  const hand = () =>
    rig.fleet.putState({ agent, instance: agent.instance as Instance }, { bytes: new Uint8Array([7]) });
  await hand();
  expect(twice).toEqual([]);
  await hand();
  expect(twice).toEqual([agent.instance?.id]);
});
