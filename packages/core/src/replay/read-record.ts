import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { InventoryEvent } from '../contracts/index.ts';
import { guardError, isGuardError, messageOf } from '../contracts/index.ts';
import type { Ms } from '../model/index.ts';
import type { CallRef, RecordData } from './record-data.ts';
import { recordFormat } from './record-format.ts';
import type {
  AnswerLine,
  CallLine,
  GapLine,
  HeaderLine,
  InputLine,
  InventoryLine,
  OperationEndLine,
  OutputLine,
  RecordLine,
  StateLine,
  StoreFaultLine,
  StreamLine,
} from './record-format.ts';

/** Kinds of lines that are inputs. Of answers only those that came later than their call. */
const inputKinds: ReadonlySet<string> = new Set(['b', 'sig', 'op', 'opd', 'inv', 'wall', 'stall', 'end']);
const outputKinds: ReadonlySet<string> = new Set(['d', 'f', 'h']);
const timedKinds: ReadonlySet<string> = new Set([...inputKinds, ...outputKinds, 'q', 'a', 'store', 'gap']);

/** Reads the segments of one life, in their order. Errors: `GUARD_RECORD_…`, which name file and line. */
export async function readRecord(files: readonly string[]): Promise<RecordData> {
  const reader = new RecordReader();
  for (const file of files) await readFile(reader, file);
  return reader.end();
}

/** The same for lines that are in memory already. */
export function parseRecord(lines: readonly string[], file = 'record'): RecordData {
  const reader = new RecordReader();
  reader.begin(file);
  for (const line of lines) reader.line(line);
  return reader.end();
}

async function readFile(reader: RecordReader, file: string): Promise<void> {
  reader.begin(file);
  const stream = createReadStream(file, 'utf8');
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  try {
    for await (const line of lines) reader.line(line);
  } catch (thrown) {
    if (isGuardError(thrown)) throw thrown;
    throw guardError('GUARD_RECORD_UNREADABLE', { file, why: messageOf(thrown) }, { cause: thrown });
  } finally {
    lines.close();
    stream.destroy();
  }
}

/** Takes lines in order, file after file. */
export class RecordReader {
  #file = '';
  #number = 0;
  /** A line that is no JSON: an error, unless it is the last one of its file, which a crash cuts off. */
  #broken: { readonly number: number; readonly why: string } | undefined;
  #header: HeaderLine | undefined;
  #segment = 0;
  #endMs: Ms | undefined;
  #lastMs: Ms = -Infinity;
  readonly #files: string[] = [];
  readonly #state: (StateLine | StreamLine)[] = [];
  readonly #inputs: InputLine[] = [];
  readonly #answers = new Map<string, Map<number, AnswerLine>>();
  readonly #begun = new Map<string, Set<number>>();
  readonly #causes = new Map<InputLine, CallRef>();
  /** The last action that began, by orchestrator and agent. */
  readonly #lastActions = new Map<string, CallRef>();
  readonly #operations = new Map<number, OperationEndLine>();
  readonly #outputs: OutputLine[] = [];
  readonly #gaps: GapLine[] = [];
  readonly #storeFaults: StoreFaultLine[] = [];
  readonly #warnings: string[] = [];

  begin(file: string): void {
    this.#finishFile();
    this.#file = file;
    this.#number = 0;
    this.#files.push(file);
  }

