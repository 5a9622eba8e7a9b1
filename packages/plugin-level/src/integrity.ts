import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { guardError } from '@praetorian-guard/core/plugin';
import { readLog } from './log-format.ts';
import { liveFiles, type LiveFiles } from './manifest.ts';
import { tableProblem } from './table-check.ts';

/** How much of a database is checked. */
export interface IntegrityCheck {
  /** Also the tables, which are most of it; without them manifest and logs alone. */
  readonly tables: boolean;
  /** Breaks it off between two files. */
  readonly signal?: AbortSignal;
}

/** Made before CURRENT in a new database, and replaced before the first commit: alone, it is a first start cut off. */
const firstManifest = 'MANIFEST-000001';

/**
 * Checks the files of a closed database against their checksums, before LevelDB opens them and drops or misreads what
 * is damaged. Changes nothing, so that it does no harm to a database that another process holds. Refuses with
 * `GUARD_STATE_CORRUPT`; what LevelDB reports by itself, such as missing files, is left to it.
 */
export async function checkIntegrity(folder: string, { tables, signal }: IntegrityCheck): Promise<void> {
  const names = await readdir(folder);
  const current = await readIfThere(join(folder, 'CURRENT'));
  if (current === undefined) {
    // LevelDB would take the folder for an empty one and delete the rest.
    const rest = names.find((name) => /^(MANIFEST-\d+|\d+\.(ldb|log|sst))$/.test(name) && name !== firstManifest);
    if (rest !== undefined) throw corrupt(folder, `there is ${rest} but no CURRENT`);
    return;
  }
  const live = await readManifest(folder, current.toString('latin1'));
  if (live === undefined) return;
  for (const name of names) {
    signal?.throwIfAborted();
    if (tables || name.endsWith('.log')) await checkFile(folder, name, live);
  }
}

async function readManifest(folder: string, current: string): Promise<LiveFiles | undefined> {
  const name = /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
  if (name === undefined) throw corrupt(folder, 'CURRENT names no manifest');
  const manifest = await readIfThere(join(folder, name));
  if (manifest === undefined) throw corrupt(folder, `CURRENT names ${name}, which is missing`);
  const { records, damagedAt } = readLog(manifest);
  if (damagedAt !== undefined) throw corrupt(folder, `${name} does not match its checksum at byte ${damagedAt}`);
  const live = liveFiles(records);
  if (live === undefined || records.length === 0) throw corrupt(folder, `${name} is not a manifest`);
  return live;
}

async function checkFile(folder: string, name: string, live: LiveFiles): Promise<void> {
  const [, number, kind] = /^(\d+)\.(ldb|sst|log)$/.exec(name) ?? [];
  if (number === undefined) return;
  const isLive = kind === 'log' ? Number(number) >= live.oldestLog : live.tables.has(Number(number));
  const bytes = isLive ? await readIfThere(join(folder, name)) : undefined;
  if (bytes === undefined) return;
  if (kind === 'log') {
    const { damagedAt } = readLog(bytes);
    if (damagedAt !== undefined) throw corrupt(folder, `${name} does not match its checksum at byte ${damagedAt}`);
    return;
  }
  const problem = tableProblem(bytes);
  if (problem !== undefined) throw corrupt(folder, `${name}: ${problem}`);
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    // Also when the process that holds the database has just removed it; opening then says that it is locked.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function corrupt(path: string, why: string): Error {
  return guardError('GUARD_STATE_CORRUPT', { path, why });
}
