import { assembleGuard } from '../di/create-guard.ts';
import type { GuardApi, PluginManifest } from '../contracts/index.ts';
import { guardError, messageOf } from '../contracts/index.ts';
import type { Ms } from '../model/index.ts';
import { createVirtualClock, noopLogger } from '../runtime/index.ts';
import { Answers } from './answers.ts';
import { memoryPlace, outputsOf } from './memory-place.ts';
import { Operations } from './operations.ts';
import type { RecordData } from './record-data.ts';
import type { HeaderLine, InputLine, OutputLine } from './record-format.ts';
import { RecordingClock } from './recording-clock.ts';
import type { ReplayPorts } from './replay-components.ts';
import { Listings } from './replay-components.ts';
import { replayAgentClient } from './replay-agent-client.ts';
import { replayProber } from './replay-prober.ts';
import { resealing } from './resealed.ts';
import { seededStore } from './seeded-store.ts';
import { substitutes } from './substitutes.ts';
import { passTurns } from './turns.ts';

/** Stands for every secret: a replay shows itself to nobody. Longer than any plugin asks a secret to be. */
const secretStandIn = 'replayed-'.repeat(10);
/** Signs approvals: that of the recorded guard is in no record. */
const approvalKey = new Uint8Array(32);
/** A guard stops within this, or never. */
const stopMs: Ms = 60_000;
/** A replay may be this far behind the record, as a store in memory and one on a disk differ: effects wait for their causes. */
const lagMs: Ms = 250;
/** Inputs between two reports of progress. */
const progressEvery = 5_000;

export interface ReplayOptions {
  /** Another config: a file, or an object of the same shape. [the one that was recorded] */
  readonly config?: string | object;
  /** Folder against which plugins are found. [that of the config file; the one that was recorded] */
  readonly configDir?: string;
  /** Plugins that are there already, by the name the config uses for them. */
  readonly plugins?: { readonly [use: string]: PluginManifest };
  /** Told now and then how much is done, 0–1. */
  readonly onProgress?: (done: number) => void;
}

/** What a replay brought. */
export interface Replayed {
  /** What the guard decided this time, up to the end of the record. */
  readonly outputs: readonly OutputLine[];
  readonly configHash: string;
  /** Calls the record does not have: they were supposed to succeed. By what they were about, with their number. */
  readonly supposed: readonly { readonly call: string; readonly times: number }[];
  /** What people asked for that was refused this time, with why. */
  readonly refused: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Runs a whole guard through a record on a virtual clock, with its answers given from the record: nothing reaches out of
 * the process. It ends where the record ends. Errors: those of `createGuard`, and `GUARD_REPLAY_PLUGIN`.
 */
export async function replay(record: RecordData, options: ReplayOptions = {}): Promise<Replayed> {
  const theatre = await Theatre.set(record, options);
  try {
    await theatre.play(options.onProgress);
    return theatre.result();
  } finally {
    await theatre.stop();
  }
}

/** A guard in a world that is made of a record. */
class Theatre {
  readonly #record: RecordData;
  readonly #virtual;
  readonly #clock: RecordingClock;
  readonly #ports: ReplayPorts;
  readonly #place = memoryPlace();
  readonly #warnings: string[] = [];
  #guard: GuardApi | undefined;
  #operations: Operations | undefined;
  #configHash = '';

  private constructor(record: RecordData) {
    const { wall, t } = record.header;
    this.#record = record;
    this.#virtual = createVirtualClock({ startAt: wall, startMs: t });
    // It counts what the recorder in the guard counts, so that inputs come between the same timers.
    this.#clock = new RecordingClock(this.#virtual);
    this.#ports = {
      answers: new Answers(record.answers, this.#virtual, record.endMs),
      listings: new Listings(),
      clock: this.#virtual,
    };
  }

