import { describe, expect, it } from 'vitest';
import { healthy } from '../scenarios/rig.ts';
import { fleetOf, stormWorld } from './storm-world.ts';

/*
 * Watchdogs that knew one action only restarted what a smaller one would have healed, without a drain, in any order,
 * dependants before what they depend on (autoheal#49, #91, #119; microreboot, OSDI'04).
 */
describe('R16: the smallest action first', () => {
  it('climbs the ladder one rung at a time, and only when the smaller action did not heal', async () => {
    const { rig, acts } = await stormWorld(fleetOf(5));
    await healthy(rig);
    rig.fleet.suffer('web.2', 'deaf', 9);
    await rig.until(() => acts().some((act) => act.endsWith('respawn')), 30 * 60_000, 2_000);
    const order = ['restart', 'recreate', 'respawn'];
    const done = acts()
      .map((act) => order.indexOf(act.split(' ')[1] as string))
      .filter((rung) => rung >= 0);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(acts()[0]).toBe('web.2 restart');
    await rig.stop();
  });

  it('tries a canary after a mass failure with the smallest action, whatever the severity asks for', async () => {
    // Vital agents: the ladder would be entered above its first rung.
    const agents = Object.fromEntries(fleetOf(4).map((id) => [id, { group: 'web', criticality: 2 }]));
    const { rig, acts, kill } = await stormWorld(fleetOf(4), { agents });
    await healthy(rig);
    kill(...fleetOf(4));
    await rig.until(() => acts().length > 0, 120_000, 200);
    expect(acts()).toEqual(['web.1 restart']);
    await rig.stop();
  });

  it('gives an agent its time to end, unless two kinds of evidence prove that it hangs', async () => {
    const { rig, world } = await stormWorld(fleetOf(6));
    await healthy(rig);
    // The one neither beats nor answers; the other answers badly, and its orchestrator finds it unhealthy.
    rig.fleet.suffer('web.2', 'hang');
    rig.fleet.suffer('web.5', 'deaf');
    world.world.turn('web.5', undefined, { event: 'unhealthy' });
    await rig.until(() => world.executed.length === 2, 240_000);
    const graces = world.executed.map(({ action }) => [
      action.kind,
      'agentId' in action && action.agentId,
      'graceMs' in action && action.graceMs,
    ]);
    expect(new Set(graces)).toEqual(
      new Set([
        ['restart', 'web.2', 0],
        ['restart', 'web.5', 10_000],
      ]),
    );
    const told = await rig.guard().explain('web.2');
    expect(told.decisions.map(({ reason }) => reason.code)).toContain('hung');
    expect(told.story?.map(({ text }) => text).join(' ')).toContain('killed at once, not after 10s');
    await rig.stop();
  });

  it('restarts in the order of dependencies', async () => {
    const { rig, acts, kill } = await stormWorld(fleetOf(8), {}, (agentId) => {
      if (agentId === 'web.1') return { dependsOn: ['web.2'] };
      return agentId === 'web.2' ? { dependsOn: ['web.3'] } : {};
    });
    await healthy(rig);
    kill('web.1', 'web.2', 'web.3');
    await rig.until(() => acts().length === 3, 240_000);
    expect(acts()).toEqual(['web.3 restart', 'web.2 restart', 'web.1 restart']);
    await rig.stop();
  });
});
