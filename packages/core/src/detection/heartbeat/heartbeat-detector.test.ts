import { describe, expect, it } from 'vitest';
import type { Doubt } from '../../contracts/index.ts';
import type { HeartbeatPolicy } from '../../model/index.ts';
import { samplePolicy } from '../../testing/sample-fleet.ts';
import { detectionRig } from '../../../test/detection-rig.ts';

const policy = (given: Partial<HeartbeatPolicy> = {}) =>
  samplePolicy({ heartbeat: { ...samplePolicy().heartbeat, ...given } });
const no = { kind: 'probe', probe: 'liveness', outcome: 'down', latencyMs: 1 } as const;
const yes = { kind: 'probe', probe: 'liveness', outcome: 'up', latencyMs: 1 } as const;

/** An agent that has sent a heartbeat every half minute for ten minutes, the last of them now. */
async function regular(heartbeat: Partial<HeartbeatPolicy> = {}, doubt?: Doubt) {
  const rig = detectionRig(policy(heartbeat), [], doubt);
  const slot = rig.add();
  const beats = async (count: number): Promise<void> => {
    for (let beat = 0; beat < count; beat += 1) {
      await rig.run(29_000);
      await rig.run(1_000, () => rig.beat(slot));
    }
  };
  await beats(20);
  return { ...rig, slot, beats };
}

describe('HeartbeatDetector with phi', () => {
  it('asks at once when a silence is unusual, and holds nothing against an agent that answers', async () => {
    const { run, signal, slot } = await regular();
    // 30 s + pause 3 s + 4.3 × 100 ms.
    expect((await run(33_000)).ask).toEqual([]);
    expect(await run(1_000)).toMatchObject({ ask: [slot], raised: [], confirm: [] });
    signal(slot, yes);
    expect(await run(55_000)).toMatchObject({ ask: [], raised: [] });
    expect((await run(1_000)).raised).toMatchObject([{ text: 'no heartbeat for 1m30s (timeout 1m30s)' }]);
  });

  it('believes an unusual silence once two questions were not answered', async () => {
    const { run, signal, slot } = await regular();
    await run(34_000);
    signal(slot, no);
    expect(await run(1_000)).toMatchObject({ ask: [slot], raised: [] });
    signal(slot, no);
    expect(await run(1_000)).toMatchObject({
      ask: [],
      confirm: [slot],
      raised: [
        {
          kind: 'heartbeat-timeout',
          evidence: 'heartbeat',
          text: 'no heartbeat for 36s (usual is 30s, and it did not answer when asked twice)',
        },
      ],
    });
  });

  it('needs no question of its own when the usual ones were not answered', async () => {
    const { run, signal, slot } = await regular();
    await run(20_000);
    signal(slot, no);
    await run(10_000);
    signal(slot, no);
    expect((await run(3_000)).raised).toEqual([]);
    expect((await run(2_000)).raised).toMatchObject([{ kind: 'heartbeat-timeout' }]);
  });

  it('takes it back when the agent answers, and when it sends a heartbeat', async () => {
    const { run, signal, beat, slot } = await regular();
    for (const undo of [() => signal(slot, yes), () => beat(slot)]) {
      signal(slot, no);
      await run(1_000);
      signal(slot, no);
      expect((await run(40_000)).raised).toHaveLength(1);
      undo();
      expect((await run(1_000)).cleared).toHaveLength(1);
    }
  });

  it('counts no question that the guard could not ask', async () => {
    const { run, signal, slot } = await regular();
    await run(34_000);
    const { raised } = await run(50_000, () => signal(slot, { ...no, outcome: 'unknown' }));
    expect(raised).toEqual([]);
  });

  it('waits for the timeout while it knows too little of an agent', async () => {
    const rig = detectionRig();
    const slot = rig.add();
    for (let beat = 0; beat < 10; beat += 1) {
      await rig.run(29_000);
      await rig.run(1_000, () => rig.beat(slot));
    }
    const { ask, raised } = await rig.run(89_000, () => rig.signal(slot, no));
    expect([ask, raised.filter(({ kind }) => kind === 'heartbeat-timeout')]).toEqual([[], []]);
    expect((await rig.run(1_000)).raised).toMatchObject([{ kind: 'heartbeat-timeout' }]);
  });

  it('gives an agent whose heartbeats come unevenly more time', async () => {
    const rig = detectionRig(policy({ timeoutMs: 600_000, everyMs: 30_000 }));
    const slot = rig.add();
    for (const seconds of [10, 50, 30, 70, 20, 10, 60, 30, 20, 50, 10, 40, 60]) {
      await rig.run(seconds * 1_000 - 1_000);
      await rig.run(1_000, () => rig.beat(slot));
    }
    expect((await rig.run(100_000)).ask).toEqual([]);
    expect((await rig.run(60_000)).ask).toEqual([slot]);
  });

  it('learns nothing from an incident, nor from the first interval after it', async () => {
    const { run, beats, beat, detection, slot } = await regular();
    detection.setTroubled(slot, true);
    for (let at = 0; at < 10; at += 1) {
      await run(79_000);
      await run(1_000, () => beat(slot));
    }
    detection.setTroubled(slot, false);
    await run(79_000);
    await run(1_000, () => beat(slot));
    await beats(1);
    expect((await run(33_000)).ask).toEqual([]);
    expect((await run(1_000)).ask).toEqual([slot]);
  });

  it('learns nothing from the time between two instances', async () => {
    const { run, beat, fleet, detection, slot } = await regular();
    fleet.register({ id: 'a', group: 'g', instance: 'a-2', generation: 2, endpoint: 'http://10.0.0.1' });
    detection.reset(slot);
    await run(1_000, () => beat(slot));
    expect((await run(89_000)).ask).toEqual([]);
  });

  it('asks nothing and suspects nobody before the timeout when it is told to be fixed', async () => {
    const { run, signal, slot } = await regular({ detector: 'fixed' });
    const { ask, raised } = await run(89_000, () => signal(slot, no));
    expect(ask).toEqual([]);
    expect(raised.filter(({ kind }) => kind === 'heartbeat-timeout')).toEqual([]);
    expect((await run(1_000)).raised).toMatchObject([{ text: 'no heartbeat for 1m30s (timeout 1m30s)' }]);
  });
});

