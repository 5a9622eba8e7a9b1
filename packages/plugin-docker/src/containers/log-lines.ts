import { stripVTControlCharacters } from 'node:util';
import { EngineError } from '../engine/engine-error.ts';

/** Longest frame that is taken; what says that it is longer is no frame. */
const frameMax = 16 * 1024 ** 2;
const headerBytes = 8;
const lineEnd = 0x0a;
/** Longest stretch without a line end that is waited for in the output of a terminal. */
const stretchMax = 64 * 1024;
/** The engine writes a time before each message, in UTC; others that speak its API may not. */
const stampPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)(?= )/;
const stampMax = 36;

/** Streams of a frame. A third one carries messages of the engine itself, which are no output. */
export const streams = { stdin: 0, stdout: 1, stderr: 2, engine: 3 } as const;

/** Takes apart what the engine multiplexes: frames with a header of 8 bytes, cut anywhere. */
export class Frames {
  readonly #take: (stream: number, payload: Buffer) => void;
  #pieces: Buffer[] = [];
  #have = 0;
  #need = headerBytes;

  constructor(take: (stream: number, payload: Buffer) => void) {
    this.#take = take;
  }

  /** Throws when it is not framed. */
  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#have += piece.length;
    if (this.#have < this.#need) return;
    let rest = Buffer.concat(this.#pieces);
    this.#need = headerBytes;
    while (rest.length >= headerBytes) {
      const stream = rest.readUInt8(0);
      const end = headerBytes + rest.readUInt32BE(4);
      if (stream > streams.engine || end > frameMax)
        throw new EngineError('the engine sent what is no frame', { lost: true });
      if (rest.length < end) {
        this.#need = end;
        break;
      }
      this.#take(stream, rest.subarray(headerBytes, end));
      rest = rest.subarray(end);
    }
    this.#pieces = [rest];
    this.#have = rest.length;
  }
}

/**
 * A place in a log: the time of the last message before it, as the engine writes it, and how many messages of exactly that
 * time there are before it. `''` for the time: before the first message.
 */
export interface Place {
  readonly stamp: string;
  readonly seen: number;
}

export const beginning: Place = { stamp: '', seen: 0 };

export function textOf({ stamp, seen }: Place): string {
  return `${seen}@${stamp}`;
}

/** `undefined` for what is no place. */
export function placeOf(text: string): Place | undefined {
  const [, seen = '', stamp = ''] = /^(\d{1,9})@(.*)$/.exec(text) ?? [];
  if (seen === '' || (stamp !== '' && !stampPattern.test(`${stamp} `))) return undefined;
  return { stamp, seen: Number(seen) };
}

/**
 * From when on a log is asked for to find the place again, in seconds: one before it, since two outputs are stamped by two
 * threads, and what is written later may bear the earlier time.
 */
export function sinceOf({ stamp }: Place): string | undefined {
  const seconds = Math.floor(Date.parse(stamp) / 1_000) - 1;
  const [, fraction = ''] = /\.(\d+)/.exec(stamp) ?? [];
  return Number.isFinite(seconds) ? `${seconds}.${fraction.padEnd(9, '0')}` : undefined;
}

/** One message of the log: a line, or 16 KiB of a longer one. */
interface Message {
  readonly stream: number;
  readonly stamp: string;
  readonly text: Buffer;
  /** It goes on with the line of the message before it in its stream. */
  readonly continues: boolean;
  readonly ended: boolean;
  /** It lies before the place. */
  readonly old: boolean;
}

export interface Page {
  /** Oldest first, without line ends and terminal codes. */
  readonly lines: readonly string[];
  /** Bytes after the place that there was no room for. */
  readonly skippedBytes: number;
  /** Where the log ended; `undefined` when nothing was in it. */
  readonly end: Place | undefined;
  /** Messages there were, before the place and after it. */
  readonly messages: number;
  /** Whether the place was among them. Else all of them are taken to come after it. */
  readonly found: boolean;
  /** Whether all were of one moment: there may be more of it further ahead. */
  readonly ofOneMoment: boolean;
}

/**
 * Reads a log as the engine sends it, with times, to lines: those after a place. The order is the engine's, in which both
 * outputs come as they were written. A line that the engine cut is put together again by its time, unless its parts are
 * read at two times.
 */
export class LogReader {
  readonly #after: Place;
  readonly #maxBytes: number;
  readonly #frames: Frames;
  #framed: boolean | undefined;
  #stretch: Buffer = Buffer.alloc(0);
  #kept: Message[] = [];
  #head = 0;
  #keptBytes = 0;
  #skippedBytes = 0;
  #seen = 0;
  #messages = 0;
  /** Messages of each time. */
  readonly #ofStamp = new Map<string, number>();
  #lastStamp = '';
  readonly #last = new Map<number, Message>();

  /** Of lines that are more than `maxBytes` the last are kept. */
  constructor({ after, maxBytes }: { readonly after: Place; readonly maxBytes: number }) {
    this.#after = after;
    this.#maxBytes = maxBytes;
    this.#frames = new Frames((stream, payload) => this.#takeFrame(stream, payload));
  }

