import { closeSync, mkdirSync, openSync } from 'node:fs';
import { open, readdir, stat, truncate, unlink, writeFile } from 'node:fs/promises';
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
