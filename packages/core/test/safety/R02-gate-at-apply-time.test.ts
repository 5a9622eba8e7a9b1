import { describe, expect, it } from 'vitest';
import { healthy } from '../scenarios/rig.ts';
import { fleetOf, stormWorld } from './storm-world.ts';

const slowDrain = { ladder: { drain: '20s' } };

/*
 * A plan was made, checked, and applied minutes later on a world that had changed meanwhile: an old plan overwrote a
 * newer one and emptied the DNS record of a whole region (AWS us-east-1, October 2025).
 */
describe('R02: the gate is asked again at the moment of applying', () => {
  it('stops an attempt before its first action when the fleet breaker opened while it was being prepared', async () => {
    const { rig, world, acts, incident, storms } = await stormWorld(fleetOf(6));
    await healthy(rig);
    // The orchestrator takes its time to say what it would do: the attempt is under way and has done nothing.
    const prepare = world.prepare.bind(world);
    let slow = true;
    world.prepare = async (...given) => {
      if (slow) await rig.clock.sleep(8_000);
      return prepare(...given);
    };
    world.crash('web.1', { exitCode: 1 });
    await rig.until(async () => (await incident('web.1'))?.state === 'acting', 10_000, 100);
    for (const agentId of ['web.2', 'web.3', 'web.4']) world.crash(agentId, { exitCode: 1 });
    await rig.clock.advance(10_000);
    slow = false;
    expect(storms()).toMatchObject([{ state: 'open' }]);
    expect(acts()).toEqual([]);
    await rig.clock.advance(20_000);
    expect(await incident('web.1')).toMatchObject({ state: 'open', attempts: [{ verdict: 'superseded' }] });
    await rig.stop();
  });

  it('carries an attempt to its end that has acted already: half a recovery is worse', async () => {
    const { rig, world, acts, incident, storms } = await stormWorld(fleetOf(6), slowDrain);
    await healthy(rig);
    await rig.guard().respawn('web.1', { by: 'ann' });
    await rig.until(() => acts().length > 0, 60_000, 100);
    for (const agentId of ['web.2', 'web.3', 'web.4', 'web.5']) world.crash(agentId, { exitCode: 1 });
    await rig.clock.advance(30_000);
    expect(storms()).toMatchObject([{ state: 'open' }]);
    expect(acts()).toEqual(['web.1 respawn', 'web.1 retire']);
    expect((await incident('web.1'))?.state).not.toBe('acting');
    await rig.stop();
  });

  it('stops an attempt before its first action when what the agent depends on fails meanwhile', async () => {
    const agents = ['db.1', 'db.2', ...fleetOf(5)];
    const { rig, world, acts, incident } = await stormWorld(agents, {}, (agentId) =>
      agentId === 'web.1' ? { dependsOn: ['db.1'] } : {},
    );
    await healthy(rig);
    const prepare = world.prepare.bind(world);
    world.prepare = async (...given) => {
      await rig.clock.sleep(4_000);
      return prepare(...given);
    };
    world.crash('web.1', { exitCode: 1 });
    await rig.until(async () => (await incident('web.1'))?.state === 'acting', 10_000, 100);
    world.crash('db.1', { exitCode: 1 });
    await rig.until(() => acts().length > 0, 60_000, 200);
    expect(acts()).toEqual(['db.1 restart']);
    await rig.stop();
  });
});