describe('HeartbeatDetector, while the guard is not itself', () => {
  it('counts no time that the guard slept through, and learns nothing from it', async () => {
    const { run, clock, tick, beats, slot } = await regular();
    await run(10_000);
    await clock.advance(300_000);
    expect(tick()).toMatchObject({ ask: [], raised: [] });
    expect((await run(23_000)).ask).toEqual([]);
    expect((await run(40_000)).ask).toEqual([slot]);
    expect((await run(17_000)).raised).toMatchObject([{ kind: 'heartbeat-timeout' }]);
    await beats(3);
    expect((await run(33_000)).ask).toEqual([]);
    expect((await run(1_000)).ask).toEqual([slot]);
  });

  it('waits longer by as much as the guard doubts itself, and no longer once that is over', async () => {
    const doubt = { multiplier: 0, canaryFailed: undefined, stretch: () => doubt.multiplier + 1 };
    const { run, slot } = await regular({}, doubt);
    doubt.multiplier = 2;
    expect((await run(100_000)).ask).toEqual([]);
    expect(await run(10_000)).toMatchObject({ ask: [slot], raised: [] });
    expect((await run(155_000)).raised).toEqual([]);
    expect((await run(6_000)).raised).toMatchObject([
      { text: expect.stringContaining('3 times as long is waited, because the guard doubts itself') },
    ]);
  });

  it('does not go on waiting for those it gave more time, once its doubt is over', async () => {
    const doubt = { multiplier: 8, canaryFailed: undefined, stretch: () => doubt.multiplier + 1 };
    const { run } = await regular({}, doubt);
    expect((await run(120_000)).raised).toEqual([]);
    doubt.multiplier = 0;
    expect((await run(6_000)).raised).toMatchObject([{ kind: 'heartbeat-timeout' }]);
  });

  it('is armed at once for an agent that an earlier run of the guard has heard of', async () => {
    const first = detectionRig();
    const slot = first.add();
    first.fleet.heard(slot);
    const record = first.fleet.record(slot);
    const second = detectionRig();
    const { slot: again } = second.fleet.restore(record ?? {});
    second.detection.reset(again);
    expect((await second.run(89_000)).raised).toEqual([]);
    expect((await second.run(1_000)).raised).toMatchObject([{ kind: 'heartbeat-timeout' }]);
  });

  it('is not armed for an instance that took the place of the one that was heard of', async () => {
    const first = detectionRig();
    const slot = first.add();
    first.fleet.heard(slot);
    const record = first.fleet.record(slot);
    const second = detectionRig();
    const { slot: again } = second.fleet.restore(record ?? {});
    second.fleet.register({ id: 'a', group: 'g', instance: 'a-2', generation: 2 });
    second.detection.reset(again);
    expect((await second.run(600_000)).raised).toEqual([]);
  });
});
