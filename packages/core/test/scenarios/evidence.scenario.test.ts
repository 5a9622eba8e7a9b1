import { describe, expect, it } from 'vitest';
import type { Incident, Notice } from '../../src/model/index.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import { fakeWorld, healthy, resolved } from './rig.ts';

const id = 'web.2';

const routed = (rig: GuardRig): readonly string[] =>
  rig
    .guard()
    .routes('web')
    .map((route) => route.agentId);

const notices = (rig: GuardRig): readonly Notice[] =>
  rig.events.filter((event) => event.type === 'notice.sent').map((event) => event.data.notice);

describe('an agent whose probes fail while its heartbeats tell of progress', () => {
  it('waits on a single kind of evidence, and is only restarted, after silentFor', async () => {
    const world = await fakeWorld();
    const { rig } = world;
    await healthy(rig);
    rig.fleet.suffer(id, 'deaf');
    // `quick` has silentFor: 1m, counted from the first suspicion, which needs three failed probes.
    await rig.clock.advance(55_000);
    const [waiting] = await rig.incidents();
    expect(waiting).toMatchObject({ state: 'open', health: 'failed', because: { code: 'single-evidence' } });
    expect(world.executed).toEqual([]);
    expect(rig.guard().agents.get(id).progress?.activeTasks).toBe(1);
    expect((await rig.guard().explain(id)).wouldChange.join()).toContain('second kind of evidence');

    const incident = await resolved(rig);
    expect(incident).toMatchObject({ outcome: 'healed' });
    expect(world.executed.map(({ action }) => action.kind)).toEqual(['restart']);
    await rig.stop();
  });

  it('is left alone when it answers again, and its incident is resolved soon, not only when the wait is over', async () => {
    const world = await fakeWorld({ heartbeat: { every: '2s', timeout: '6s', silentFor: '10m' } });
    const { rig } = world;
    await healthy(rig);
    rig.fleet.suffer(id, 'deaf');
    await rig.until(async () => (await rig.incidents())[0]?.because.code === 'single-evidence', 30_000);
    rig.fleet.recover(id);
    expect(await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 30_000)).toBe(true);
    expect((await rig.incidents())[0]).toMatchObject({ outcome: 'self-recovered', attempts: [] });
    expect(world.executed).toEqual([]);
    await rig.stop();
  });
});

describe('an agent that hangs and comes back again and again', () => {
  it('spends its attempts within their limit and ends with a person who is told', async () => {
    const world = await fakeWorld();
    const { rig } = world;
    await healthy(rig);
    for (let cycle = 0; cycle < 20; cycle += 1) {
      rig.fleet.suffer(id, 'hang', 99);
      await rig.clock.advance(8_000);
      rig.fleet.recover(id);
      await rig.clock.advance(8_000);
    }
    const [incident, ...others] = await rig.incidents();
    expect(others).toEqual([]);
    expect(incident?.attempts.map(({ plan, verdict }) => [plan.contain?.for ?? plan.rung, verdict])).toEqual([
      ['restart', 'failed'],
      ['recreate', 'failed'],
      ['respawn', 'failed'],
      // Left in the declared safe state; brought back, once, when it answered again.
      ['safe-state', 'contained'],
      ['return', 'contained'],
    ]);
    const healing = ['restart', 'recreate', 'respawn', 'retire'];
    expect(world.executed.map(({ action }) => action.kind)).toEqual([...healing, 'isolate', 'reinstate']);
    const told = notices(rig).filter((notice) => notice.kind === 'escalated');
    expect(told[0]).toMatchObject({ priority: 'critical', incidentId: incident?.id });
    // It goes on flapping, and nobody is called every time.
    expect(told.length).toBeLessThanOrEqual(2);
    expect((await rig.timeline(incident as Incident)).map((line) => line.type)).toContain('told');
    await rig.stop();
  });
});

describe('an agent that is alive but not ready', () => {
  it('is degraded and gets no work, and nothing else happens', async () => {
    const world = await fakeWorld();
    const { rig } = world;
    await healthy(rig);
    expect(routed(rig)).toContain(id);
    rig.fleet.suffer(id, 'not-ready');
    await rig.until(() => !routed(rig).includes(id), 30_000);
    // Long past every limit after which a failure would be acted on.
    await rig.clock.advance(300_000);
    expect(routed(rig)).toEqual(['web.1', 'web.3', 'web.4', 'web.5']);
    expect(rig.guard().agents.get(id)).toMatchObject({ health: 'degraded', findings: [{ kind: 'not-ready' }] });
    expect(await rig.incidents()).toEqual([]);
    expect(world.executed).toEqual([]);

    rig.fleet.recover(id);
    expect(await rig.until(() => routed(rig).includes(id), 30_000)).toBe(true);
    expect(rig.guard().agents.get(id).health).toBe('healthy');
    await rig.stop();
  });
});
