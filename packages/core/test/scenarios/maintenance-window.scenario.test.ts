import { expect, it } from 'vitest';
import { fakeWorld, healthy, resolved } from './rig.ts';

/** The rig begins at a full hour of UTC. */
const window = { cron: '5 * * * *', duration: '10m', scope: { groups: ['web'] }, reason: 'nightly patches' };

it('leaves a group alone in its window of maintenance, tells nobody, and acts and tells when it is over', async () => {
  const { rig, kill, executed } = await fakeWorld({ maintenance: [window] });
  await healthy(rig);
  const begin = new Date(rig.clock.now());
  begin.setUTCMinutes(begin.getUTCMinutes() >= 5 ? 65 : 5, 10, 0);
  await rig.clock.advance(begin.getTime() - rig.clock.now());
  expect(rig.guard().holds.list()).toMatchObject([{ id: 'window_1:group:web', kind: 'window' }]);
  kill('web.2');
  await rig.clock.advance(300_000);
  const [incident] = await rig.incidents();
  expect(incident).toMatchObject({ state: 'held', because: { code: 'maintenance-window' } });
  expect(incident?.because.text).toContain('nightly patches');
  expect(rig.guard().agents.get('web.2')).toMatchObject({ health: 'failed', heldBy: 'window_1:group:web' });
  expect((await rig.guard().explain('web.2')).summary).toContain('nightly patches');
  expect(executed).toEqual([]);
  const sent = (): number => rig.events.filter(({ type }) => type === 'notice.sent').length;
  expect(sent()).toBe(0);
  await expect(rig.guard().release('window_1:group:web', { by: 'ann' })).rejects.toMatchObject({
    code: 'GUARD_HOLD_WINDOW',
  });

  expect(await resolved(rig, 600_000)).toMatchObject({ outcome: 'healed' });
  expect(executed.map(({ action }) => action.kind)).toEqual(['restart']);
  expect(sent()).toBeGreaterThan(0);
  const kinds = rig.events.flatMap((event) => (event.type.startsWith('hold.') ? [event.type] : []));
  expect(kinds).toEqual(['hold.placed', 'hold.released']);
  await rig.stop();
});

it('tells that an incident ended by itself also within the window', async () => {
  const { rig } = await fakeWorld({ maintenance: [{ ...window, cron: '* * * * *', scope: { fleet: true } }] });
  await rig.clock.advance(60_000);
  rig.fleet.suffer('web.2', 'silent');
  await rig.until(async () => (await rig.incidents()).length > 0, 60_000);
  await rig.clock.advance(10_000);
  rig.fleet.recover('web.2');
  expect(await resolved(rig, 60_000)).toMatchObject({ outcome: 'self-recovered' });
  await rig.clock.advance(1_000);
  const told = rig.events.flatMap((event) => (event.type === 'notice.sent' ? [event.data.notice.kind] : []));
  expect(told).toEqual(['resolved']);
  await rig.stop();
});

it('is over with the window that was taken out of the config, and not when that would have ended', async () => {
  const maintenance = [{ ...window, cron: '* * * * *', duration: '30d' }];
  const { rig, kill, executed } = await fakeWorld({ maintenance });
  await healthy(rig);
  kill('web.2');
  await rig.clock.advance(60_000);
  expect(await rig.incidents()).toMatchObject([{ state: 'held' }]);
  rig.crash();
  await rig.boot();
  await rig.clock.advance(60_000);
  expect(await rig.incidents()).toMatchObject([{ state: 'held' }]);
  expect(executed).toEqual([]);

  rig.crash();
  maintenance.length = 0;
  await rig.boot();
  expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
  expect(executed.map(({ action }) => action.kind)).toEqual(['restart']);
  await rig.stop();
});
