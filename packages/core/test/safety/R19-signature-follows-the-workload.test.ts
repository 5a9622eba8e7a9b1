import { describe, expect, it } from 'vitest';
import type { Capability } from '../../src/model/index.ts';
import { fakeWorld, healthy, type World } from '../scenarios/rig.ts';

/** Nothing gentler than a move is to be had. */
const moves: readonly Capability[] = [
  { action: 'respawn', destructive: true, scope: 'instance', idempotent: true, respawn: ['beside', 'in-place'] },
  { action: 'retire', destructive: true, scope: 'instance', idempotent: true },
];

/** Attempts and ticks as no fleet has them, so that days of failures fit into minutes. */
const often = {
  tick: '1s',
  gate: { settle: '5s', backoff: { base: '1s', cap: '2s' }, attempts: [{ max: 50, per: '1h' }] },
};

const config = {
  ...often,
  recurrence: { movesMax: 3, movesWindow: '6h', defectAfter: 50 },
  severity: { escalateFailures: 50 },
};

/** The current instance ends; the guard does what it does about it. */
async function fail(world: World): Promise<void> {
  const { rig } = world;
  const before = (await rig.incidents()).length;
  world.kill('web.1');
  await rig.until(async () => (await rig.incidents()).length > before, 30_000);
  await rig.until(async () => ['resolved', 'escalated'].includes((await rig.incidents())[0]?.state ?? ''), 240_000);
}

const respawns = ({ executed }: World): number => executed.filter(({ action }) => action.kind === 'respawn').length;

/**
 * What taught it: on a leap day certificates of virtual machines could not be made, so their hosts were taken for broken
 * and the machines were moved to others, which then were taken for broken too, until most of a cluster was out of
 * service. The failure travelled with what was moved.
 */
describe('R19: the same failure follows the workload', () => {
  it('is not moved any more after three new instances, and a person is asked', async () => {
    const world = await fakeWorld(config, moves);
    const { rig } = world;
    await healthy(rig);
    for (let time = 0; time < 3; time += 1) {
      await fail(world);
      expect((await rig.incidents())[0]?.state).toBe('resolved');
      await rig.clock.advance(400_000);
    }
    expect(respawns(world)).toBe(3);
    await fail(world);
    const [incident] = await rig.incidents();
    expect(incident).toMatchObject({ state: 'escalated', because: { text: expect.stringContaining('has followed') } });
    expect(respawns(world)).toBe(3);
    const told = rig.events.flatMap((event) => (event.type === 'notice.sent' ? [event.data.notice] : []));
    expect(told.at(-1)).toMatchObject({ kind: 'escalated', priority: 'critical' });
    await rig.stop();
  });

  it('stands in the explanation, by its rule, and a restart of the guard does not forget it', async () => {
    const world = await fakeWorld(config, moves);
    const { rig } = world;
    await healthy(rig);
    for (let time = 0; time < 3; time += 1) {
      await fail(world);
      await rig.clock.advance(400_000);
    }
    rig.crash();
    await rig.boot();
    await healthy(rig);
    await fail(world);
    expect(respawns(world)).toBe(3);
    const { summary, wouldChange } = await rig.guard().explain('web.1');
    expect(summary).toContain('has followed web.1 through 3 new instances in 6h');
    expect(wouldChange.join(' ')).toContain('order a respawn');
    await rig.stop();
  });

  it('does not bind a person: an ordered respawn moves it all the same', async () => {
    const world = await fakeWorld(config, moves);
    const { rig } = world;
    await healthy(rig);
    for (let time = 0; time < 4; time += 1) {
      await fail(world);
      await rig.clock.advance(400_000);
    }
    expect(respawns(world)).toBe(3);
    await rig.guard().respawn('web.1', { by: 'ada' });
    await rig.clock.advance(60_000);
    expect(respawns(world)).toBe(4);
    await rig.stop();
  });

  it('is forgotten when the moves are long ago', async () => {
    const world = await fakeWorld(
      { ...config, recurrence: { movesMax: 2, movesWindow: '5m', defectAfter: 50 } },
      moves,
    );
    const { rig } = world;
    await healthy(rig);
    for (let time = 0; time < 4; time += 1) {
      await fail(world);
      expect((await rig.incidents())[0]?.state).toBe('resolved');
      await rig.clock.advance(180_000);
    }
    expect(respawns(world)).toBe(4);
    await rig.stop();
  });
});
