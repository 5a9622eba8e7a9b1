import { closeSync, mkdirSync, openSync } from 'node:fs';
import { copyFile, open, readdir, stat, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';

const fileMax = 4 * 1024 ** 2;
const instancesKept = 5;
const tailBytes = 256 * 1024;

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
   * Bounds the file: beyond the limit what is there moves to `.1` and the file starts anew. The process keeps its
   * descriptor and appends, so that at most the lines written during the copy are lost.
   */
  async bound(instanceId: string): Promise<void> {
    const path = this.path(instanceId);
    if ((await sizeOf(path)) <= fileMax) return;
    await copyFile(path, `${path}.1`);
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
    const file = await open(path, 'r');
    try {
      const length = Math.min(size, tailBytes);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n').slice(-lines).join('\n');
    } finally {
      await file.close();
    }
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
