import type { EpochMs, Ms } from '../model/index.ts';
import type {
  AnswerLine,
  GapLine,
  HeaderLine,
  InputLine,
  OperationEndLine,
  OutputLine,
  StateLine,
  StoreFaultLine,
  StreamLine,
} from './record-format.ts';

/** A record as it was read: one life of a guard, from one segment or several that follow each other. */
export interface RecordData {
  readonly header: HeaderLine;
  /** Names of the files, in order. */
  readonly files: readonly string[];
  readonly state: readonly (StateLine | StreamLine)[];
  /** What reached the guard, in order. */
  readonly inputs: readonly InputLine[];
  readonly answers: Answered;
  /** What may be an action's doing: the last action on the agent that had begun before an inventory told of the agent. */
  readonly causes: ReadonlyMap<InputLine, CallRef>;
  /** By number: how operations were answered. */
  readonly answeredOperations: ReadonlyMap<number, OperationEndLine>;
  /** What the guard decided. */
  readonly outputs: readonly OutputLine[];
  readonly gaps: readonly GapLine[];
  readonly storeFaults: readonly StoreFaultLine[];
  /** Monotonic time of the last line before the stop. */
  readonly endMs: Ms;
  /** What a reader has to know: a line cut off, a record of another Node major. */
  readonly warnings: readonly string[];
}

/** The `n`th call about something. */
export interface CallRef {
  readonly about: string;
  readonly n: number;
}

/** Calls of the guard and what they were answered, by what they were about. */
export interface Answered {
  /** By number. */
  readonly answers: ReadonlyMap<string, ReadonlyMap<number, AnswerLine>>;
  /** Numbers of calls that began. */
  readonly begun: ReadonlyMap<string, ReadonlySet<number>>;
}

/** Wall-clock time of a moment of the record, as the guard's clock stood at its beginning. */
export function wallOf({ wall, t }: HeaderLine, ms: Ms): EpochMs {
  return wall + (ms - t);
}
