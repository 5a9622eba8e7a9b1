/**
 * R06. The incident that taught it: a health check that lied alone, from a full disk of the checker or a proxy between,
 * restarted services that worked, again and again.
 */
import { describe, expect, it } from 'vitest';
import { createGuardRig, FakeOrchestrator } from '../../src/testing/index.ts';
import { fakeWorld, healthy, quick, resolved } from '../scenarios/rig.ts';

const kindsOf = (executed: readonly { readonly action: { readonly kind: string } }[]): readonly string[] =>
  executed.map(({ action }) => action.kind);

describe('R06: two independent kinds of evidence', () => {
  it('does nothing for one kind alone, and says which is missing', async () => {
    const { rig, executed } = await fakeWorld({ heartbeat: { every: '2s', timeout: '6s', silentFor: '10m' } });
    await healthy(rig);
    // Its heartbeats go on; only the probes hear nothing.
    rig.fleet.suffer('web.2', 'deaf');
    await rig.until(async () => (await rig.incidents()).length > 0, 60_000);
    await rig.clock.advance(300_000);
    expect(executed).toEqual([]);
    expect((await rig.incidents())[0]).toMatchObject({ state: 'open', because: { code: 'single-evidence' } });
    await rig.stop();
  });

  it('lets one kind that lasts go no further than a restart', async () => {
    const { rig, executed } = await fakeWorld();
    await healthy(rig);
    rig.fleet.suffer('web.2', 'deaf', 5);
    await rig.until(async () => (await rig.incidents())[0]?.state === 'escalated', 900_000);
    expect(new Set(kindsOf(executed))).toEqual(new Set(['restart']));
    await rig.stop();
  });

  it('restarts an agent that offers one kind only when its checks have failed twice as long as makes them count', async () => {
    const { rig, executed } = await fakeWorld({ heartbeat: { every: '2s', expect: 'off', silentFor: '10m' } });
    await healthy(rig);
    const since = rig.clock.now();
    rig.fleet.suffer('web.2', 'deaf');
    await rig.until(() => executed.length > 0, 60_000);
    expect(kindsOf(executed)).toEqual(['restart']);
    // Six probes, one every 2 s.
    expect(rig.clock.now() - since).toBeGreaterThan(10_000);
    expect(rig.clock.now() - since).toBeLessThan(16_000);
    await rig.stop();
  });

  it('does so for one that only its orchestrator checks, unless the check passes meanwhile', async () => {
    let world: FakeOrchestrator | undefined;
    const rig = await createGuardRig({
      orchestrator: (clock) =>
        (world = new FakeOrchestrator({ clock, agents: [{ id: 'web.1', group: 'web', checked: true }] })),
      agents: [],
      groupOf: () => 'web',
      config: quick,
    });
    const { executed, world: containers } = world as FakeOrchestrator;
    containers.turn('web.1', undefined, { event: 'healthy' });
    await healthy(rig);
    expect((await rig.guard().explain('web.1')).wouldChange.join()).toMatch(
      /opened by a health check of \S+ that fails, or its end, .+; it is restarted when its only check has failed twice as long/,
    );
    const verdict = { event: 'unhealthy', lastsInMs: 20_000 } as const;
    containers.turn('web.1', undefined, verdict);
    await rig.clock.advance(19_000);
    containers.turn('web.1', undefined, { event: 'healthy' });
    await rig.clock.advance(60_000);
    expect(executed).toEqual([]);
    containers.turn('web.1', undefined, verdict);
    await rig.clock.advance(19_000);
    expect(executed).toEqual([]);
    await rig.clock.advance(4_000);
    expect(kindsOf(executed)).toEqual(['restart']);
    containers.turn('web.1', undefined, { event: 'healthy' });
    await rig.until(async () => (await rig.incidents()).every(({ state }) => state === 'resolved'), 60_000);
    expect((await rig.incidents()).map((incident) => 'outcome' in incident && incident.outcome)).toEqual([
      'healed',
      'self-recovered',
    ]);
    await rig.stop();
  });

  it('acts on two: silence, and no answer when asked', async () => {
    const { rig, executed } = await fakeWorld();
    await healthy(rig);
    rig.fleet.suffer('web.2', 'hang');
    const incident = await resolved(rig);
    expect(incident).toMatchObject({ outcome: 'healed' });
    expect(executed).toHaveLength(incident.attempts.length);
    await rig.stop();
  });

  it('acts on a proven exit alone: to start what is dead destroys nothing', async () => {
    const { rig, kill, executed } = await fakeWorld();
    await healthy(rig);
    kill('web.2');
    await rig.clock.advance(1_000);
    expect(kindsOf(executed)).toEqual(['restart']);
    await rig.stop();
  });

  it('keeps nobody from being called where a person decides anyway, and still does nothing on one kind', async () => {
    const rules = [{ when: 'agent.id == "web.2"', set: 'dataLossRisk', reason: 'it holds the only copy' }];
    const heartbeat = { every: '2s', timeout: '6s', silentFor: '10m' };
    const { rig, executed } = await fakeWorld({ heartbeat, severity: { rules } });
    await healthy(rig);
    rig.fleet.suffer('web.2', 'deaf');
    await rig.until(async () => (await rig.incidents())[0]?.state === 'awaiting-approval', 60_000);
    const [incident] = await rig.incidents();
    expect(incident?.because.text).toContain('One kind of evidence alone (probe)');
    await rig.clock.advance(60_000);
    const told = rig.events.flatMap((event) => (event.type === 'notice.sent' ? [event.data.notice] : []));
    expect(told.find(({ kind }) => kind === 'approval')).toMatchObject({ priority: 'critical' });
    expect(executed).toEqual([]);
    await rig.stop();
  });
});
