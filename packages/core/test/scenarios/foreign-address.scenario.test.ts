import { describe, expect, it } from 'vitest';
import { fakeWorld, healthy, resolved } from './rig.ts';

const id = 'web.2';

/** As in a container whose network the guard is not in, and of which no label names a port. */
describe('an agent that sends heartbeats and names an address that only it knows', () => {
  it('is healthy, and nothing is done to it', async () => {
    const { rig, executed } = await fakeWorld();
    rig.fleet.suffer(id, 'foreign', 99);
    expect(await healthy(rig)).toBe(true);
    await rig.clock.advance(300_000);
    expect([executed, await rig.incidents()]).toEqual([[], []]);
    expect(
      rig
        .guard()
        .agents.get(id)
        .remarks?.map(({ code }) => code),
    ).toEqual(['endpoint-denied']);
    await rig.stop();
  });

  it('is ready when it runs, since nobody can ask it, and is healed when its heartbeats come', async () => {
    const { rig, executed, kill } = await fakeWorld();
    rig.fleet.suffer(id, 'foreign', 99);
    await healthy(rig);
    kill(id);
    expect(await resolved(rig)).toMatchObject({ outcome: 'healed', attempts: [{ verdict: 'healed' }] });
    expect(executed).toHaveLength(1);
    await rig.stop();
  });
});
