import { expect, it } from 'vitest';
import { createGuardRig, FakeOrchestrator } from '../../src/testing/index.ts';
import { healthy, quick, resolved } from './rig.ts';

/** Its orchestrator knows no address of it: it says itself, with its first heartbeat, where it is to be reached. */
it('a fresh instance gets the state of the former one when it has said where it is to be reached', async () => {
  const agents = ['web.1', 'web.2', 'web.3'];
  const rig = await createGuardRig({
    orchestrator: (clock) => new FakeOrchestrator({ clock, agents: agents.map((id) => ({ id, group: 'web' })) }),
    agents,
    groupOf: () => 'web',
    config: quick,
  });
  const { fleet } = rig;
  const putState = fleet.putState.bind(fleet);
  fleet.putState = async (target, state) =>
    target.instance.endpoint === undefined
      ? { ok: false, unsupported: true, text: 'no endpoint to call' }
      : putState(target, state);
  await healthy(rig);
  await rig.guard().checkpoints.save('web.2', new Uint8Array([7]), { contentType: 'application/octet-stream' });
  fleet.suffer('web.2', 'errors');
  expect(await resolved(rig)).toMatchObject({
    outcome: 'healed',
    attempts: [{ plan: { rung: 'recreate' }, verdict: 'healed' }],
  });
  expect([...fleet.restored]).toEqual([['web.2~2', new Uint8Array([7])]]);
  await rig.stop();
});
