import type { FleetView, LogFields, Logger, PluginContext, Random, SignalDraft } from '../contracts/index.ts';
import type { EpochMs } from '../model/index.ts';
import { recordedMetrics, type RecordedMetrics } from '../runtime/metrics.ts';
import { seededRandom } from '../runtime/seeded-random.ts';
import { MemoryStateStore } from '../state/memory-state-store.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that keeps what it was told, as it was told, with the fields of its parents. */
export interface RecordingLogger extends Logger {
  /** Everything said to it and its children, oldest first. */
  readonly entries: readonly LogEntry[];
}

export function recordingLogger(): RecordingLogger {
  const entries: LogEntry[] = [];
  const make = (bound: LogFields): Logger => {
    const write = (level: LogEntry['level']) => (fields: LogFields, message: string) => {
      entries.push({ level, message, fields: { ...bound, ...fields } });
    };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (fields) => make({ ...bound, ...fields }),
    };
  };
  return { ...make({}), entries };
}

export interface RigOptions {
  /** [1] */
  readonly seed?: number | string;
  readonly startAt?: EpochMs;
}

/** Everything a subject under test may need, fresh for every test, and all of it deterministic. */
export interface Rig {
  readonly seed: number | string;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly log: RecordingLogger;
  readonly metrics: RecordedMetrics;
  readonly state: MemoryStateStore;
  /** What was reported by way of `context().ingest`. */
  readonly signals: readonly SignalDraft[];
  /** A context as the engine gives it to a plugin; `given` replaces parts of it. */
  context<Config>(config: Config, given?: Partial<PluginContext<Config>>): PluginContext<Config>;
}

const emptyFleet: FleetView = { agent: () => undefined, slotOf: () => undefined, size: 0, slots: 0 };

export function createRig(options: RigOptions = {}): Rig {
  const seed = options.seed ?? 1;
  const clock = createVirtualClock(options.startAt === undefined ? {} : { startAt: options.startAt });
  const random = seededRandom(seed, clock);
  const log = recordingLogger();
  const metrics = recordedMetrics();
  const state = new MemoryStateStore(clock);
  const signals: SignalDraft[] = [];
  const context = <Config>(config: Config, given: Partial<PluginContext<Config>> = {}): PluginContext<Config> => ({
    instance: 'subject',
    config,
    signal: new AbortController().signal,
    clock,
    random: random.fork('subject'),
    log,
    metrics,
    state,
    fleet: emptyFleet,
    ingest: (signal) => {
      signals.push(signal);
    },
    baseDir: process.cwd(),
    guardUrl: () => undefined,
    ...given,
  });
  return { seed, clock, random, log, metrics, state, signals, context };
}