  line(text: string): void {
    this.#number += 1;
    if (this.#broken) throw this.#invalid(this.#broken.why, this.#broken.number);
    if (text.trim() === '') return;
    const line = this.#parse(text);
    if (!line) return;
    if (this.#number === 1) return this.#begins(line);
    if (line.k === 'header') throw this.#invalid('a head stands in the middle');
    if (line.k === 'state' || line.k === 'stream') return this.#stateLine(line);
    this.#timed(line);
  }

  end(): RecordData {
    this.#finishFile();
    const header = this.#header;
    if (!header) throw guardError('GUARD_RECORD_INVALID', { file: this.#file, line: 1, why: 'it is empty' });
    this.#inputs.sort((a, b) => startOf(a) - startOf(b));
    return {
      header,
      files: this.#files,
      state: this.#state,
      inputs: this.#inputs,
      answers: { answers: this.#answers, begun: this.#begun },
      causes: this.#causes,
      answeredOperations: this.#operations,
      outputs: this.#outputs,
      gaps: this.#gaps,
      storeFaults: this.#storeFaults,
      endMs: this.#endMs ?? Math.max(header.t, this.#lastMs),
      warnings: this.#warnings,
    };
  }

  #parse(text: string): RecordLine | undefined {
    try {
      const line = JSON.parse(text) as RecordLine | null;
      if (typeof line === 'object' && line !== null && typeof line.k === 'string') return line;
      throw this.#invalid('it is no line of a record');
    } catch (thrown) {
      if (isGuardError(thrown)) throw thrown;
      this.#broken = { number: this.#number, why: `it is no JSON: ${messageOf(thrown)}` };
      return undefined;
    }
  }

  #begins(line: RecordLine): void {
    if (line.k !== 'header') throw this.#invalid('a record begins with a head');
    if (line.format !== recordFormat) {
      throw guardError('GUARD_RECORD_FORMAT', { file: this.#file, theirs: String(line.format), ours: recordFormat });
    }
    if (typeof line.t !== 'number' || typeof line.wall !== 'number' || typeof line.config !== 'object')
      throw this.#invalid('the head does not tell time and config');
    if (this.#header) this.#continues(this.#header, line);
    else this.#header = line;
    this.#segment = line.segment;
    if (line.stateLeftOut !== undefined && this.#files.length === 1)
      this.#warnings.push(`${this.#file}: ${line.stateLeftOut} keys of the store were too much and left out`);
    const [ours, theirs] = [majorOf(process.version), majorOf(line.node)];
    if (ours !== theirs && this.#files.length === 1)
      this.#warnings.push(
        `${this.#file}: recorded on Node ${theirs}, replayed on ${ours}: figures may differ in the last digit`,
      );
  }

  #continues(first: HeaderLine, line: HeaderLine): void {
    if (line.run !== first.run)
      throw this.#invalid(
        `it belongs to another life of the guard (${line.run}, not ${first.run}); replay each by itself`,
      );
    if (line.segment !== this.#segment + 1)
      throw this.#invalid(`it is part ${line.segment} of the life; part ${this.#segment + 1} has to come first`);
  }

  #stateLine(line: StateLine | StreamLine): void {
    if (this.#files.length === 1) this.#state.push(line);
  }

  #timed(line: Exclude<RecordLine, HeaderLine | StateLine | StreamLine>): void {
    if (!timedKinds.has(line.k)) throw this.#invalid(`it is of a kind nobody knows: ${JSON.stringify(line.k)}`);
    if (typeof line.t !== 'number' || !Number.isFinite(line.t)) throw this.#invalid('it has no time');
    const ofHead = line.k === 'inv' && line.h === 1;
    // A further segment tells again who is there; whoever read the one before knows.
    if (ofHead && this.#files.length > 1) return;
    if (line.k === 'end') this.#endMs = line.t;
    this.#lastMs = Math.max(this.#lastMs, line.t);
    this.#keep(line);
  }

  #keep(line: Exclude<RecordLine, HeaderLine | StateLine | StreamLine>): void {
    switch (line.k) {
      case 'a':
        numbered(this.#answers, line.p).set(line.n, line);
        if (line.f !== 1) this.#inputs.push(line);
        return;
      case 'q':
        numbers(this.#begun, line.p).add(line.n);
        this.#noteAction(line);
        return;
      case 'inv':
        this.#inputs.push(line);
        this.#noteCause(line);
        return;
      case 'opd':
        this.#operations.set(line.n, line);
        this.#inputs.push(line);
        return;
      case 'gap':
        this.#gaps.push(line);
        return;
      case 'store':
        this.#storeFaults.push(line);
        return;
      case 'd':
      case 'f':
      case 'h':
        if (this.#endMs === undefined) this.#outputs.push(line);
        return;
      default:
        this.#inputs.push(line);
    }
  }

  #noteAction({ p: about, n }: CallLine): void {
    const [orchestrator, call, , agentId] = about.split(' ');
    if (call === 'execute') this.#lastActions.set(`${orchestrator} ${agentId}`, { about, n });
  }

  #noteCause(line: InventoryLine): void {
    const event = line.e as unknown as InventoryEvent | undefined;
    const agentId = event?.type === 'present' ? event.agent.id : event?.type === 'synced' ? undefined : event?.agentId;
    const cause = this.#lastActions.get(`${line.o} ${agentId}`);
    if (cause) this.#causes.set(line, cause);
  }

  #finishFile(): void {
    if (!this.#broken) return;
    this.#warnings.push(`${this.#file}, line ${this.#broken.number}: cut off, and left out`);
    this.#broken = undefined;
  }

  #invalid(why: string, line = this.#number): Error {
    return guardError('GUARD_RECORD_INVALID', { file: this.#file, line, why });
  }
}

/** A stall is told when it is over. */
function startOf(line: InputLine): Ms {
  return line.k === 'stall' ? line.t - line.ms : line.t;
}

function numbered(map: Map<string, Map<number, AnswerLine>>, name: string): Map<number, AnswerLine> {
  const known = map.get(name) ?? new Map<number, AnswerLine>();
  map.set(name, known);
  return known;
}

function numbers(map: Map<string, Set<number>>, name: string): Set<number> {
  const known = map.get(name) ?? new Set<number>();
  map.set(name, known);
  return known;
}

const majorOf = (version: string): string => /^v?(\d+)/.exec(version)?.[1] ?? version;
