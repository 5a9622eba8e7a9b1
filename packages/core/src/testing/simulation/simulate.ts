import { createHash } from 'node:crypto';
import { messageOf } from '../../contracts/index.ts';
import type { Violation } from './recorder.ts';
import type { Scenario } from './scenario.ts';
import { drawScenario } from './draw.ts';
import { Stage } from './stage.ts';
import { partsFromReplay } from './replayed.ts';
import { strike } from './stage-hands.ts';
import { settleDown } from './verdict.ts';

export interface SimulateOptions {
  /** Ids of the scheduled faults that take place. [all] */
  readonly keep?: readonly number[];
  /** Replays every life of the guard as well, and holds the replay against the run (I11). [no] */
  readonly replay?: boolean;
}

export interface SimulationResult {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly violations: readonly Violation[];
  /** The merged log of faults, calls and events. */
  readonly log: readonly string[];
  /** SHA-256 of the log: the same seed gives the same. */
  readonly digest: string;
  /** Virtual time that passed, in ms. */
  readonly passedMs: number;
}

/**
 * Runs a whole guard through the scenario of a seed on the virtual clock and holds it against the promises I1–I8, I10 and
 * I12, and with `replay` I11; I9 is the caller's, by running a seed twice and comparing `digest`.
 */
export async function simulate(seed: number, options: SimulateOptions = {}): Promise<SimulationResult> {
  const drawn = drawScenario(seed);
  const { keep } = options;
  const scenario = keep ? { ...drawn, faults: drawn.faults.filter((fault) => keep.includes(fault.id)) } : drawn;
  const stage = await Stage.set(scenario, options.replay === true);
  const { rig, recorder } = stage;
  const onUnhandled = (reason: unknown): void =>
    recorder.violate('I10', `unhandled rejection: ${reason instanceof Error ? (reason.stack ?? '') : String(reason)}`);
  process.on('unhandledRejection', onUnhandled);
  try {
    await play(stage);
    await settleDown(stage);
    await rig.stop();
    if (rig.clock.pendingTimers > 0) recorder.violate('I10', `${rig.clock.pendingTimers} timers after the stop`);
    for (const place of rig.records) {
      const parts = await partsFromReplay(place);
      if (parts !== undefined) recorder.violate('I11', parts);
    }
  } catch (thrown) {
    recorder.violate('I10', `the run broke off: ${thrown instanceof Error ? thrown.stack : messageOf(thrown)}`);
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
  const log = recorder.lines;
  const digest = createHash('sha256').update(log.join('\n')).digest('hex');
  return { seed, scenario, violations: recorder.violations, log, digest, passedMs: rig.clock.monotonic() };
}

async function play(stage: Stage): Promise<void> {
  const { rig, scenario } = stage;
  const until = (atMs: number): Promise<void> => rig.clock.advance(Math.max(0, atMs - rig.clock.monotonic()));
  for (const fault of scenario.faults) {
    await until(fault.atMs);
    strike(stage, fault);
  }
  await until(scenario.endMs);
  stage.heal();
}
