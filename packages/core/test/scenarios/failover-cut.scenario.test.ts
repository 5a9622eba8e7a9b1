import { describe, expect, it } from 'vitest';
import type { Scenario, ScheduledFault } from '../../src/testing/simulation/scenario.ts';
import { strike } from '../../src/testing/simulation/stage-hands.ts';
import { Stage } from '../../src/testing/simulation/stage.ts';
import { settleDown } from '../../src/testing/simulation/verdict.ts';

/** One primary and two replicas; the primary dies, and the guard with a commit of what it does about that. */
function scenario(faults: readonly ScheduledFault[]): Scenario {
  return {
    seed: 1,
    orchestrator: 'single',
    groups: [
      {
        id: 'data',
        agents: ['data.1', 'data.2', 'data.3'],
        mode: 'auto',
        dependsOn: [],
        failover: { when: 'at-once', lagsMs: [0, 900, 100], lost: 0, cuts: true },
      },
    ],
    drain: false,
    wholeWorkload: false,
    inFlight: 1,
    quorum: 1,
    canaries: false,
    faults,
    endMs: 120_000,
  };
}

async function play(side: 'before' | 'after', skip: number): Promise<Stage> {
  const kill = { kind: 'guard-crash', downMs: 3_000, cut: { at: 'commit', side, skip } } as const;
  const faults: readonly ScheduledFault[] = [
    { id: 1, atMs: 29_900, ...kill },
    { id: 2, atMs: 30_000, kind: 'crash', agentId: 'data.1', again: 0 },
  ];
  const stage = await Stage.set(scenario(faults));
  for (const fault of faults) {
    await stage.rig.clock.advance(fault.atMs - stage.rig.clock.monotonic());
    strike(stage, fault);
  }
  await stage.rig.clock.advance(90_000);
  stage.heal();
  await settleDown(stage);
  return stage;
}

describe('a guard that is killed in the middle of a failover', () => {
  const skips = Array.from({ length: 14 }, (_, at) => at);

  it.each(skips)('leaves one primary, and none that was not fenced, when commit %i is its last', async (skip) => {
    for (const side of ['before', 'after'] as const) {
      const stage = await play(side, skip);
      expect(stage.recorder.lines.some((line) => line.includes(`cut ${side} commit`))).toBe(true);
      expect(stage.recorder.violations).toEqual([]);
      expect(stage.failovers.complaints()).toEqual([]);
      await stage.rig.stop();
    }
  });
});
