import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guardError, messageOf } from '@praetorian-guard/core/plugin';
import type { ProcessIdentity, ProcessTable } from './process-table.ts';

/**
 * Who owns the processes: a random id kept in the state folder, the first part of every process's key. It lies in a
 * file and not in the store, so that processes are known as ours even when the store was lost.
 */
export class Ownership {
  readonly #dir: string;
  readonly #table: ProcessTable;
  #id = '';

  constructor(dir: string, table: ProcessTable) {
    this.#dir = dir;
    this.#table = table;
  }

  /** First part of every key of this folder. */
  get prefix(): string {
    return `${this.#id}.`;
  }

  /**
   * Takes the folder; throws `GUARD_STATE_LOCKED` when another guard that runs has it, and `GUARD_START_FAILED` when it
   * was copied or moved while processes of its old place run: they may have another guard.
   */
  take(newId: () => string): void {
    try {
      mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw guardError('GUARD_STATE_READ_ONLY', { path: this.#dir, why: messageOf(error) }, { cause: error });
    }
    const holder = this.#holder();
    if (holder && holder.pid !== process.pid && this.#table.isAlive(holder)) {
      throw guardError('GUARD_STATE_LOCKED', { path: this.#dir });
    }
    const id = this.#idOfHere() ?? `${newId()}${this.#here}`;
    const self: ProcessIdentity = { pid: process.pid, startTime: this.#table.startTime(process.pid) ?? '' };
    this.#write('lock', JSON.stringify(self));
    this.#id = id;
    this.#write('owner', id);
  }

  release(): void {
    rmSync(join(this.#dir, 'lock'), { force: true });
  }

  /** The folder is part of the id, so that two guards with the same seed never take each other's processes for their own. */
  get #here(): string {
    return `-${createHash('sha256').update(this.#dir).digest('hex').slice(0, 8)}`;
  }

  /** The id that was made for this very place; one that came along with a copy is another guard's. */
  #idOfHere(): string | undefined {
    const id = this.#read('owner')?.trim();
    if (!id) return undefined;
    if (id.endsWith(this.#here)) return id;
    const left = this.#table.holders(`${id}.`).map(({ pid }) => pid);
    if (left.length === 0) return undefined;
    throw guardError('GUARD_START_FAILED', {
      what: 'orchestrator process',
      why: `its folder ${this.#dir} was copied or moved, and processes of the old place still run (pid ${left.join(', ')}); stop their guard and end them, or move the folder back`,
    });
  }

  #holder(): ProcessIdentity | undefined {
    const text = this.#read('lock');
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as ProcessIdentity;
    } catch {
      // Written by rename, so half a file means that somebody else wrote it; nobody can be told to hold it.
      return undefined;
    }
  }

  #read(name: string): string | undefined {
    try {
      return readFileSync(join(this.#dir, name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw guardError('GUARD_STATE_READ_ONLY', { path: this.#dir, why: messageOf(error) }, { cause: error });
    }
  }

  #write(name: string, text: string): void {
    const path = join(this.#dir, name);
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}
