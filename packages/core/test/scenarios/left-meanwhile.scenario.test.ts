import { describe, expect, it, onTestFinished } from 'vitest';
import type { Incident } from '../../src/model/index.ts';
import { faultyWorld, type FaultyWorld } from './faulty-world.ts';
import { healthy } from './rig.ts';

/** A healthy world whose store takes two seconds for whatever is written. */
async function slowWorld(): Promise<FaultyWorld> {
  const world = await faultyWorld();
  onTestFinished(() => world.rig.stop());
  await healthy(world.rig);
  world.store.slow(2_000, 30_000);
  return world;
}

/** A stored incident with an action that is begun. */
function isAboutToAct(incident: unknown): boolean {
  const { attempt } = incident as Extract<Incident, { state: 'acting' }>;
  return attempt?.steps.some((step) => step.state === 'started' && step.effect.type === 'action') ?? false;
}

describe('an agent that leaves', () => {
  it('while its incident is being written ends it, so that nobody is called for an agent that is not there', async () => {
    const { rig, orchestrator } = await slowWorld();
    orchestrator.crash('web.2');
    await rig.clock.advance(1_000);
    orchestrator.world.remove('web.2');
    await rig.clock.advance(600_000);
    expect(await rig.incidents()).toMatchObject([{ agentId: 'web.2', state: 'resolved', outcome: 'removed' }]);
    const told = rig.events.flatMap((event) => (event.type === 'notice.sent' ? [event.data.notice.kind] : []));
    expect(told).toEqual(['opened', 'resolved']);
  });

  it('while its incident is being written ends it also when the store gives no answer', async () => {
    const { rig, orchestrator, store } = await slowWorld();
    // Its failure and its record are written first.
    store.disturb('lost-answer', 3);
    orchestrator.crash('web.2');
    await rig.clock.advance(1_000);
    orchestrator.world.remove('web.2');
    await rig.clock.advance(600_000);
    expect(await rig.incidents()).toMatchObject([{ agentId: 'web.2', state: 'resolved', outcome: 'removed' }]);
  });

  it('while what is about to be done to it is being written is left alone', async () => {
    const { rig, orchestrator, store, acts } = await slowWorld();
    const commit = store.commit.bind(store);
    let left: Promise<void> | undefined;
    store.commit = async (partition, ops, options) => {
      if (!left && ops.some((op) => op.op === 'put' && op.key.includes('/incident/') && isAboutToAct(op.value))) {
        left = rig.guard().agents.deregister('web.2');
        await left;
      }
      return commit(partition, ops, options);
    };
    orchestrator.crash('web.2');
    await rig.clock.advance(60_000);
    expect(left).toBeDefined();
    expect(acts).toEqual([]);
    expect(await rig.incidents()).toMatchObject([{ agentId: 'web.2', state: 'resolved', outcome: 'removed' }]);
  });

  it('while the incident of another is being written gets none', async () => {
    const { rig, orchestrator } = await slowWorld();
    orchestrator.crash('web.1');
    await rig.clock.advance(500);
    orchestrator.crash('web.2');
    await rig.clock.advance(500);
    orchestrator.world.remove('web.2');
    await rig.clock.advance(600_000);
    expect(await rig.incidents()).toMatchObject([{ agentId: 'web.1', state: 'resolved', outcome: 'healed' }]);
  });
});
