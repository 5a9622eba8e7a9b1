import { describe, expect, it } from 'vitest';
import { FakeNotifier } from '../../src/testing/index.ts';
import { healthy } from '../scenarios/rig.ts';
import { fleetOf, stormWorld } from './storm-world.ts';

/*
 * A breaker opened one night, told nobody and had nothing that would ever close it: what it guarded was not healed for
 * days, because everybody believed that it was (trinity#921).
 */
describe('R26: a breaker that is open', () => {
  it('has an alert, which is repeated until somebody was reached', async () => {
    const pager = new FakeNotifier();
    const config = {
      tick: '1s',
      notifications: { routes: [{ to: 'pager', from: 'critical' }], retryFor: '1m' },
      groups: { web: { mode: 'observe' } },
    };
    const { rig, kill, storms } = await stormWorld(fleetOf(5), config, () => ({}), pager);
    await healthy(rig);
    pager.failNext(new Error('no route to host'), 1_000);
    kill(...fleetOf(5));
    await rig.clock.advance(10 * 60_000);
    expect(storms()).toMatchObject([{ paged: true, told: false }]);
    pager.mend();
    await rig.clock.advance(60 * 60_000);
    expect(storms()).toMatchObject([{ paged: true, told: true }]);
    expect(pager.delivered.map(({ notice }) => notice.kind)).toEqual(['storm']);
    await rig.stop();
  }, 60_000);

  it('has a time to live: it is half-open no later than the cap, however often canaries fail', async () => {
    const { rig, acts, kill, storms } = await stormWorld(fleetOf(4), { tick: '1s' });
    await healthy(rig);
    for (const agentId of fleetOf(4)) rig.fleet.suffer(agentId, 'hang', 40);
    kill(...fleetOf(4));
    let longestMs = 0;
    for (let passed = 0; passed < 40; passed += 1) {
      await rig.clock.advance(30_000);
      const state = storms()[0]?.breaker;
      if (state?.state === 'open') longestMs = Math.max(longestMs, state.probeAt - state.since);
    }
    expect(longestMs).toBe(240_000);
    expect(acts().length).toBeGreaterThanOrEqual(3);
    await rig.stop();
  }, 60_000);

  it('has a probe: one canary, and closes when that is well and few are left', async () => {
    const { rig, acts, kill, storms, notices } = await stormWorld(fleetOf(3));
    await healthy(rig);
    kill(...fleetOf(3));
    await rig.until(() => acts().length > 0, 120_000, 200);
    expect(acts()).toHaveLength(1);
    await rig.until(() => storms()[0]?.state === 'closed', 120_000);
    expect(storms()).toMatchObject([{ breaker: { state: 'closed' } }]);
    expect(notices().map(({ kind }) => kind)).toContain('storm-over');
    await rig.stop();
  });

  it('does not stay half-open for ever when nobody is left who could be tried', async () => {
    const { rig, world, acts, kill, storms } = await stormWorld(fleetOf(6));
    await healthy(rig);
    kill(...fleetOf(6));
    await rig.clock.advance(20_000);
    // A person starts most of them by hand.
    for (const agentId of fleetOf(4)) world.world.turn(agentId, 'running', { event: 'started' });
    for (const agentId of ['web.5', 'web.6'])
      await rig.guard().hold({ scope: { kind: 'agent', agentId }, reason: 'look', by: 'ann', ttlMs: 86_400_000 });
    await rig.clock.advance(4 * 60_000);
    expect(acts()).toEqual([]);
    expect(storms()).toMatchObject([{ state: 'closed' }]);
    await rig.stop();
  });
});
