/**
 * R14. The incident that taught it: in 2016 Reddit's autoscaler read a database in the middle of a migration and took
 * servers away, because nobody could tell it to leave them alone; and healers restart what people have just stopped.
 */
import { describe, expect, it } from 'vitest';
import { faultyWorld } from '../scenarios/faulty-world.ts';
import { createGuardRig, FakeWorkloadOrchestrator } from '../../src/testing/index.ts';
import { healthy, quick, resolved } from '../scenarios/rig.ts';

const scope = { kind: 'group', group: 'web' } as const;
const hour = 3_600_000;

describe('R14: obey the operator', () => {
  it('holds are durable, end by themselves, and are told of when they come and go', async () => {
    const { rig, orchestrator, acts } = await faultyWorld();
    await healthy(rig);
    const { id } = await rig.guard().hold({ scope, reason: 'deploy', by: 'ann', ttlMs: 120_000 });
    orchestrator.crash('web.2');
    rig.crash();
    await rig.boot();
    await rig.clock.advance(90_000);
    expect(acts).toEqual([]);
    expect(rig.guard().holds.list()).toMatchObject([{ id, by: 'ann', reason: 'deploy' }]);
    expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
    expect(rig.guard().holds.list()).toEqual([]);
    const events = rig.events.flatMap((event) =>
      event.type === 'hold.placed' || event.type === 'hold.released' ? [[event.type, event.data.hold.id]] : [],
    );
    expect(events).toEqual([
      ['hold.placed', id],
      ['hold.released', id],
    ]);
    await rig.stop();
  });

  it('what they said of a hold, of its end and of an order stands in the audit log', async () => {
    const { rig } = await faultyWorld();
    await healthy(rig);
    const guard = rig.guard();
    const { id } = await guard.hold({ scope, reason: 'deploy', by: 'ann', note: 'CHG-7', ttlMs: 120_000 });
    await guard.release(id, { by: 'bob', note: 'CHG-7 is done' });
    await guard.respawn('web.2', { by: 'ann', note: 'new certificate' });
    const { items } = await guard.audit.list();
    const people = items.filter(({ actor }) => actor === 'ann' || actor === 'bob');
    expect(people.toReversed()).toMatchObject([
      { actor: 'ann', action: 'hold', subject: id, data: { reason: 'deploy', note: 'CHG-7' } },
      { actor: 'bob', action: 'release', subject: id, data: { reason: 'deploy', note: 'CHG-7 is done' } },
      { actor: 'ann', action: 'respawn', data: { why: 'ann ordered a respawn: new certificate.' } },
      { actor: 'ann', action: 'attempt' },
    ]);
    const { id: incidentId } = await resolved(rig);
    await expect(guard.acknowledge(incidentId, { by: 'ann' })).rejects.toMatchObject({ code: 'GUARD_INCIDENT_STATE' });
    await rig.stop();
  });

  it('who is being stopped by hand is left alone from then on, though it falls silent before it has ended', async () => {
    const { rig, orchestrator, acts } = await faultyWorld();
    await healthy(rig);
    orchestrator.world.become('web.2', 'stopping');
    rig.fleet.suffer('web.2', 'hang');
    await rig.clock.advance(60_000);
    expect(acts).toEqual([]);
    expect(rig.guard().agents.get('web.2')?.remarks).toMatchObject([
      { code: 'stopped-by-operator', text: 'Somebody is stopping web.2 by hand; it is left alone.' },
    ]);
    // It did not heed that.
    orchestrator.world.become('web.2', 'running');
    expect(await resolved(rig)).toMatchObject({ agentId: 'web.2', outcome: 'healed' });
    await rig.stop();
  });

  it('an action on a whole workload waits while somebody has stopped one of its instances', async () => {
    let orchestrator: FakeWorkloadOrchestrator | undefined;
    const agents = ['web.1', 'web.2', 'web.3'];
    const rig = await createGuardRig({
      orchestrator: (clock) => (orchestrator = new FakeWorkloadOrchestrator({ clock, workloads: { web: 3 } })),
      agents,
      groupOf: () => 'web',
      config: { ...quick, ladder: { restartScope: 'workload' } },
    });
    const world = orchestrator as FakeWorkloadOrchestrator;
    await healthy(rig);
    world.world.turn('web.3', 'stopped', { event: 'stopped' });
    world.crash('web.1');
    await rig.clock.advance(60_000);
    expect(world.executed).toEqual([]);
    expect((await rig.incidents())[0]?.because).toMatchObject({ code: 'stopped-by-operator' });
    world.world.turn('web.3', 'running', { event: 'started' });
    expect(await resolved(rig)).toMatchObject({ agentId: 'web.1', outcome: 'healed' });
    expect(world.executed.map(({ action }) => action.kind)).toEqual(['restart']);
    await rig.stop();
  });

  it('a hold stops what is done and never what is seen: the end of an incident is noticed and told', async () => {
    const { rig, acts } = await faultyWorld();
    await healthy(rig);
    await rig.guard().hold({ scope, reason: 'deploy', by: 'ann', ttlMs: hour, maintenance: true });
    rig.fleet.suffer('web.2', 'hang');
    await rig.until(async () => (await rig.incidents()).length > 0, 60_000);
    await rig.clock.advance(30_000);
    rig.fleet.recover('web.2');
    expect(await resolved(rig, 120_000)).toMatchObject({ outcome: 'self-recovered' });
    await rig.clock.advance(1_000);
    const told = rig.events.flatMap((event) => (event.type === 'notice.sent' ? [event.data.notice.kind] : []));
    expect(told).toEqual(['resolved']);
    expect(acts).toEqual([]);
    await rig.stop();
  });

  it('a window of maintenance is a hold by the clock, and what is still bad at its end is told then', async () => {
    const maintenance = [{ cron: '10 * * * *', duration: '5m', scope: { groups: ['web'] }, reason: 'patches' }];
    const { rig, orchestrator, acts } = await faultyWorld({ config: { maintenance } });
    await healthy(rig);
    await rig.until(() => rig.guard().holds.list().length > 0, 2 * hour, 10_000);
    orchestrator.crash('web.2');
    await rig.clock.advance(200_000);
    expect(acts).toEqual([]);
    const notices = (): number => rig.events.filter(({ type }) => type === 'notice.sent').length;
    expect(notices()).toBe(0);
    expect((await rig.incidents())[0]).toMatchObject({ because: { code: 'maintenance-window' } });
    expect(await resolved(rig, 300_000)).toMatchObject({ outcome: 'healed' });
    expect(notices()).toBeGreaterThan(0);
    await rig.stop();
  });

  it('what a person stopped, and what is being rolled out, is left alone', async () => {
    const { rig, orchestrator, acts } = await faultyWorld();
    await healthy(rig);
    orchestrator.world.turn('web.1', 'stopped', { event: 'stopped' });
    orchestrator.world.roll('web', 'in-progress');
    orchestrator.crash('web.2');
    await rig.clock.advance(300_000);
    expect(acts).toEqual([]);
    orchestrator.world.roll('web', undefined);
    await rig.clock.advance(120_000);
    expect(acts).toEqual(['web.2 restart']);
    await rig.stop();
  });
});
