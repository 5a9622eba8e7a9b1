import type { Readable } from 'node:stream';
import { guardError } from '@praetorian-guard/core/plugin';

/** One item of a batch, still as text. `line` counts from 1 and stands for NDJSON only. */
export interface BatchItem {
  readonly index: number;
  readonly line?: number;
  readonly text: string;
}

/** A place in the batch that is no item. */
export interface BatchFault {
  readonly index: number;
  readonly line?: number;
  readonly fault: string;
  /** Nothing of the body could be told apart. */
  readonly whole?: boolean;
}

export interface BatchLimits {
  /** Bytes of one item. */
  readonly item: number;
  /** Bytes of the whole. */
  readonly total: number;
}

const newline = 0x0a;

/**
 * Cuts a stream of NDJSON into its lines without holding more than one of them. Empty lines are passed over. A line that
 * is too long is a fault and the rest goes on; so is a last line without a newline that is not JSON (the caller sees it
 * fail), which is what a sender leaves that broke off.
 * @throws GUARD_HTTP_TOO_LARGE
 */
export async function* readLines(source: Readable, limits: BatchLimits): AsyncGenerator<BatchItem | BatchFault> {
  const line = new Gathered(limits.item);
  let number = 1;
  let index = 0;
  const take = (): BatchItem | BatchFault | undefined => {
    const place = { index, line: number };
    number += 1;
    const text = line.take();
    if (text === undefined)
      return { index: (index += 1) - 1, line: place.line, fault: `the line has more than ${limits.item} bytes` };
    if (text.trim() === '') return undefined;
    index += 1;
    return { ...place, text };
  };
  for await (const chunk of bounded(source, limits.total)) {
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      line.add(chunk.subarray(from, at));
      from = at + 1;
      const item = take();
      if (item) yield item;
    }
    line.add(chunk.subarray(from));
  }
  const last = take();
  if (last) yield last;
}

/**
 * Cuts a stream that holds one JSON array into its elements without holding more than one of them. What is inside an
 * element is not looked at except for strings and brackets; the caller parses it. After a fault between elements nothing
 * can be told apart any more, so it is the last thing that comes.
 * @throws GUARD_HTTP_TOO_LARGE
 */
export async function* readArray(source: Readable, limits: BatchLimits): AsyncGenerator<BatchItem | BatchFault> {
  const splitter = new ArraySplitter(limits.item);
  for await (const chunk of bounded(source, limits.total)) {
    yield* splitter.feed(chunk);
    if (splitter.broken) return;
  }
  const fault = splitter.finish();
  if (fault) yield fault;
}

async function* bounded(source: Readable, max: number): AsyncGenerator<Buffer> {
  let total = 0;
  // Leaving early must not destroy the source: the answer still has to go out on its connection.
  for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > max) throw guardError('GUARD_HTTP_TOO_LARGE', { max });
    yield chunk;
  }
}

/** Bytes of one item that may come in several chunks; beyond the limit they are dropped and the item is a fault. */
class Gathered {
  readonly #max: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(bytes: Buffer): void {
    this.#length += bytes.length;
    if (this.#length > this.#max) this.#parts.length = 0;
    else if (bytes.length > 0) this.#parts.push(bytes);
  }

  /** The text gathered, or `undefined` when it was too long; empty again afterwards. */
  take(): string | undefined {
    const [only] = this.#parts;
    const whole = this.#parts.length === 1 && only ? only : Buffer.concat(this.#parts);
    const text = this.#length > this.#max ? undefined : whole.toString('utf8');
    this.#parts = [];
    this.#length = 0;
    return text;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const opening = new Set([0x5b, 0x7b]);
const closing = new Set([0x5d, 0x7d]);
const blank = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** Walks over the bytes of an array, knowing only depth and strings: in UTF-8 no byte of a longer character is ASCII. */
class ArraySplitter {
  readonly #item: Gathered;
  readonly #max: number;
  #state: 'before' | 'between' | 'inside' | 'after' = 'before';
  #depth = 0;
  #inString = false;
  #escaped = false;
  #index = 0;
  #afterComma = false;
  broken = false;

  constructor(max: number) {
    this.#max = max;
    this.#item = new Gathered(max);
  }

  *feed(chunk: Buffer): Generator<BatchItem | BatchFault> {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (this.#state === 'inside') {
        if (this.#continues(byte)) continue;
        this.#item.add(chunk.subarray(from, at));
        yield this.#take();
        this.#afterComma = byte === comma;
        this.#state = byte === comma ? 'between' : 'after';
        if (byte === 0x7d) return void (yield this.#break('a bracket is closed that was not opened'));
      } else if (!blank.has(byte)) {
        const fault = this.#outside(byte);
        if (fault !== undefined) return void (yield this.#break(fault));
        from = at;
      }
    }
    if (this.#state === 'inside') this.#item.add(chunk.subarray(from));
  }

  finish(): BatchFault | undefined {
    return this.#state === 'after' ? undefined : this.#break('the array ends too early');
  }

  #break(fault: string): BatchFault {
    this.broken = true;
    const whole = this.#state === 'before';
    return { index: this.#index, fault: whole ? 'it is not a JSON array' : fault, ...(whole ? { whole } : {}) };
  }

  /** A byte outside of elements: the brackets of the array, or the first byte of an element. */
  #outside(byte: number): string | undefined {
    if (this.#state === 'before') {
      if (byte !== 0x5b) return 'it is not a JSON array';
      this.#state = 'between';
      return undefined;
    }
    if (this.#state === 'after') return 'something follows after the array';
    if (byte === 0x5d && !this.#afterComma) {
      this.#state = 'after';
      return undefined;
    }
    if (byte === comma || byte === 0x5d) return 'an element is missing';
    this.#state = 'inside';
    this.#depth = opening.has(byte) ? 1 : 0;
    this.#inString = byte === quote;
    return undefined;
  }

  /** Whether a byte still belongs to the element. */
  #continues(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === backslash) this.#escaped = true;
      else if (byte === quote) this.#inString = false;
      return true;
    }
    if (byte === quote) this.#inString = true;
    else if (opening.has(byte)) this.#depth += 1;
    else if (closing.has(byte)) {
      if (this.#depth === 0) return false;
      this.#depth -= 1;
    } else if (byte === comma && this.#depth === 0) return false;
    return true;
  }

  #take(): BatchItem | BatchFault {
    const index = this.#index;
    this.#index += 1;
    const text = this.#item.take();
    return text === undefined ? { index, fault: `the element has more than ${this.#max} bytes` } : { index, text };
  }
}
