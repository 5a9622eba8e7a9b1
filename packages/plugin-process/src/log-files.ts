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
  async bound(instanceId: string): Promise<void> {
    const path = this.path(instanceId);
    const size = await sizeOf(path);
    if (size <= fileMax) return;
    await writeFile(`${path}.1`, await readEnd(path, size, fileMax), { mode: 0o600 });
    await truncate(path);
  }

  /** Deletes the files of an agent's oldest instances. */
  async prune(agentId: string): Promise<void> {
    const prefix = `${encodeURIComponent(agentId)}~`;
    const generations = (await readdir(this.#dir))
      .filter((name) => name.startsWith(prefix) && /^\d+\.log$/.test(name.slice(prefix.length)))
      .map((name) => Number.parseInt(name.slice(prefix.length), 10))
      .sort((a, b) => b - a);
    for (const generation of generations.slice(instancesKept)) {
      const path = this.path(`${agentId}~${generation}`);
      await unlink(path);
      if ((await sizeOf(`${path}.1`)) >= 0) await unlink(`${path}.1`);
    }
  }

  /** The last lines, at most 256 KiB of them; empty when there is no file. */
  async tail(instanceId: string, lines: number): Promise<string> {
    const path = this.path(instanceId);
    const size = await sizeOf(path);
    if (size <= 0 || lines === 0) return '';
    const end = await readEnd(path, size, tailBytes);
    return end.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }

  /**
   * Whole lines written since a place in the file; without one, none, and the place where it ends now. A file that
   * became shorter was begun anew.
   */
  async since(instanceId: string, after: string | undefined): Promise<LogPage> {
    const path = this.path(instanceId);
    const size = Math.max(0, await sizeOf(path));
    const place = Number(after ?? size);
    const from = Number.isSafeInteger(place) && place >= 0 && place <= size ? place : 0;
    if (from === size) return { lines: [], next: String(size) };
    const skippedBytes = Math.max(0, size - from - pageBytes);
    const bytes = await readEnd(path, size, size - from - skippedBytes);
    // What is still being written comes the next time, unless it fills the page.
    const end = bytes.lastIndexOf(0x0a) + 1 || (bytes.length === pageBytes ? bytes.length : 0);
    const lines = end === 0 ? [] : bytes.subarray(0, end).toString('utf8').trimEnd().split('\n');
    return { lines, next: String(from + skippedBytes + end), ...(skippedBytes > 0 ? { skippedBytes } : {}) };
  }
}

/** The last bytes of a file that had `size` of them a moment ago. */
async function readEnd(path: string, size: number, max: number): Promise<Buffer> {
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
