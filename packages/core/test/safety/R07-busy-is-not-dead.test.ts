/**
 * R07. What taught it: a watchdog took agents that were deep in long work for dead because they answered slowly, killed
 * them in the middle of it, and did so again with the next that took the work over (trinity#1463, breeze#852).
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { GuardRig } from '../../src/testing/index.ts';
import { leakWorld } from '../scenarios/leak-world.ts';
import { healthy, resolved, steadyWorld } from '../scenarios/rig.ts';

const id = 'web.2';
const because = async (one: GuardRig): Promise<string | undefined> => (await one.incidents())[0]?.because.code;

describe('R07: busy is not dead', () => {
  it('does not restart an agent for being slow while its work advances, however long', async () => {
    const { rig, executed } = await steadyWorld();
    rig.fleet.suffer(id, 'busy');
    expect(await rig.until(async () => (await because(rig)) === 'progress-veto', 120_000)).toBe(true);
    await rig.clock.advance(300_000);
    expect(executed).toEqual([]);
    expect(await because(rig)).toBe('progress-veto');
    expect((await rig.guard().explain(id)).wouldChange.join()).toContain('Progress that stands still');
  });

  it('restarts it once its work stands still', async () => {
    const { rig, executed } = await steadyWorld();
    rig.fleet.suffer(id, 'busy');
    await rig.until(async () => (await because(rig)) === 'progress-veto', 120_000);
    rig.fleet.suffer(id, 'slow');
    expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
    expect(executed.map(({ action }) => action.kind)).toEqual(['restart']);
  });

  it('counts a recovery only by signs of life of the new instance, not by what was heard of the old', async () => {
    const { rig, executed } = await steadyWorld();
    rig.fleet.suffer(id, 'silent', 1);
    expect(await rig.until(() => executed.length > 0, 240_000)).toBe(true);
    // The new instance is silent as well: it answers, and yet it is not recovered.
    const failed = async (): Promise<boolean> => (await rig.incidents())[0]?.attempts[0]?.verdict === 'failed';
    expect(await rig.until(failed, 240_000)).toBe(true);
  });

  it('does not restart a busy agent for what is only foreseen, as long as there is time', async () => {
    const made = await leakWorld({ mode: 'act' });
    onTestFinished(() => made.rig.stop());
    await healthy(made.rig);
    made.rig.fleet.occupy(id, 3);
    made.rig.fleet.suffer(id, 'leak');
    expect(await made.rig.until(async () => (await because(made.rig)) === 'not-quiet', 1_200_000, 1_000)).toBe(true);
    await made.rig.clock.advance(60_000);
    expect(made.kinds()).toEqual([]);
  });
});
