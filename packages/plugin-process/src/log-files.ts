import { closeSync, mkdirSync, openSync } from 'node:fs';
import { open, readdir, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogPage } from '@praetorian-guard/core/plugin';

const fileMax = 4 * 1024 ** 2;
const instancesKept = 5;
const tailBytes = 256 * 1024;
/** Most of a log that is read at once. */
const pageBytes = 1024 ** 2;

/**
 * Output of the processes, one file per instance. A process writes to its file itself: a pipe to the guard would
 * break, and with it the process, when the guard dies.
 */
export class LogFiles {
  readonly #dir: string;
  /** What was cut from the beginning of a file so far: a place in a log counts from its first byte. */
  readonly #cutBytes = new Map<string, number>();
  #cutting: Promise<unknown> = Promise.resolve();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Makes the folder. */
  prepare(): void {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
  }

  path(instanceId: string): string {
    return join(this.#dir, `${encodeURIComponent(instanceId)}.log`);
  }

  /** A descriptor that appends, for the process; the caller closes it after the spawn. */
  open(instanceId: string): number {
    return openSync(this.path(instanceId), 'a', 0o600);
  }

  close(descriptor: number): void {
    closeSync(descriptor);
  }

  /**
   * Bounds the file: beyond the limit the end of what is there moves to `.1` and the file starts anew. The process keeps
   * its descriptor and appends, so that of the latest only the lines written during the copy can be lost.
   */
  bound(instanceId: string): Promise<void> {
    // One after another: two that cut the same file would write nothing over what the first has moved away.
    const cut = this.#cutting.then(() => this.#bound(instanceId));
    this.#cutting = cut.catch(() => undefined);
    return cut;
  }

  async #bound(instanceId: string): Promise<void> {
    const path = this.path(instanceId);
    const size = await sizeOf(path);
    if (size <= fileMax) return;
    await writeFile(`${path}.1`, await readEnd(path, size, fileMax), { mode: 0o600 });
    await truncate(path);
    this.#cutBytes.set(instanceId, (this.#cutBytes.get(instanceId) ?? 0) + size);
  }

  /** Deletes the files of an agent's oldest instances, and bounds those of the others: nobody looks after an ended one. */
  async prune(agentId: string): Promise<void> {
    const prefix = `${encodeURIComponent(agentId)}~`;
    const generations = (await readdir(this.#dir))
      .filter((name) => name.startsWith(prefix) && /^\d+\.log$/.test(name.slice(prefix.length)))
      .map((name) => Number.parseInt(name.slice(prefix.length), 10))
      .sort((a, b) => b - a);
    for (const generation of generations.slice(0, instancesKept)) await this.bound(`${agentId}~${generation}`);
    for (const generation of generations.slice(instancesKept)) {
      const path = this.path(`${agentId}~${generation}`);
      this.#cutBytes.delete(`${agentId}~${generation}`);
      await unlink(path);
      if ((await sizeOf(`${path}.1`)) >= 0) await unlink(`${path}.1`);
    }
  }

  /** The last lines, at most 256 KiB of them; empty when there is no file. */
  async tail(instanceId: string, lines: number): Promise<string> {
    if (lines === 0) return '';
    const end = await this.#end(instanceId, await sizeOf(this.path(instanceId)), tailBytes);
    return end.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }

  /**
   * Whole lines written since a place in the log; without one, none, and the place where it ends now. A log that became
   * shorter was begun anew.
   */
  async since(instanceId: string, after: string | undefined): Promise<LogPage> {
    const cut = this.#cutBytes.get(instanceId) ?? 0;
    const size = Math.max(0, await sizeOf(this.path(instanceId)));
    const total = cut + size;
    const place = Number(after ?? total);
    const from = Number.isSafeInteger(place) && place >= 0 && place <= total ? place : cut;
    if (from === total) return { lines: [], next: String(total) };
    const bytes = await this.#end(instanceId, size, Math.min(total - from, pageBytes));
    const skippedBytes = Math.max(0, total - from - bytes.length);
    // What is still being written comes the next time, unless it fills the page.
    const end = bytes.lastIndexOf(0x0a) + 1 || (bytes.length === pageBytes ? bytes.length : 0);
    const lines = end === 0 ? [] : bytes.subarray(0, end).toString('utf8').trimEnd().split('\n');
    return { lines, next: String(from + skippedBytes + end), ...(skippedBytes > 0 ? { skippedBytes } : {}) };
  }

  /** The last bytes of a log, whose file had `size` a moment ago; what is not in it any more was moved to `.1`. */
  async #end(instanceId: string, size: number, max: number): Promise<Buffer> {
    const path = this.path(instanceId);
    const end = await readEnd(path, size, max);
    const before = await readEnd(`${path}.1`, await sizeOf(`${path}.1`), max - end.length);
    return Buffer.concat([before, end]);
  }
}

/** The last bytes of a file that had `size` of them a moment ago; none of one that was not there. */
async function readEnd(path: string, size: number, max: number): Promise<Buffer> {
  if (size <= 0 || max <= 0) return Buffer.alloc(0);
  const file = await open(path, 'r');
  try {
    const length = Math.min(size, max);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Bytes of a file, −1 when there is none. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return -1;
    throw error;
  }
}