  push(piece: Buffer): void {
    if (piece.length === 0) return;
    // A time begins with a digit and a frame with the number of its stream, so it shows whether this is a terminal.
    this.#framed ??= piece.readUInt8(0) <= streams.engine;
    if (this.#framed) this.#frames.push(piece);
    else this.#takeRaw(piece);
  }

  end(): Page {
    if (this.#stretch.length > 0) this.#takeLine(streams.stdout, this.#stretch);
    const seen = this.#ofStamp.get(this.#lastStamp);
    return {
      lines: this.#lines(),
      skippedBytes: this.#skippedBytes,
      end: seen === undefined ? undefined : { stamp: this.#lastStamp, seen },
      messages: this.#messages,
      found: this.#seen > 0,
      ofOneMoment: this.#ofStamp.size === 1,
    };
  }

  #takeFrame(stream: number, payload: Buffer): void {
    if (stream !== streams.engine) this.#takeLines(stream, payload);
  }

  #takeRaw(piece: Buffer): void {
    const rest = this.#takeWhole(streams.stdout, Buffer.concat([this.#stretch, piece]));
    this.#stretch = rest;
    if (rest.length <= stretchMax) return;
    // The last part may lack its end, and what follows it has no time.
    const stamp = stampOf(rest);
    const last = stamp === undefined ? 0 : rest.lastIndexOf(`${stamp} `);
    const whole = last > 0 ? last : rest.length;
    this.#takeLine(streams.stdout, rest.subarray(0, whole));
    this.#stretch = rest.subarray(whole);
  }

  #takeLines(stream: number, bytes: Buffer): void {
    const rest = this.#takeWhole(stream, bytes);
    if (rest.length > 0) this.#takeLine(stream, rest);
  }

  /** Takes the lines that have their end and gives what follows them. */
  #takeWhole(stream: number, bytes: Buffer): Buffer {
    let from = 0;
    for (let at = bytes.indexOf(lineEnd); at >= 0; at = bytes.indexOf(lineEnd, from)) {
      this.#takeLine(stream, bytes.subarray(from, at + 1));
      from = at + 1;
    }
    return bytes.subarray(from);
  }

  /** A line or the beginning of one, with its time; or, without one, more of the message before. */
  #takeLine(stream: number, bytes: Buffer): void {
    const stamp = stampOf(bytes);
    if (stamp === undefined) {
      this.#takeMore(stream, bytes);
      return;
    }
    // In the output of a terminal the parts of a long line follow each other with nothing but the time between them.
    const mark = `${stamp} `;
    let from = mark.length;
    for (let at = bytes.indexOf(mark, from); at >= 0; at = bytes.indexOf(mark, from)) {
      this.#takeMessage(stream, stamp, bytes.subarray(from, at));
      from = at + mark.length;
    }
    this.#takeMessage(stream, stamp, bytes.subarray(from));
  }

  #takeMessage(stream: number, stamp: string, text: Buffer): void {
    const last = this.#last.get(stream);
    const continues = last !== undefined && !last.ended && last.stamp === stamp;
    const old = stamp === this.#after.stamp && this.#seen < this.#after.seen;
    this.#messages += 1;
    this.#ofStamp.set(stamp, (this.#ofStamp.get(stamp) ?? 0) + 1);
    this.#lastStamp = stamp;
    if (old) {
      this.#seen += 1;
      this.#forget();
    }
    this.#keep({ stream, stamp, text, continues, ended: text.at(-1) === lineEnd, old });
  }

  #takeMore(stream: number, text: Buffer): void {
    const last = this.#last.get(stream);
    const continues = last !== undefined && !last.ended;
    const { stamp = '', old = false } = last ?? {};
    this.#keep({ stream, stamp, text, continues, ended: text.at(-1) === lineEnd, old });
  }

  #keep(message: Message): void {
    this.#last.set(message.stream, message);
    if (message.old) return;
    const tooMuch = Math.max(0, message.text.length - this.#maxBytes);
    const kept = tooMuch > 0 ? { ...message, text: message.text.subarray(tooMuch) } : message;
    this.#kept.push(kept);
    this.#keptBytes += kept.text.length;
    this.#skippedBytes += tooMuch;
    while (this.#keptBytes > this.#maxBytes) this.#drop();
  }

  #drop(): void {
    const length = this.#kept[this.#head]?.text.length ?? 0;
    this.#head += 1;
    this.#keptBytes -= length;
    this.#skippedBytes += length;
    if (this.#head < 1_000 || this.#head * 2 < this.#kept.length) return;
    this.#kept = this.#kept.slice(this.#head);
    this.#head = 0;
  }

  /** What came so far lies before the place. */
  #forget(): void {
    this.#kept = [];
    this.#head = 0;
    this.#keptBytes = 0;
    this.#skippedBytes = 0;
  }

  #lines(): string[] {
    const lines: Buffer[][] = [];
    const open = new Map<number, Buffer[]>();
    for (const { stream, text, continues } of this.#kept.slice(this.#head)) {
      const begun = continues ? open.get(stream) : undefined;
      begun?.push(text);
      if (begun) continue;
      const line = [text];
      lines.push(line);
      open.set(stream, line);
    }
    // Only whole lines are decoded: a part may end within a character.
    return lines.map((parts) =>
      stripVTControlCharacters(
        Buffer.concat(parts)
          .toString('utf8')
          .replace(/\r?\n$/, ''),
      ),
    );
  }
}

/** The time a line begins with. */
function stampOf(line: Buffer): string | undefined {
  return stampPattern.exec(line.toString('latin1', 0, stampMax))?.[0];
}
