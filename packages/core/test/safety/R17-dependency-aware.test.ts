import { describe, expect, it } from 'vitest';
import { healthy } from '../scenarios/rig.ts';
import { fleetOf, stormWorld } from './storm-world.ts';

const on =
  (map: { readonly [agentId: string]: readonly string[] }) =>
  (agentId: string): { readonly dependsOn?: readonly string[] } => {
    const dependsOn = map[agentId];
    return dependsOn ? { dependsOn } : {};
  };

/*
 * A database answered with an error, every client of it saw that as its own failure and tried to mend it, and the load
 * of all those attempts kept the database down for hours (Facebook, 2010).
 */
describe('R17: a failed dependency', () => {
  const agents = ['db.1', ...fleetOf(5)];

  it('comes first: what depends on it is neither healed nor told of until it is well', async () => {
    const { rig, acts, notices, kill } = await stormWorld(agents, {}, on({ 'web.1': ['db.1'] }));
    await healthy(rig);
    kill('db.1');
    await rig.clock.advance(400);
    kill('web.1');
    await rig.until(() => acts().length > 0, 120_000, 200);
    expect(acts()[0]).toBe('db.1 restart');
    await rig.clock.advance(1_000);
    const { summary } = await rig.guard().explain('web.1');
    expect(summary).toContain('web.1 depends on db.1');
    expect(notices().some(({ agentId }) => agentId === 'web.1')).toBe(false);
    await rig.until(() => acts().includes('web.1 restart'), 120_000);
    const [incident] = (await rig.incidents()).filter(({ agentId }) => agentId === 'db.1');
    expect(['watching', 'resolved']).toContain(incident?.state);
    expect(await healthy(rig)).toBe(true);
    await rig.stop();
  });

  it('is made up for: a dependant that is still bad when it is well is told of then', async () => {
    const { rig, acts, notices, kill } = await stormWorld(agents, {}, on({ 'web.1': ['db.1'] }));
    await healthy(rig);
    kill('db.1');
    await rig.clock.advance(400);
    rig.fleet.suffer('web.1', 'hang', 9);
    await rig.until(() => notices().some(({ agentId }) => agentId === 'web.1'), 300_000);
    const told = notices().map(({ agentId, kind }) => `${agentId} ${kind}`);
    expect(told.indexOf('web.1 opened')).toBeGreaterThan(told.indexOf('db.1 opened'));
    expect(acts()[0]).toBe('db.1 restart');
    await rig.stop();
  });

  it('says nothing of dependants that recover with it', async () => {
    const { rig, acts, notices, kill } = await stormWorld(agents, {}, on({ 'web.1': ['db.1'], 'web.2': ['db.1'] }));
    await healthy(rig);
    kill('db.1');
    await rig.clock.advance(300);
    for (const agentId of ['web.1', 'web.2']) rig.fleet.suffer(agentId, 'deaf');
    await rig.clock.advance(5_500);
    for (const agentId of ['web.1', 'web.2']) rig.fleet.recover(agentId);
    await rig.clock.advance(120_000);
    expect(acts()).toEqual(['db.1 restart']);
    expect(notices().filter(({ agentId }) => agentId !== 'db.1')).toEqual([]);
    expect((await rig.incidents()).every(({ state }) => state === 'resolved')).toBe(true);
    await rig.stop();
  });

  it('counts over several steps, and over groups', async () => {
    const map = on({ 'web.1': ['api.1'], 'api.1': ['db.1'] });
    const { rig, acts, kill } = await stormWorld([...agents, 'api.1', 'api.2', 'api.3'], {}, map);
    await healthy(rig);
    kill('web.1', 'api.1', 'db.1');
    await rig.clock.advance(2_000);
    expect((await rig.guard().explain('web.1')).decisions[0]?.reason.text).toContain('web.1 depends on');
    await rig.until(() => acts().length === 3, 240_000);
    expect(acts()).toEqual(['db.1 restart', 'api.1 restart', 'web.1 restart']);
    await rig.stop();
  });

  it('keeps nobody waiting for ever when agents depend on each other', async () => {
    const map = on({ 'web.1': ['web.2'], 'web.2': ['web.1'] });
    const { rig, acts, kill } = await stormWorld(agents, {}, map);
    await healthy(rig);
    kill('web.1', 'web.2');
    await rig.clock.advance(10_000);
    expect([...acts()].sort()).toEqual(['web.1 restart', 'web.2 restart']);
    const said = rig.log.entries.filter(({ message }) => message.includes('depend on each other'));
    expect(said.length).toBe(1);
    await rig.stop();
  });

  it('is remarked on when the guard does not know it', async () => {
    const { rig, acts, kill } = await stormWorld(agents, {}, on({ 'web.1': ['cache.1'] }));
    await healthy(rig);
    const { remarks = [] } = rig.guard().agents.get('web.1');
    expect(remarks).toMatchObject([{ code: 'dependency-unknown', text: expect.stringContaining('cache.1') }]);
    kill('web.1');
    await rig.clock.advance(10_000);
    expect(acts()).toEqual(['web.1 restart']);
    await rig.stop();
  });

  it('explains the failure of a whole group, so that its storm pages nobody', async () => {
    const dependants = Object.fromEntries(fleetOf(5).map((agentId) => [agentId, ['db.1']]));
    const { rig, world, acts, notices, storms, kill } = await stormWorld(agents, {}, on(dependants));
    await healthy(rig);
    world.stopByHand('db.1');
    await rig.clock.advance(1_000);
    kill(...fleetOf(5));
    await rig.clock.advance(5 * 60_000);
    expect(acts()).toEqual([]);
    expect(storms()).toMatchObject([{ cause: 'dependency', dependency: 'db.1', paged: false }]);
    expect(notices().filter(({ group }) => group === 'web')).toEqual([]);
    await rig.stop();
  });

  it('leaves nobody untold for good: what waits for one that was stopped by hand is told of after a while', async () => {
    const { rig, world, acts, notices, kill } = await stormWorld(agents, {}, on({ 'web.1': ['db.1'] }));
    await healthy(rig);
    world.stopByHand('db.1');
    await rig.clock.advance(1_000);
    kill('web.1');
    await rig.clock.advance(9 * 60_000);
    expect(notices()).toEqual([]);
    await rig.clock.advance(3 * 60_000);
    expect(notices().map(({ agentId, kind }) => `${agentId} ${kind}`)).toEqual(['web.1 opened']);
    expect(acts()).toEqual([]);
    await rig.stop();
  });
});
