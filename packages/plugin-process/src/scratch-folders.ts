import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ProcessRecord } from './records.ts';

/** Folders of the processes that want one, each named after the instance it was made for. */
export class ScratchFolders {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Where the folder of a new instance is to lie. */
  path(instanceId: string): string {
    return join(this.#dir, encodeURIComponent(instanceId));
  }

  /** The folder of a record, to go on with; one that lies elsewhere belongs to the guard the journal was copied from. */
  of(record: ProcessRecord | undefined): string | undefined {
    const path = record?.scratch;
    return path !== undefined && dirname(path) === this.#dir ? path : undefined;
  }

  /** Removes the folder of an instance that has ended. */
  async wipe(record: ProcessRecord): Promise<void> {
    const path = this.of(record);
    if (path !== undefined) await rm(path, { recursive: true, force: true });
  }

  /** Removes every folder that none of the records names. */
  async sweep(records: readonly ProcessRecord[]): Promise<void> {
    const kept = new Set(records.map(({ scratch }) => scratch));
    for (const name of await this.#names()) {
      const path = join(this.#dir, name);
      if (!kept.has(path)) await rm(path, { recursive: true, force: true });
    }
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await readdir(this.#dir);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}
