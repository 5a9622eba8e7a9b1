import { describe, expect, it } from 'vitest';
import { faultyWorld } from './faulty-world.ts';
import { healthy, resolved } from './rig.ts';

describe('a store that writes and gives no answer', () => {
  it.each([1, 2, 3, 5, 8])(
    'brings one incident to its end, whatever of its first %i commits is left unanswered',
    async (times) => {
      const { rig, store, orchestrator, acts } = await faultyWorld();
      await healthy(rig);
      store.disturb('lost-answer', times);
      orchestrator.crash('web.2');
      expect(await resolved(rig)).toMatchObject({ state: 'resolved', outcome: 'healed' });
      expect(acts).toEqual(['web.2 restart']);
      expect(await rig.incidents()).toHaveLength(1);
      await rig.stop();
    },
  );

  it('acts once when the answer to the outcome of the action is lost', async () => {
    const { rig, store, orchestrator, acts } = await faultyWorld();
    await healthy(rig);
    orchestrator.crash('web.2');
    await rig.until(() => acts.length === 1, 5_000, 50);
    store.disturb('lost-answer', 3);
    const incident = await resolved(rig);
    expect(incident).toMatchObject({ state: 'resolved', outcome: 'healed' });
    expect(acts).toEqual(['web.2 restart']);
    const lines = await rig.timeline(incident);
    expect(lines.map((line) => line.seq)).toEqual(lines.map((_, at) => at + 1));
    await rig.stop();
  });

  it('leaves no incident behind for an agent that recovered before the answer was missed', async () => {
    const { rig, store } = await faultyWorld();
    await healthy(rig);
    store.disturb('lost-answer', 1);
    rig.fleet.suffer('web.2', 'silent');
    await rig.until(async () => rig.guard().agents.get('web.2').health !== 'healthy', 20_000, 200);
    rig.fleet.recover('web.2');
    await rig.clock.advance(60_000);
    expect((await rig.incidents()).map((one) => one.state)).toEqual(['resolved']);
    rig.crash();
    await rig.boot();
    await rig.clock.advance(60_000);
    expect((await rig.incidents()).map((one) => one.state)).toEqual(['resolved']);
    await rig.stop();
  });
});
