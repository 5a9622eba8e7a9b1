import { describe, expect, it } from 'vitest';
import { healthy } from '../scenarios/rig.ts';
import { fleetOf, stormWorld } from './storm-world.ts';

/*
 * A change that broke every instance at once made automatic remediation restart a whole fleet again and again, until
 * nothing was left that could serve; the zone disruption mode of Kubernetes' node controller came of it.
 */
describe('R01: the fleet breaker', () => {
  it('never opens in a fleet of 1, where budget and backoff are the limit', async () => {
    const { rig, acts, kill, storms } = await stormWorld(fleetOf(1));
    await healthy(rig);
    kill('web.1');
    await rig.clock.advance(10_000);
    expect(acts()).toEqual(['web.1 restart']);
    expect(storms()).toEqual([]);
    await rig.stop();
  });

  it('heals one of a fleet of 2, and stops when both fail at once', async () => {
    const { rig, acts, kill, storms } = await stormWorld(fleetOf(2));
    await healthy(rig);
    kill('web.1');
    await rig.clock.advance(60_000);
    expect(acts()).toEqual(['web.1 restart']);
    kill('web.1', 'web.2');
    await rig.clock.advance(20_000);
    expect(acts()).toHaveLength(1);
    expect(storms()).toMatchObject([{ state: 'open', cause: 'mass-failure', memberCount: 2 }]);
    await rig.clock.advance(45_000);
    expect(acts()).toHaveLength(2);
    await rig.until(() => storms()[0]?.state === 'closed', 120_000);
    await healthy(rig);
    expect(acts()).toHaveLength(3);
    await rig.stop();
  });

  it('heals two of a fleet of 3, and stops when all three fail at once', async () => {
    const { rig, acts, kill, storms } = await stormWorld(fleetOf(3));
    await healthy(rig);
    kill('web.1', 'web.2');
    await rig.clock.advance(60_000);
    expect([...acts()].sort()).toEqual(['web.1 restart', 'web.2 restart']);
    expect(storms()).toEqual([]);
    kill('web.1', 'web.2', 'web.3');
    await rig.clock.advance(30_000);
    expect(acts()).toHaveLength(2);
    expect(storms()).toMatchObject([{ state: 'open', memberCount: 3 }]);
    await rig.until(() => storms()[0]?.state === 'closed', 300_000);
    expect(await healthy(rig)).toBe(true);
    expect(acts()).toHaveLength(5);
    await rig.stop();
  });

  it('lets one canary through in a fleet of 10, then two, then four, each after the ones before were verified', async () => {
    const { rig, acts, kill, storms } = await stormWorld(fleetOf(10));
    await healthy(rig);
    kill(...fleetOf(10));
    await rig.clock.advance(59_000);
    expect(acts()).toEqual([]);
    const waves: number[] = [];
    let known = 0;
    await rig.until(
      () => {
        if (acts().length > known) waves.push(acts().length - known);
        known = acts().length;
        return storms()[0]?.state === 'closed';
      },
      300_000,
      2_000,
    );
    expect(waves.slice(0, 2)).toEqual([1, 2]);
    expect(Math.max(...waves)).toBeLessThanOrEqual(4);
    expect(await healthy(rig)).toBe(true);
    expect(acts()).toHaveLength(10);
    await rig.stop();
  });

  it('opens again for twice as long when the canary fails', async () => {
    const { rig, acts, kill, storms } = await stormWorld(fleetOf(4));
    await healthy(rig);
    for (const agentId of fleetOf(4)) rig.fleet.suffer(agentId, 'hang', 20);
    kill(...fleetOf(4));
    await rig.until(() => acts().length === 1, 120_000);
    await rig.until(() => storms()[0]?.breaker.state === 'open', 120_000);
    expect(storms()[0]?.breaker).toMatchObject({ state: 'open', trips: 2, coolDownMs: 120_000 });
    const before = acts().length;
    await rig.clock.advance(110_000);
    expect(acts()).toHaveLength(before);
    await rig.until(() => acts().length > before, 60_000);
    await rig.until(() => storms()[0]?.breaker.state === 'open', 120_000);
    expect(storms()[0]?.breaker).toMatchObject({ trips: 3, coolDownMs: 240_000 });
    await rig.stop();
  });

  it('is remembered by a guard that is started anew in the middle of it', async () => {
    const { rig, acts, kill, storms } = await stormWorld(fleetOf(6));
    await healthy(rig);
    kill(...fleetOf(6));
    await rig.clock.advance(30_000);
    const [storm] = storms();
    rig.crash();
    await rig.clock.advance(5_000);
    await rig.boot();
    await rig.clock.advance(20_000);
    expect(storms()).toMatchObject([{ id: storm?.id, state: 'open', openedAt: storm?.openedAt }]);
    expect(acts()).toEqual([]);
    await rig.until(() => acts().length > 0, 60_000, 200);
    expect(acts()).toHaveLength(1);
    rig.crash();
    await rig.boot();
    await rig.clock.advance(5_000);
    expect(acts()).toHaveLength(1);
    await rig.until(() => storms()[0]?.state === 'closed', 300_000);
    expect(await healthy(rig)).toBe(true);
    expect(acts()).toHaveLength(6);
    await rig.stop();
  });

  it('makes one incident and one page of the storm, not as many as agents, and one message of its end', async () => {
    const { rig, world, kill, notices, storms, incident } = await stormWorld(fleetOf(10), {
      groups: { web: { mode: 'observe' } },
    });
    await healthy(rig);
    kill(...fleetOf(10));
    await rig.clock.advance(90_000);
    const told = notices().filter(({ kind }) => kind !== 'opened');
    expect(told.map(({ kind, priority }) => [kind, priority])).toEqual([['storm', 'critical']]);
    expect(told[0]?.text).toContain('10 agents of group web');
    expect(told[0]?.text).toContain('web.1');
    expect(notices().filter(({ kind }) => kind === 'opened').length).toBeLessThan(3);
    expect(storms()).toMatchObject([{ paged: true, told: true, memberCount: 10 }]);
    expect(await incident('web.7')).toMatchObject({ parent: storms()[0]?.id });
    // A person mends the cause.
    for (const agentId of fleetOf(10)) world.world.turn(agentId, 'running', { event: 'started' });
    await rig.until(() => storms()[0]?.state === 'closed', 120_000);
    await rig.clock.advance(60_000);
    expect(notices().filter(({ kind }) => kind === 'storm-over')).toHaveLength(1);
    const single = notices().filter(({ incidentId }) => incidentId.startsWith('inc_'));
    expect(new Set(single.map(({ agentId }) => agentId)).size).toBeLessThan(3);
    await rig.stop();
  });

  it('lets an order of an operator pass', async () => {
    const { rig, acts, kill } = await stormWorld(fleetOf(4));
    await healthy(rig);
    kill(...fleetOf(4));
    await rig.clock.advance(20_000);
    await rig.guard().respawn('web.3', { by: 'ann' });
    await rig.clock.advance(10_000);
    expect(acts()).toEqual(['web.3 respawn', 'web.3 retire']);
    await rig.stop();
  });
});
