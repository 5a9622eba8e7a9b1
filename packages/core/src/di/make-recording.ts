import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Clock, Random } from '../contracts/index.ts';
import type { LoadedConfig } from '../config/load.ts';
import { RecordFiles } from '../replay/record-files.ts';
import type { RecordPlace } from '../replay/recording.ts';
import { Recording } from '../replay/recording.ts';

export interface RecordingInputs {
  readonly clock: Clock;
  readonly baseDir: string;
  readonly options: { readonly record?: RecordPlace; readonly seed?: string; readonly random?: Random };
}

/** The record of a guard that keeps one: where its options or else its config say. */
export function makeRecording(loaded: LoadedConfig, inputs: RecordingInputs): Recording | undefined {
  const { clock, baseDir, options } = inputs;
  const settings = loaded.config.recording;
  if (!options.record && !settings) return undefined;
  const run = randomBytes(6).toString('hex');
  // Chance that an embedder brought cannot be told, and is not drawn again by a replay.
  const seed = options.random ? undefined : (options.seed ?? randomBytes(16).toString('hex'));
  const recording: Recording = new Recording({
    clock,
    loaded,
    run,
    baseDir,
    ...(seed === undefined ? {} : { seed }),
    place:
      options.record ??
      new RecordFiles({
        ...(settings as NonNullable<typeof settings>),
        directory: resolve(baseDir, settings?.directory ?? ''),
        run,
        clock,
        degraded: (why) => recording.degraded(why),
      }),
  });
  return recording;
}
