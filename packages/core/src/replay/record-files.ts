import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Subscription } from '../contracts/index.ts';
import { messageOf } from '../contracts/index.ts';
import type { Ms } from '../model/index.ts';
import { recordFileName, recordFilesIn } from './record-folder.ts';
import type { RecordPlace } from './recording.ts';

/** Lines are gathered for so long before they are written together. */
const gatherMs: Ms = 100;
/** Characters that may wait to be written; what comes beyond them is dropped and counted. */
const waitingMax = 4 * 1024 * 1024;
/** Pause after a failure before a new file is tried. */
const againMs: Ms = 5_000;
/** Share of a file that durable state may fill at its head. */
const stateShare = 4;

export interface RecordFilesOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly keep: number;
  /** Names this life in file names. */
  readonly run: string;
  readonly clock: Clock;
  /** The record has holes now, and why; `undefined`: it is whole again. */
  degraded(why: string | undefined): void;
}

type Head = (segment: number) => Promise<readonly string[]>;

interface Missing {
  lines: number;
  fromMs: Ms;
  why: string;
}

/**
 * Files of a record: written behind the guard's back, rotated by size, the oldest removed. A disk that is slow, full or
 * gone costs lines, which are counted in a `gap` line, and never time.
 */
export class RecordFiles implements RecordPlace {
  readonly stateMax: number;
  readonly #o: RecordFilesOptions;
  #head: Head | undefined;
  #waiting: string[] = [];
  #waitingSize = 0;
  #missing: Missing | undefined;
  #file: FileHandle | undefined;
  #size = 0;
  #segment = 0;
  #timer: Subscription | undefined;
  #writing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: RecordFilesOptions) {
    this.#o = options;
    this.stateMax = Math.floor(options.maxBytes / stateShare);
  }

  line(line: string): void {
    if (this.#closed) return;
    if (this.#waitingSize + line.length > waitingMax) return this.#miss(1, 'the disk is too slow');
    this.#waiting.push(line);
    this.#waitingSize += line.length;
    this.#timer ??= this.#o.clock.after(gatherMs, () => this.#flush());
  }

  /** Makes the folder and the first file: a record that cannot begin is said so at the start, and tried again. */
  async open(head: Head): Promise<void> {
    this.#head = head;
    try {
      await this.#nextFile();
    } catch (thrown) {
      this.#failed(thrown, 0);
    }
  }

  /** Resolves when what was under way is written. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  async close(): Promise<void> {
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#flush();
    this.#closed = true;
    await this.#writing;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #flush(): void {
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
  }

  async #write(): Promise<void> {
    const lines = this.#waiting;
    if (lines.length === 0) return;
    this.#waiting = [];
    this.#waitingSize = 0;
    try {
      if (!this.#file) await this.#nextFile();
      await this.#append([...this.#gap(), ...lines]);
      this.#missing = undefined;
      this.#o.degraded(undefined);
      if (this.#size >= this.#o.maxBytes && !this.#closed) await this.#nextFile();
    } catch (thrown) {
      this.#failed(thrown, lines.length);
    }
  }

  #gap(): readonly string[] {
    if (!this.#missing || this.#missing.lines === 0) return [];
    const { lines, fromMs: from, why } = this.#missing;
    return [JSON.stringify({ t: this.#o.clock.monotonic(), k: 'gap', from, lines, why })];
  }

  async #append(lines: readonly string[]): Promise<void> {
    const text = Buffer.from(`${lines.join('\n')}\n`);
    await (this.#file as FileHandle).writeFile(text);
    this.#size += text.byteLength;
  }

  /** A further segment begins with a head of its own, as after a restart of the guard. */
  async #nextFile(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    await this.#openFile();
    const head = await (this.#head as Head)(this.#segment);
    await this.#append(head);
  }

  async #openFile(): Promise<void> {
    const { directory, run, clock } = this.#o;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const segment = this.#segment + 1;
    const name = recordFileName(clock.now(), run, segment);
    this.#file = await open(join(directory, name), 'ax', 0o600);
    this.#segment = segment;
    this.#size = 0;
    await this.#prune();
  }

  async #prune(): Promise<void> {
    const { directory, keep } = this.#o;
    const names = await recordFilesIn(directory);
    for (const name of names.slice(0, Math.max(0, names.length - keep)))
      await rm(join(directory, name), { force: true });
  }

  #failed(thrown: unknown, lines: number): void {
    this.#miss(lines, messageOf(thrown));
    const file = this.#file;
    this.#file = undefined;
    // What it could not write is counted already.
    file?.close().catch(() => undefined);
    if (!this.#closed) this.#timer ??= this.#o.clock.after(againMs, () => this.#flush());
  }

  #miss(lines: number, why: string): void {
    this.#missing ??= { lines: 0, fromMs: this.#o.clock.monotonic(), why };
    this.#missing.lines += lines;
    this.#o.degraded(`lines are missing: ${why}`);
  }
}