  static async set(record: RecordData, options: ReplayOptions): Promise<Theatre> {
    const theatre = new Theatre(record);
    const { header } = record;
    const guard = await assembleGuard(options.config ?? header.config, {
      clock: theatre.#clock,
      logger: noopLogger,
      ...folderOf(options, header),
      ...(options.plugins ? { plugins: options.plugins } : {}),
      seed: theatre.#seed(header),
      secretStandIn,
      approvalKey,
      store: await seededStore(record, theatre.#clock, resealing(record, approvalKey)),
      prober: replayProber(theatre.#ports.answers),
      agentClient: replayAgentClient(theatre.#ports.answers),
      record: theatre.#place,
      substitute: substitutes({ header, ports: theatre.#ports, warn: (text) => theatre.#warnings.push(text) }),
    });
    theatre.#guard = guard;
    theatre.#configHash = guard.status().configVersion;
    theatre.#operations = new Operations(guard, record.answeredOperations);
    return theatre;
  }

  async play(onProgress: ReplayOptions['onProgress']): Promise<void> {
    let failed: Error | undefined;
    (this.#guard as GuardApi).start().catch((thrown: unknown) => (failed = asError(thrown)));
    await this.#virtual.settle();
    const { inputs, endMs } = this.#record;
    for (const [at, line] of inputs.entries()) {
      if (failed) throw failed;
      if (line.k === 'end') break;
      await this.#runTo(line.k === 'stall' ? line.t - line.ms : line.t, line.c ?? 0);
      await this.#awaitCause(line);
      if (this.#inject(line)) await this.#letFollow(line, inputs[at + 1]);
      if (at % progressEvery === 0) onProgress?.(at / inputs.length);
    }
    await this.#runTo(endMs, Infinity);
    if (failed) throw failed;
    onProgress?.(1);
  }

  result(): Replayed {
    const { hypothetical } = this.#ports.answers;
    return {
      outputs: outputsOf(this.#place.lines),
      configHash: this.#configHash,
      supposed: [...hypothetical].map(([call, times]) => ({ call, times })),
      refused: this.#operations?.refused ?? [],
      warnings: this.#warnings,
    };
  }

  async stop(): Promise<void> {
    const guard = this.#guard as GuardApi;
    const stopping = guard.stop().catch((thrown: unknown) => this.#warnings.push(`the stop: ${messageOf(thrown)}`));
    await this.#virtual.advance(stopMs);
    await stopping;
  }

  /** Runs the timers before a moment, and at the moment as many of the guard's as had run when the line was written. */
  async #runTo(ms: Ms, timers: number): Promise<void> {
    for (let next = this.#virtual.nextMs; next !== undefined && next <= ms; next = this.#virtual.nextMs) {
      if (next >= ms && this.#clock.ranAt(ms) >= timers) break;
      this.#virtual.step(ms);
      await this.#virtual.settle();
    }
    if (this.#virtual.monotonic() < ms) this.#virtual.skipTo(ms);
  }

  /** What an action brought about comes after the action, although the replay may come to it a little later than the run. */
  async #awaitCause(line: InputLine): Promise<void> {
    const cause = this.#record.causes.get(line);
    if (!cause) return;
    const untilMs = line.t + lagMs;
    while (!this.#ports.answers.wasMade(cause) && (this.#virtual.nextMs ?? Infinity) <= untilMs) {
      this.#virtual.step(untilMs);
      await this.#virtual.settle();
    }
  }

  /** What follows from an input goes on until nothing does, or the next input of the same turn comes in between. */
  async #letFollow(line: InputLine, next: InputLine | undefined): Promise<void> {
    const together = next?.t === line.t && next.c === line.c;
    if (next?.u !== undefined) return passTurns(next.u);
    // Whoever waited for one answer may have asked for the next thing in the same turn.
    if (together && line.k === 'opd' && next.k === 'op') return;
    const settled = this.#virtual.settle();
    await (together && next.k === 'opd' ? Promise.race([this.#operations?.ended(next.n), settled]) : settled);
  }

  /** @returns whether something may follow from it by promises. */
  #inject(line: InputLine): boolean {
    const guard = this.#guard as GuardApi;
    switch (line.k) {
      case 'b':
        guard.heartbeat((line.b ?? { agentId: line.a, seq: line.s }) as Parameters<GuardApi['heartbeat']>[0]);
        return false;
      case 'sig':
        ignoringRefusal(() => guard.ingest(line.d as unknown as Parameters<GuardApi['ingest']>[0]));
        return false;
      case 'wall':
        this.#virtual.jumpWall(line.by);
        return false;
      case 'stall':
        this.#virtual.skipTo(line.t);
        return false;
      case 'inv':
        this.#ports.listings.arrive(line);
        return true;
      case 'a':
        this.#ports.answers.arrive(line);
        return true;
      case 'op':
        this.#operations?.do(line);
        return true;
      case 'opd':
        return true;
      case 'end':
        return false;
    }
  }

  #seed({ seed }: HeaderLine): string {
    if (seed !== undefined) return seed;
    this.#warnings.push('the guard was given a source of chance of its own: ids and jitter are others in the replay');
    return 'replay';
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : guardError('GUARD_INVARIANT', { what: messageOf(thrown) });
}

function folderOf({ config, configDir }: ReplayOptions, { baseDir }: HeaderLine): { readonly configDir?: string } {
  if (configDir !== undefined) return { configDir };
  return config === undefined ? { configDir: baseDir } : {};
}

/** Refused then as now: the record has what was said, not what was accepted. */
function ignoringRefusal(run: () => void): void {
  try {
    run();
  } catch {
    // The guard's answer went to whoever said it.
  }
}
