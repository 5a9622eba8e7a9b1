import { describe, expect, it } from 'vitest';
import type { ProbeSignal } from '../model/index.ts';
import { samplePolicy } from '../testing/sample-fleet.ts';
import { detectionRig } from '../../test/detection-rig.ts';

describe('ProbeDetector, when what is asked changes', () => {
  const probe = (name: ProbeSignal['probe'], outcome: ProbeSignal['outcome'], given: Partial<ProbeSignal> = {}) =>
    ({ kind: 'probe', probe: name, outcome, latencyMs: 1, ...given }) as const;

  async function ready() {
    const rig = detectionRig();
    const slot = rig.add();
    await rig.run(31_000);
    const say = (...signals: ReturnType<typeof probe>[]) => {
      for (const one of signals) rig.signal(slot, one);
      return rig.tick();
    };
    return { ...rig, slot, say };
  }

  it('has an agent that is asked only to confirm asked again until it answers', async () => {
    const { say, slot, policies, detection, fleet, run } = await ready();
    const { probes } = samplePolicy();
    policies.set('a', { ...samplePolicy(), probes: { ...probes, liveness: { ...probes.liveness, path: '' } } });
    fleet.register({ id: 'a', group: 'g', instance: 'a-1', endpoint: 'http://10.0.0.1', labels: { changed: 'yes' } });
    detection.policyChanged(slot);
    expect(say(probe('health', 'down', { confirming: true })).raised).toMatchObject([{ kind: 'probe-failed' }]);
    expect((await run(60_000)).confirm.length).toBeGreaterThanOrEqual(5);
    const up = probe('health', 'up', { confirming: true });
    expect(say(up, up).cleared).toHaveLength(1);
    expect((await run(60_000)).confirm).toEqual([]);
  });

  it('holds nothing against an agent that it is not asked any more', async () => {
    const { say, slot, policies, detection, fleet, tick } = await ready();
    const down = probe('readiness', 'down');
    expect(say(down, down, down).raised).toMatchObject([{ kind: 'not-ready' }]);
    const { probes } = samplePolicy();
    policies.set('a', { ...samplePolicy(), probes: { ...probes, readiness: { ...probes.readiness, path: '' } } });
    fleet.register({ id: 'a', group: 'g', instance: 'a-1', endpoint: 'http://10.0.0.1', labels: { changed: 'yes' } });
    detection.policyChanged(slot);
    expect(tick().cleared).toHaveLength(1);
  });
});
