import { describe, expect, it } from 'vitest';
import { fakeWorld, healthy, type World } from './rig.ts';

const config = { flapping: { window: '10m', high: 6, low: 2 } };

/** Deaf to its probes for 8 s of every 40: too short for a second kind of evidence, long enough to be suspected. */
async function flap({ rig }: World, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    rig.fleet.suffer('web.1', 'deaf');
    await rig.clock.advance(12_000);
    rig.fleet.recover('web.1');
    await rig.clock.advance(40_000);
  }
}

const told = (world: World): readonly string[] =>
  world.rig.events.flatMap((event) => (event.type === 'notice.sent' ? [event.data.notice.kind] : []));

describe('an agent that flaps', () => {
  it('is one incident and one message, however often it goes on', async () => {
    const world = await fakeWorld(config);
    const { rig } = world;
    await healthy(rig);
    await flap(world, 4);
    const status = rig.guard().agents.get('web.1');
    expect(status.findings.map(({ kind }) => kind)).toEqual(['flapping']);
    expect(status.health).toBe('degraded');
    const before = told(world).length;
    const [incident] = await rig.incidents();
    const lines = (await rig.timeline(incident as never)).length;
    await flap(world, 20);
    expect(told(world)).toHaveLength(before);
    const [same, ...others] = await rig.incidents();
    expect(same?.id).toBe(incident?.id);
    expect(same?.state).toBe('open');
    expect((await rig.timeline(same as never)).length - lines).toBeLessThanOrEqual(2);
    // What came before it was known to flap is the same thread.
    expect(others.length).toBeLessThanOrEqual(3);
    expect(others.every((one) => one.id === incident?.continues || one.continues === incident?.continues)).toBe(true);
    expect(world.executed).toEqual([]);
    await rig.stop();
  });

  it('counts as recovered only when it was stable for longer, and is told of then', async () => {
    const world = await fakeWorld(config);
    const { rig } = world;
    await healthy(rig);
    await flap(world, 6);
    await rig.clock.advance(120_000);
    expect(rig.guard().agents.get('web.1').health).toBe('degraded');
    expect((await rig.incidents())[0]?.state).toBe('open');
    expect(await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 600_000)).toBe(true);
    expect(rig.guard().agents.get('web.1').health).toBe('healthy');
    expect(told(world).at(-1)).toBe('resolved');
    await rig.stop();
  });

  it('raises severity, because it is the same failure again and again', async () => {
    const world = await fakeWorld(config);
    const { rig } = world;
    await healthy(rig);
    await flap(world, 8);
    const [incident] = await rig.incidents();
    rig.fleet.suffer('web.1', 'hang');
    await rig.until(() => world.executed.length > 0, 60_000);
    const acting = await rig.guard().incidents.get(incident?.id ?? '');
    expect(acting.assessment?.factors.find(({ name }) => name === 'recurrence')?.share).toBe(2);
    await rig.stop();
  });
});
