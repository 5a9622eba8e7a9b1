import { describe, expect, it } from 'vitest';
import { fakeWorld, healthy, type World } from '../scenarios/rig.ts';

/** Attempts and ticks as no fleet has them, so that days of failures fit into minutes. */
const often = {
  tick: '1s',
  gate: { settle: '5s', backoff: { base: '1s', cap: '2s' }, attempts: [{ max: 50, per: '1h' }] },
};

const config = { ...often, recurrence: { defectAfter: 3, defectWindow: '24h' } };

/** The instance ends, is healed by a restart and stays well through the watch. */
async function failAndHeal(world: World): Promise<void> {
  const { rig } = world;
  const before = (await rig.incidents()).length;
  world.kill('web.1');
  await rig.until(async () => (await rig.incidents()).length > before, 30_000);
  await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 120_000);
  await rig.clock.advance(20_000);
}

const sent = ({ rig }: World) =>
  rig.events.flatMap((event) => (event.type === 'notice.sent' ? [event.data.notice] : []));
const kindsOf = (world: World): readonly string[] => sent(world).map(({ kind }) => kind);

/**
 * What taught it: a service that leaked was restarted by its platform more than 800 times over months. Every restart
 * worked, so nobody was told, and the leak was found when the restarts did not keep up any more.
 */
describe('R20: a failure that is healed again and again is a defect', () => {
  it('is quiet while it heals, and stops being quiet at the third healing in a day', async () => {
    const world = await fakeWorld(config);
    const { rig } = world;
    await healthy(rig);
    await failAndHeal(world);
    await failAndHeal(world);
    expect(kindsOf(world)).not.toContain('defect');
    expect(new Set(sent(world).map(({ priority }) => priority))).toEqual(new Set(['info']));
    await failAndHeal(world);
    const notice = sent(world).at(-1);
    expect(notice).toMatchObject({ kind: 'defect', priority: 'error', agentId: 'web.1' });
    expect(notice?.text).toContain('3 times in 1d');
    expect((await rig.incidents())[0]?.defect).toMatchObject({ healings: 3, signature: 'exited:sigkill' });
    await rig.stop();
  });

  it('raises severity of the next one, tells of it loudly, and shows the defect in the explanation', async () => {
    const world = await fakeWorld(config);
    const { rig } = world;
    await healthy(rig);
    for (let time = 0; time < 3; time += 1) await failAndHeal(world);
    const before = sent(world).length;
    await failAndHeal(world);
    const [fourth, third] = await rig.incidents();
    const factorsOf = (incident: typeof fourth) => incident?.assessment?.factors.map(({ name }) => name);
    expect(factorsOf(fourth)).toContain('defect');
    expect(factorsOf(third)).not.toContain('defect');
    expect(fourth?.assessment?.severity).toBeGreaterThan(third?.assessment?.severity ?? 10);
    const told = sent(world).slice(before);
    expect(told.map(({ kind, priority }) => [kind, priority])).toEqual([
      ['opened', 'error'],
      ['recovered', 'warning'],
      ['defect', 'error'],
    ]);
    const explanation = await rig.guard().explain('web.1');
    expect(explanation.summary).toContain('is a defect: it was healed 4 times');
    expect(
      rig
        .guard()
        .agents.get('web.1')
        .remarks?.map(({ code }) => code),
    ).toContain('defect');
    await rig.stop();
  });

  it('is durable: a guard that was restarted still knows the defect and counts on', async () => {
    const world = await fakeWorld(config);
    const { rig } = world;
    await healthy(rig);
    for (let time = 0; time < 2; time += 1) await failAndHeal(world);
    rig.crash();
    await rig.boot();
    await healthy(rig);
    await failAndHeal(world);
    expect(kindsOf(world)).toContain('defect');
    rig.crash();
    await rig.boot();
    await healthy(rig);
    expect((await rig.guard().explain('web.1')).summary).toContain('is a defect');
    await failAndHeal(world);
    expect((await rig.incidents())[0]?.defect).toMatchObject({ healings: 4 });
    await rig.stop();
  });

  it('is closed when it was not healed again for as long as healings are counted', async () => {
    const world = await fakeWorld({ ...often, recurrence: { defectAfter: 2, defectWindow: '5m' } });
    const { rig } = world;
    await healthy(rig);
    for (let time = 0; time < 2; time += 1) await failAndHeal(world);
    expect(
      rig
        .guard()
        .agents.get('web.1')
        .remarks?.map(({ code }) => code),
    ).toContain('defect');
    await rig.clock.advance(5 * 60_000);
    expect(rig.guard().agents.get('web.1').remarks ?? []).toEqual([]);
    await failAndHeal(world);
    expect((await rig.incidents())[0]?.defect).toBeUndefined();
    await rig.stop();
  });

  it('is that of one failure and one agent: others are not held against it', async () => {
    const world = await fakeWorld(config);
    const { rig } = world;
    await healthy(rig);
    for (let time = 0; time < 2; time += 1) await failAndHeal(world);
    world.kill('web.2');
    await rig.until(async () => (await rig.incidents()).length === 3, 30_000);
    await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 120_000);
    expect(kindsOf(world)).not.toContain('defect');
    await rig.stop();
  });
});
