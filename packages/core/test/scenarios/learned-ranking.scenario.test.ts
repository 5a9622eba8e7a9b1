import { describe, expect, it } from 'vitest';
import type { Incident } from '../../src/model/index.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import type { World } from './rig.ts';
import { fakeWorld, healthy, quick } from './rig.ts';

const first = async (rig: GuardRig): Promise<Incident> => (await rig.incidents())[0] as Incident;

describe('the learned ranking', () => {
  /** Errors of a group whose agents a mere restart heals; severity 4 leads to a recreate by itself. */
  async function learned(ranking: 'off' | 'suggest' | 'on', rounds: number): Promise<{ world: World; last: Incident }> {
    const prefer = { name: 'own', kind: 'error*', prefer: 'restart', reason: 'so it was before' };
    const world = await fakeWorld({
      learning: { ranking },
      gate: { ...quick.gate, attempts: [{ max: 100, per: '1h' }] },
      severity: { escalateFailures: 100 },
      // The first rounds are restarts by a line that leaves when the guard starts anew with another config.
      ladder: { useWhen: [prefer] },
    });
    const { rig } = world;
    await healthy(rig);
    for (let round = 0; round < rounds; round += 1) {
      rig.fleet.suffer(`web.${(round % 5) + 1}`, 'errors');
      await rig.until(
        async () => (await rig.incidents()).filter(({ state }) => state === 'resolved').length === round + 1,
        600_000,
      );
      await rig.clock.advance(60_000);
    }
    return { world, last: await first(rig) };
  }

  it('counts what healed, in the store, over all agents of the group and over a restart of the guard', async () => {
    const { world, last } = await learned('suggest', 3);
    const { rig } = world;
    expect(last.attempts.at(-1)).toMatchObject({ verdict: 'healed', plan: { learned: { mode: 'suggest' } } });
    rig.crash();
    await rig.boot();
    await healthy(rig);
    rig.fleet.suffer('web.5', 'errors');
    await rig.until(
      async () => (await first(rig)).agentId === 'web.5' && (await first(rig)).state === 'resolved',
      600_000,
    );
    const [draw] = (await first(rig)).attempts.at(-1)?.plan.learned?.draws ?? [];
    expect(draw).toMatchObject({ rung: 'restart', failed: 0 });
    // One of the three may have been chosen on fewer suspicions, and bears another name.
    expect(draw?.healed).toBeGreaterThan(1.9);
    await rig.stop();
  });

  it('is not even drawn while it is off', async () => {
    const { world, last } = await learned('off', 1);
    expect(last.attempts.at(-1)?.plan).not.toHaveProperty('learned');
    await world.rig.stop();
  });
});
