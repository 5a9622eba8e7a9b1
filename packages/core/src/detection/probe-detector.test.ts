import { describe, expect, it } from 'vitest';
import type { ProbeSignal } from '../model/index.ts';
import { samplePolicy } from '../testing/sample-fleet.ts';
import { detectionRig } from '../../test/detection-rig.ts';

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

describe('ProbeDetector', () => {
  it('believes three failures in a row, and two successes in a row', async () => {
    const { say } = await ready();
    const down = probe('liveness', 'down', { detail: 'connection refused' });
    const up = probe('liveness', 'up');
    expect(say(down, down, up, down, down).raised).toEqual([]);
    expect(say(down).raised).toMatchObject([
      { kind: 'probe-failed', text: '3 liveness probes failed in a row: connection refused' },
    ]);
    expect(say(up, down, up).cleared).toEqual([]);
    expect(say(up).cleared).toHaveLength(1);
  });

  it('says that it lasts when twice as many have failed as count, all of them in a row and over as much time', async () => {
    const { say, run, slot, detection } = await ready();
    const down = probe('liveness', 'down');
    const isLasting = (): boolean | undefined => detection.status(slot).findings[0]?.lasting;
    say(down, down, down, down, down, down);
    expect(isLasting()).toBeUndefined();
    await run(2 * samplePolicy().probes.liveness.everyMs);
    say(down);
    expect(isLasting()).toBe(true);
    say(probe('liveness', 'up'), probe('liveness', 'up'), down, down, down, down, down);
    await run(2 * samplePolicy().probes.liveness.everyMs);
    expect(isLasting()).toBeUndefined();
    say(down);
    expect(isLasting()).toBe(true);
  });

  it('believes one question at once that was to confirm a suspicion', async () => {
    const { say } = await ready();
    expect(say(probe('health', 'down', { confirming: true, statusCode: 500 })).raised).toMatchObject([
      { kind: 'probe-failed', implies: 'failed', text: 'it did not answer well when asked: answered 500' },
    ]);
  });

  it('finds an agent that is not ready degraded and names what failed', async () => {
    const { say, slot, detection } = await ready();
    const down = probe('readiness', 'down', {
      detail: 'not ready: database',
      checks: { database: false, redis: true },
    });
    expect(say(probe('liveness', 'up'), down, down, down)).toMatchObject({
      raised: [{ kind: 'not-ready', implies: 'degraded', data: { failedChecks: ['database'] } }],
      health: [{ to: 'degraded' }],
    });
    expect(detection.status(slot).findings).toHaveLength(1);
  });

  it('does not count what the guard could not ask, nor what happens in the start grace', async () => {
    const { say, run } = await ready();
    const unknown = probe('liveness', 'unknown');
    const down = probe('liveness', 'down');
    expect(say(unknown, unknown, unknown, unknown).raised).toEqual([]);
    say({ kind: 'lifecycle', event: 'restarted' } as never);
    await run(20_000);
    expect(say(down, down, down, down).raised).toEqual([]);
    await run(11_000);
    expect(say(down, down, down).raised).toHaveLength(1);
  });

  it('ends the start grace of an instance with its first good answer', async () => {
    const { say, run } = await ready();
    const down = probe('liveness', 'down');
    say({ kind: 'lifecycle', event: 'restarted' } as never);
    await run(5_000);
    expect(say(down, probe('liveness', 'up'), down, down, down).raised).toMatchObject([{ kind: 'probe-failed' }]);
  });

  it('believes an unanswered confirming question also in the start grace', async () => {
    const { say } = await ready();
    say({ kind: 'lifecycle', event: 'restarted' } as never);
    expect(say(probe('health', 'down', { confirming: true })).raised).toMatchObject([{ kind: 'probe-failed' }]);
  });

  it('lets an agent that starts anew begin anew', async () => {
    const { say, signal, slot, tick } = await ready();
    const down = probe('liveness', 'down');
    say(down, down, down);
    signal(slot, { kind: 'lifecycle', event: 'restarted' });
    expect(tick().cleared).toHaveLength(1);
  });
});

describe('ProbeDetector, of an agent that takes questions and does not answer', () => {
  const late = (name: ProbeSignal['probe'], given: Partial<ProbeSignal> = {}) =>
    probe(name, 'down', { latencyMs: 2_000, ...given });

  /** What its finding says after each of the questions, asked one second after the other. */
  async function silentAfter(...asked: readonly ReturnType<typeof probe>[]): Promise<unknown> {
    const { say, run, detection, slot } = await ready();
    for (const one of asked) {
      say(one);
      await run(1_000);
    }
    return detection.status(slot).findings.find(({ kind }) => kind === 'probe-failed')?.data?.['silent'];
  }
  const thrice = [late('liveness'), late('liveness'), late('liveness')];

  it('says that it is silent', async () => {
    expect(await silentAfter(...thrice)).toBe(true);
    expect(await silentAfter(probe('readiness', 'up'), ...thrice, late('readiness'))).toBe(true);
    expect(await silentAfter(probe('liveness', 'down', { statusCode: 500 }), ...thrice)).toBe(true);
    expect(await silentAfter(late('health', { confirming: true }))).toBe(true);
  });

  it.each([
    ['refuses the last one', [late('liveness'), late('liveness'), probe('liveness', 'down')]],
    [
      'answered one of them badly',
      [probe('liveness', 'down', { statusCode: 500 }), late('liveness'), late('liveness')],
    ],
    ['answers for its readiness meanwhile', [late('liveness'), probe('readiness', 'up'), ...thrice, ...thrice]],
    ['answers badly for its readiness', [late('liveness'), probe('readiness', 'down', { statusCode: 503 }), ...thrice]],
    ['gives its figures later', [...thrice, probe('performance', 'up')]],
  ])('does not say so when it %s', async (_what, asked) => {
    expect(await silentAfter(...asked)).toBe(false);
  });
});

describe('ProbeDetector, when what is asked changes', () => {
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
