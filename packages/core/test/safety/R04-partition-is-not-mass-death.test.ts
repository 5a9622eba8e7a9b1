import { describe, expect, it } from 'vitest';
import { healthy } from '../scenarios/rig.ts';
import { fleetOf, stormWorld } from './storm-world.ts';

const canary = { canaries: [{ url: 'http://canary.example/' }] };

/*
 * A NAT gateway failed and a controller that could not reach its nodes any more took all of them for dead: it replaced a
 * healthy fleet (Gardener), as Kubernetes had once evicted every pod of a zone it had merely lost sight of (k8s#24200).
 */
describe('R04: a partition is not a mass death', () => {
  it('observes and pages once while many groups are silent at once, and closes by itself with one message', async () => {
    const agents = [...fleetOf(4, 'api'), ...fleetOf(4, 'db'), ...fleetOf(4)];
    const { rig, acts, notices, storms } = await stormWorld(agents);
    await healthy(rig);
    for (const agentId of agents) rig.fleet.suffer(agentId, 'hang');
    await rig.clock.advance(7 * 60_000);
    expect(acts()).toEqual([]);
    expect(storms()).toMatchObject([{ state: 'open', cause: 'silence', memberCount: 12, told: true }]);
    expect([...(storms()[0]?.groups ?? [])].sort()).toEqual(['api', 'db', 'web']);
    const { summary } = await rig.guard().explain('web.4');
    expect(summary).toContain('fell silent at once');
    for (const agentId of agents) rig.fleet.recover(agentId);
    expect(await rig.until(() => storms()[0]?.state === 'closed', 120_000)).toBe(true);
    await rig.clock.advance(60_000);
    expect((await rig.incidents()).filter((one) => one.state !== 'resolved')).toEqual([]);
    const kinds = notices().map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'storm')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'storm-over')).toHaveLength(1);
    // Those who fell silent before it could be known that they are half of all were told of, and so is their end.
    const single = kinds.filter((kind) => kind === 'opened').length;
    expect(single).toBeLessThan(6);
    expect(kinds).toHaveLength(2 + 2 * single);
    expect(acts()).toEqual([]);
    await rig.stop();
  }, 60_000);

  it('heals an agent whose exit the orchestrator saw while the others are silent', async () => {
    const { rig, acts, kill } = await stormWorld(fleetOf(6));
    await healthy(rig);
    for (const agentId of fleetOf(5)) rig.fleet.suffer(agentId, 'hang');
    await rig.clock.advance(20_000);
    kill('web.6');
    await rig.clock.advance(4 * 60_000);
    expect(acts()).toEqual(['web.6 restart']);
    await rig.stop();
  });

  it('heals two of ten that fall silent: so few are no partition', async () => {
    const { rig, acts } = await stormWorld(fleetOf(10));
    await healthy(rig);
    for (const agentId of fleetOf(2)) rig.fleet.suffer(agentId, 'hang');
    await rig.clock.advance(60_000);
    expect([...acts()].sort()).toEqual(['web.1 restart', 'web.2 restart']);
    await rig.stop();
  });

  it('heals three of three whose exits were seen, within the breaker: an exit is no silence', async () => {
    const { rig, acts, kill, storms } = await stormWorld(fleetOf(3));
    await healthy(rig);
    kill(...fleetOf(3));
    await rig.until(() => storms()[0]?.state === 'closed', 300_000);
    expect(await healthy(rig)).toBe(true);
    expect(acts()).toHaveLength(3);
    await rig.stop();
  });

  it('does nothing to a single silent agent while a canary does not answer, and heals it afterwards', async () => {
    const { rig, acts, storms } = await stormWorld(fleetOf(5), { selfDoubt: canary });
    await healthy(rig);
    rig.fleet.canaryAnswers = false;
    await rig.clock.advance(20_000);
    rig.fleet.suffer('web.2', 'hang');
    await rig.clock.advance(10 * 60_000);
    expect(acts()).toEqual([]);
    expect(storms()).toMatchObject([{ state: 'open', cause: 'canary', memberCount: 1 }]);
    rig.fleet.canaryAnswers = true;
    await rig.clock.advance(90_000);
    expect(acts()).toEqual(['web.2 restart']);
    expect(storms()).toMatchObject([{ state: 'closed' }]);
    await rig.stop();
  });

  it('tells of those who stay silent when the others are heard again, and heals them', async () => {
    const { rig, acts, notices, storms } = await stormWorld(fleetOf(10));
    await healthy(rig);
    for (const agentId of fleetOf(10)) rig.fleet.suffer(agentId, 'hang', agentId === 'web.9' ? 9 : 0);
    await rig.clock.advance(3 * 60_000);
    for (const agentId of fleetOf(8)) rig.fleet.recover(agentId);
    await rig.clock.advance(2 * 60_000);
    expect(storms()).toMatchObject([{ state: 'closed' }]);
    expect(acts().slice(0, 2).toSorted()).toEqual(['web.10 restart', 'web.9 restart']);
    const over = notices().findIndex(({ kind }) => kind === 'storm-over');
    const told = notices().slice(over);
    expect(told.map(({ agentId, kind }) => [agentId, kind])).toContainEqual(['web.9', 'recovery-failed']);
    await rig.stop();
  });

  it('does nothing to the first whose silence is noticed, before that of the others is', async () => {
    const agents = [...fleetOf(3, 'api'), ...fleetOf(3, 'db'), ...fleetOf(3)];
    const { rig, acts } = await stormWorld(agents);
    await healthy(rig);
    await rig.clock.advance(5 * 60_000);
    for (const agentId of agents) rig.fleet.cutOff(agentId, true);
    await rig.clock.advance(3 * 60_000);
    for (const agentId of agents) rig.fleet.cutOff(agentId, false);
    await rig.clock.advance(3 * 60_000);
    expect(acts()).toEqual([]);
    expect((await rig.incidents()).filter(({ state }) => state !== 'resolved')).toEqual([]);
    await rig.stop();
  });

  it('is remembered over a restart of the guard', async () => {
    const { rig, acts, storms } = await stormWorld(fleetOf(6));
    await healthy(rig);
    for (const agentId of fleetOf(6)) rig.fleet.suffer(agentId, 'hang');
    await rig.clock.advance(60_000);
    const [storm] = storms();
    rig.crash();
    await rig.clock.advance(3_000);
    await rig.boot();
    await rig.clock.advance(10 * 60_000);
    expect(acts()).toEqual([]);
    expect(storms()).toMatchObject([{ id: storm?.id, state: 'open', cause: 'silence' }]);
    await rig.stop();
  });
});
