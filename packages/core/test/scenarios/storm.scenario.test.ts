import { describe, expect, it } from 'vitest';
import type { HoldScope } from '../../src/model/index.ts';
import { fleetOf, stormWorld } from '../safety/storm-world.ts';
import { healthy } from './rig.ts';

describe('a storm', () => {
  it('tells who listens that it began, grew and ended, in this order', async () => {
    const { rig, kill, storms } = await stormWorld(fleetOf(3));
    await healthy(rig);
    kill(...fleetOf(3));
    await rig.until(() => storms()[0]?.state === 'closed', 300_000);
    await rig.clock.advance(1_000);
    const told = rig.events.map(({ type }) => type).filter((type) => type.startsWith('storm.'));
    expect(told[0]).toBe('storm.opened');
    expect(told.at(-1)).toBe('storm.closed');
    expect(new Set(told.slice(1, -1))).toEqual(new Set(['storm.changed']));
    await rig.stop();
  });

  it('is named by the explanation of each of its incidents, and found by its id', async () => {
    const { rig, kill, storms } = await stormWorld(fleetOf(4));
    await healthy(rig);
    kill(...fleetOf(4));
    await rig.clock.advance(20_000);
    const [storm] = storms();
    const { summary, storm: named } = await rig.guard().explain('web.4');
    expect(summary).toContain(`one of 4 agents in storm ${storm?.id}`);
    expect(named?.id).toBe(storm?.id);
    expect(rig.guard().storms.get(storm?.id ?? '').memberCount).toBe(4);
    expect(() => rig.guard().storms.get('storm_none')).toThrow('There is no storm storm_none.');
    await rig.stop();
  });

  it('takes in the groups that fail within the window: one machine, one storm, one page', async () => {
    const agents = [...fleetOf(3, 'api'), ...fleetOf(3, 'db'), ...fleetOf(3)];
    const { rig, kill, storms, notices } = await stormWorld(agents);
    await healthy(rig);
    kill(...agents);
    await rig.clock.advance(30_000);
    expect(storms()).toMatchObject([{ memberCount: 9, groups: expect.arrayContaining(['api', 'db', 'web']) }]);
    expect(notices().filter(({ kind }) => kind === 'storm')).toHaveLength(1);
    await rig.until(() => storms().every(({ state }) => state === 'closed'), 600_000);
    expect(await healthy(rig)).toBe(true);
    await rig.stop();
  });

  it('does not open for agents that a person stopped, nor for one that an operator respawns', async () => {
    const { rig, world, storms } = await stormWorld(fleetOf(4));
    await healthy(rig);
    for (const agentId of ['web.1', 'web.2', 'web.3']) world.stopByHand(agentId);
    await rig.clock.advance(60_000);
    await rig.guard().respawn('web.4', { by: 'ann' });
    await rig.clock.advance(60_000);
    expect(storms()).toEqual([]);
    await rig.stop();
  });

  it('leaves a hold in force: held agents are no canaries', async () => {
    const { rig, kill, acts } = await stormWorld(fleetOf(4));
    await healthy(rig);
    await rig.guard().hold({ scope: { kind: 'group', group: 'web' }, reason: 'look', by: 'ann', ttlMs: 3_600_000 });
    kill(...fleetOf(4));
    await rig.clock.advance(5 * 60_000);
    expect(acts()).toEqual([]);
    await rig.stop();
  });

  it('is paged, although the guard was killed before it told anybody', async () => {
    const { rig, kill, storms, notices } = await stormWorld(fleetOf(4), { groups: { web: { mode: 'observe' } } });
    await healthy(rig);
    kill(...fleetOf(4));
    await rig.clock.advance(1_000);
    rig.crash();
    await rig.boot();
    await rig.clock.advance(60_000);
    expect(storms()).toMatchObject([{ state: 'open', told: true, memberCount: 4 }]);
    expect(notices().filter(({ kind }) => kind === 'storm')).toHaveLength(1);
    await rig.stop();
  });

  it('ends with its own message: of those that heal with it nobody hears one by one', async () => {
    const { rig, kill, storms, notices } = await stormWorld(fleetOf(10));
    await healthy(rig);
    kill(...fleetOf(5));
    await rig.until(() => storms()[0]?.state === 'closed', 300_000);
    await rig.until(async () => (await rig.incidents()).every(({ state }) => state === 'resolved'), 600_000);
    const over = notices().findIndex(({ kind }) => kind === 'storm-over');
    expect(over).toBeGreaterThan(0);
    expect(notices().slice(over + 1)).toEqual([]);
    expect(notices()[over]?.text).toContain('the others end without a further word');
    await rig.stop();
  });

  it('tells of one by itself whose recovery failed after it, and of its end', async () => {
    const { rig, kill, storms, notices } = await stormWorld(fleetOf(10));
    await healthy(rig);
    rig.fleet.suffer('web.5', 'hang', 1);
    kill(...fleetOf(5));
    await rig.until(() => storms()[0]?.state === 'closed', 300_000);
    await rig.until(async () => (await rig.incidents()).every(({ state }) => state === 'resolved'), 600_000);
    const over = notices().findIndex(({ kind }) => kind === 'storm-over');
    const after = notices().slice(over + 1);
    expect(new Set(after.map(({ agentId }) => agentId))).toEqual(new Set(['web.5']));
    expect(after.map(({ kind }) => kind)).toContain('recovery-failed');
    expect(after.at(-1)?.kind).toBe('recovered');
    await rig.stop();
  });

  it('explains itself by a dependency for a while only when nobody is told of that one', async () => {
    const on = { dependsOn: ['db.1'] };
    const isWeb = (agentId: string): boolean => agentId.startsWith('web');
    const { rig, world, kill, notices } = await stormWorld(['db.1', ...fleetOf(5)], {}, (id) => (isWeb(id) ? on : {}));
    await healthy(rig);
    world.stopByHand('db.1');
    await rig.clock.advance(1_000);
    kill(...fleetOf(5));
    await rig.clock.advance(9 * 60_000);
    expect(notices().filter(({ group }) => group === 'web')).toEqual([]);
    await rig.clock.advance(3 * 60_000);
    const told = notices().filter(({ group }) => group === 'web');
    expect(told.map(({ kind }) => kind)).toEqual(['storm']);
    expect(told[0]?.text).toContain('db.1');
    await rig.stop();
  });

  it('is not explained by one of its own, although not all of them are named', async () => {
    const many = fleetOf(60);
    const { rig, kill, notices } = await stormWorld(many, {}, (id) =>
      id === 'web.60' ? {} : { dependsOn: ['web.60'] },
    );
    await healthy(rig);
    kill(...many);
    await rig.clock.advance(30_000);
    expect(notices().map(({ kind }) => kind)).toContain('storm');
    await rig.stop();
  });

  it('that does not end is not told of once only: people are reminded, ever more rarely, of how it stands', async () => {
    const { rig, kill, storms, notices } = await stormWorld(fleetOf(4), { groups: { web: { mode: 'observe' } } });
    await healthy(rig);
    kill(...fleetOf(4));
    await rig.clock.advance(3_700_000);
    const told = notices().filter(({ kind }) => kind === 'storm');
    expect(told.map(({ title }) => title.replace(/^.*failure/, ''))).toEqual(['', ' (reminder 1)']);
    expect(told[1]?.text).toContain('4 are not well now');
    expect(storms()).toMatchObject([{ state: 'open', told: true, reminded: 1 }]);
    await rig.stop();
  });

  it('asks people about one canary, and not about each of its agents at once', async () => {
    const { rig, kill, notices, acts } = await stormWorld(fleetOf(6), { groups: { web: { mode: 'approve' } } });
    await healthy(rig);
    kill(...fleetOf(6));
    await rig.clock.advance(5 * 60_000);
    const asked = (): readonly string[] => notices().flatMap((one) => (one.kind === 'approval' ? [one.agentId] : []));
    expect(asked()).toHaveLength(1);
    const waits = async (): Promise<string | undefined> =>
      (await rig.incidents()).find(({ state }) => state === 'awaiting-approval')?.id;
    rig.crash();
    await rig.boot();
    await rig.clock.advance(60_000);
    expect(new Set(asked()).size).toBe(1);
    await rig.guard().approve((await waits()) ?? '', { by: 'ann' });
    await rig.clock.advance(30_000);
    expect(acts()).toHaveLength(1);
    expect(new Set(asked()).size).toBe(2);
    await rig.stop();
  });

  it('is told of although one of its agents is under maintenance, and not while all of them are', async () => {
    const storms = async (scope: HoldScope): Promise<number> => {
      const { rig, kill, notices } = await stormWorld(fleetOf(4), { groups: { web: { mode: 'observe' } } });
      await healthy(rig);
      await rig.guard().hold({ scope, reason: 'kernel', by: 'ann', ttlMs: 3_600_000, maintenance: true });
      kill('web.1');
      await rig.clock.advance(10_000);
      kill('web.2', 'web.3', 'web.4');
      await rig.clock.advance(60_000);
      await rig.stop();
      return notices().filter(({ kind }) => kind === 'storm').length;
    };
    expect(await storms({ kind: 'agent', agentId: 'web.1' })).toBe(1);
    expect(await storms({ kind: 'group', group: 'web' })).toBe(0);
  });
});
