import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/model/index.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import { fakeWorld, healthy, quick } from './rig.ts';

/** A timeout so long that what is seen before it was seen by what is usual for the agent. */
const patient = { ...quick, heartbeat: { ...quick.heartbeat, every: '2s', timeout: '60s', silentFor: '5m' } };
const rarely = {
  liveness: { ...quick.probes.liveness, every: '1m' },
  readiness: { ...quick.probes.readiness, every: '1m' },
};
const id = 'web.2';

const findings = (rig: GuardRig): readonly Finding[] =>
  rig.events.flatMap((event) => (event.type === 'finding.raised' ? [event.data.finding] : []));

/** Long enough for the guard to know how the agents behave. */
async function known(config: object) {
  const world = await fakeWorld(config);
  await healthy(world.rig);
  await world.rig.clock.advance(40_000);
  return world;
}

describe('a silence that is unusual for the agent', () => {
  it('is seen long before the timeout, by questions that nobody had to wait for', async () => {
    const { rig, executed } = await known({ ...patient, probes: { ...quick.probes, ...rarely } });
    rig.fleet.suffer(id, 'hang');
    const sinceMs = rig.clock.monotonic();
    expect(await rig.until(() => executed.length > 0, 60_000)).toBe(true);
    // 2 s + pause 3 s + three questions of 1.5 s; the last one confirms.
    expect(rig.clock.monotonic() - sinceMs).toBeLessThanOrEqual(15_000);
    const silence = findings(rig).find(({ kind }) => kind === 'heartbeat-timeout');
    expect(silence?.text).toMatch(/^no heartbeat for \d.*\(usual is 2s, and it did not answer when asked twice\)$/);
    await rig.stop();
  });

  it('is left alone while the agent answers, up to the timeout', async () => {
    const { rig, executed } = await known(patient);
    rig.fleet.suffer(id, 'silent');
    await rig.clock.advance(50_000);
    expect([findings(rig), await rig.incidents()]).toEqual([[], []]);
    await rig.clock.advance(15_000);
    expect(findings(rig)).toMatchObject([{ kind: 'heartbeat-timeout', text: expect.stringContaining('(timeout 1m)') }]);
    expect(executed).toEqual([]);
    await rig.stop();
  });

  it('leaves the timeout alone where it is told to be fixed', async () => {
    const fixed = { ...patient.heartbeat, detector: 'fixed' };
    const { rig } = await known({ ...patient, heartbeat: fixed, probes: { ...quick.probes, ...rarely } });
    rig.fleet.suffer(id, 'hang');
    await rig.clock.advance(55_000);
    expect(findings(rig).filter(({ kind }) => kind === 'heartbeat-timeout')).toEqual([]);
    await rig.clock.advance(8_000);
    expect(findings(rig).filter(({ kind }) => kind === 'heartbeat-timeout')).toMatchObject([{ agentId: id }]);
    await rig.stop();
  });
});

describe('work that stands still', () => {
  it('opens an incident that says how much there is and for how long, and waits for a second kind of evidence', async () => {
    const world = await known({ ...quick, heartbeat: { ...quick.heartbeat, stalledFor: '30s' } });
    const { rig } = world;
    await rig.guard().agents.register({ id: 'queue.1', group: 'queue' });
    for (let beat = 1; beat <= 20; beat += 1) {
      rig.guard().heartbeat({ agentId: 'queue.1', seq: beat, progress: { queueDepth: 9, lastProgressAt: 7 } });
      await rig.clock.advance(2_000);
    }
    const [incident] = await rig.incidents();
    expect(incident).toMatchObject({ agentId: 'queue.1', signature: 'stalled', state: 'open' });
    expect(incident?.findings).toMatchObject([
      { evidence: 'progress', text: expect.stringContaining('0 tasks under way, 9 in its queue') },
    ]);
    rig.guard().heartbeat({ agentId: 'queue.1', seq: 21, progress: { queueDepth: 8, lastProgressAt: 8 } });
    await rig.clock.advance(5_000);
    expect(rig.guard().agents.get('queue.1').findings).toEqual([]);
    expect(world.executed).toEqual([]);
    await rig.stop();
  });
});
