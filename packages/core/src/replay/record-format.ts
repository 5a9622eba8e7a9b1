import type { Capability, Json, JsonObject, Ms, EpochMs } from '../model/index.ts';

/** Of the lines below. A reader refuses another one. */
export const recordFormat = 1;

/**
 * One line of a record. `t` is the guard's monotonic clock, unrounded: a replay must put a line before or after a timer.
 * `c` counts the guard's own timers that had run at this very moment: it tells what came first when times are equal, as
 * they are on a virtual clock. [0]
 */
interface Timed {
  readonly t: Ms;
  readonly c?: number;
  /** So many turns of the microtask queue after the input before it, in the same turn of the event loop. [a later one] */
  readonly u?: number;
}

/** What a component offered that answers the guard, so that a replay can stand in for it. */
export interface RecordedOrchestrator {
  readonly supports: readonly Capability[];
  /** Which of the calls that may be left out it has. */
  readonly can: readonly string[];
}

/** The first line of every segment. */
export interface HeaderLine {
  readonly k: 'header';
  readonly format: number;
  readonly core: string;
  /** `process.version`. */
  readonly node: string;
  /** Names the life of the guard; the segments of one life have the same. */
  readonly run: string;
  /** Counts from 1 in a life. */
  readonly segment: number;
  /** Wall clock and monotonic clock when the segment began. */
  readonly wall: EpochMs;
  readonly t: Ms;
  /** Of the guard's chance; it is no key. Absent when the embedder brought a source of chance of its own. */
  readonly seed?: string;
  readonly configHash: string;
  /** As written, with references instead of secrets. */
  readonly config: JsonObject;
  readonly plugins: readonly RecordedPlugin[];
  readonly orchestrators: { readonly [name: string]: RecordedOrchestrator };
  readonly notifiers: { readonly [name: string]: { readonly threads: boolean } };
  readonly store: { readonly durable: boolean; readonly shared: boolean };
  /** Folder against which the config's paths were resolved. */
  readonly baseDir: string;
  /** Keys of the store that were left out, because there was more than fits. [0] */
  readonly stateLeftOut?: number;
}

export interface RecordedPlugin {
  readonly instance: string;
  readonly use: string;
  readonly name: string;
  readonly version: string;
  /** Names of its contributions, by kind. */
  readonly contributes: { readonly [kind: string]: readonly string[] };
}

/** A key of the store as it was when the segment began. */
export interface StateLine {
  readonly k: 'state';
  readonly key: string;
  readonly value: Json;
}

/** A stream of the store: what the ledger knew of an agent when the segment began. */
export interface StreamLine {
  readonly k: 'stream';
  readonly stream: string;
  readonly values: readonly Json[];
}

/** A heartbeat: `a` and `s` alone when it said nothing else, the whole of it in `b` otherwise. */
export interface BeatLine extends Timed {
  readonly k: 'b';
  readonly a?: string;
  readonly s?: number;
  readonly b?: JsonObject;
}

/** A signal from outside: ingested by a surface, a source or a plugin. */
export interface SignalLine extends Timed {
  readonly k: 'sig';
  readonly d: JsonObject;
}

/** What somebody asked of the guard; `n` joins it to what came of it. */
export interface OperationLine extends Timed {
  readonly k: 'op';
  readonly n: number;
  readonly m: string;
  readonly args: readonly Json[];
  /** The agent of the incident that was named. */
  readonly agent?: string;
}

/** An operation was answered: with what has an id, with something else, or with a refusal. */
export interface OperationEndLine extends Timed {
  readonly k: 'opd';
  readonly n: number;
  readonly id?: string;
  readonly refused?: 1;
}

/** One event of the `n`th listing of an inventory, or its end. */
export interface InventoryLine extends Timed {
  readonly k: 'inv';
  readonly o: string;
  readonly n: number;
  /** It stands in the head of a segment and repeats what an earlier one told. */
  readonly h?: 1;
  readonly e?: JsonObject;
  /** It ended, and with what; an empty text: by itself. */
  readonly end?: string;
}

/** A call of an action began. It tells calls that were never answered from calls that were never made. */
export interface CallLine extends Timed {
  readonly k: 'q';
  readonly p: string;
  readonly n: number;
}

/** The answer to the `n`th call `p`: of a port, a method and what it was about. */
export interface AnswerLine extends Timed {
  readonly k: 'a';
  readonly p: string;
  readonly n: number;
  /** When the call was made. [`t`] */
  readonly s?: Ms;
  /** It came in the same turn of the event loop. [0] */
  readonly f?: 1;
  readonly v?: Json;
  readonly e?: { readonly code?: string; readonly message: string; readonly details?: JsonObject };
}

/** The wall clock was set on or back. */
export interface WallLine extends Timed {
  readonly k: 'wall';
  readonly by: Ms;
}

/** The process stood still for this long up to `t`. */
export interface StallLine extends Timed {
  readonly k: 'stall';
  readonly ms: Ms;
}

/** The store failed or was slow at something it was told at `s`: from there on a replay may differ. */
export interface StoreFaultLine extends Timed {
  readonly k: 'store';
  readonly op: string;
  readonly s: Ms;
  readonly why: string;
}

/** Lines are missing here. */
export interface GapLine extends Timed {
  readonly k: 'gap';
  readonly from: Ms;
  readonly lines: number;
  readonly why: string;
}

/** The guard was stopped; what is decided after it belongs to the stop. */
export interface EndLine extends Timed {
  readonly k: 'end';
}

/** An incident took a step: what a replay is compared by. */
export interface DecisionLine extends Timed {
  readonly k: 'd';
  readonly incident: string;
  readonly agent: string;
  readonly seq: number;
  readonly type: string;
  readonly state: string;
  readonly code: string;
  readonly text: string;
  readonly severity?: number;
  readonly rung?: string;
}

/** A suspicion came or went, or the health of an agent changed. */
export interface SeenLine extends Timed {
  readonly k: 'f' | 'h';
  readonly agent: string;
  /** `raised heartbeat-missed`, `healthy → failed`. */
  readonly what: string;
  readonly text?: string;
}

export type InputLine =
  | BeatLine
  | SignalLine
  | OperationLine
  | OperationEndLine
  | InventoryLine
  | AnswerLine
  | WallLine
  | StallLine
  | EndLine;
export type OutputLine = DecisionLine | SeenLine;
export type TimedLine = InputLine | OutputLine | CallLine | StoreFaultLine | GapLine;
export type RecordLine = HeaderLine | StateLine | StreamLine | TimedLine;
