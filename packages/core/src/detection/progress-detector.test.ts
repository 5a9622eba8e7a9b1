import { describe, expect, it } from 'vitest';
import type { Progress } from '../model/index.ts';
import { detectionRig } from '../../test/detection-rig.ts';

async function working(progress: Progress) {
  const rig = detectionRig();
  const slot = rig.add();
  const tell = (more: Progress = {}): void =>
    rig.signal(slot, { kind: 'heartbeat', progress: { ...progress, ...more } });
  await rig.run(1_000, () => tell({ lastProgressAt: 1 }));
  return { ...rig, slot, tell };
}

describe('ProgressDetector', () => {
  it('suspects an agent whose work stands still, and not one second sooner than it is allowed', async () => {
    const { run, beat, slot } = await working({ activeTasks: 2, queueDepth: 7 });
    expect((await run(599_000, () => beat(slot))).raised).toEqual([]);
    expect((await run(2_000, () => beat(slot))).raised).toMatchObject([
      {
        kind: 'stalled',
        evidence: 'progress',
        implies: 'degraded',
        text: 'no progress for 10m (at most 10m) with 2 tasks under way, 7 in its queue',
      },
    ]);
  });

  it('counts work in the queue alone, and work under way alone', async () => {
    for (const progress of [{ activeTasks: 1 }, { queueDepth: 1 }]) {
      const { run, beat, slot } = await working(progress);
      expect((await run(602_000, () => beat(slot))).raised).toHaveLength(1);
    }
  });

  it('never suspects an agent that has nothing to do', async () => {
    const { run, beat, slot } = await working({ activeTasks: 0, queueDepth: 0 });
    expect((await run(3_600_000, () => beat(slot))).raised).toEqual([]);
  });

  it('never suspects an agent that gets on, however slowly', async () => {
    const { run, tell } = await working({ activeTasks: 1 });
    let at = 1;
    const { raised } = await run(3_600_000, () => {
      at += 1;
      tell({ lastProgressAt: Math.floor(at / 500) });
    });
    expect(raised).toEqual([]);
  });

  it('takes a completed task for an advance', async () => {
    const { run, signal, slot } = await working({ queueDepth: 3 });
    let second = 0;
    const { raised } = await run(1_800_000, () => {
      second += 1;
      const metrics = { tasks_completed: Math.floor(second / 300) };
      signal(slot, { kind: 'heartbeat', progress: { queueDepth: 3 }, metrics });
    });
    expect(raised).toEqual([]);
  });

  it('never suspects an agent that does not say when it got on', async () => {
    const rig = detectionRig();
    const slot = rig.add();
    const { raised } = await rig.run(3_600_000, () =>
      rig.signal(slot, { kind: 'heartbeat', progress: { activeTasks: 1 } }),
    );
    expect(raised).toEqual([]);
  });

  it('does not hold it against the work that the agent fell silent', async () => {
    const { run, signal, slot } = await working({ activeTasks: 1 });
    const metrics = { tasks_completed: 3 };
    const { raised } = await run(3_600_000, () => signal(slot, { kind: 'metrics', metrics }));
    expect(raised.filter(({ kind }) => kind === 'stalled')).toEqual([]);
  });

  it('takes it back when the work advances, and when it is done', async () => {
    for (const good of [{ lastProgressAt: 2 }, { activeTasks: 0 }]) {
      const { run, beat, slot, tell } = await working({ activeTasks: 1 });
      await run(602_000, () => beat(slot));
      tell(good);
      expect((await run(1_000)).cleared).toMatchObject([{ findingId: 'progress:stalled:progress' }]);
    }
  });
});
