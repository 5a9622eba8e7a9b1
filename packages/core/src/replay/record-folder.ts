import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { guardError, messageOf } from '../contracts/index.ts';

/** `record-<time>-<life>-<part>.ndjson`: in order of their names the files are in order of time. */
const namePattern = /^record-(.+)-([0-9a-f]+)-(\d+)\.ndjson$/;

/** What a file of a record is called. */
export function recordFileName(wallMs: number, run: string, segment: number): string {
  const at = new Date(wallMs).toISOString().replaceAll(':', '-').replace(/\.\d+/, '');
  return `record-${at}-${run}-${String(segment).padStart(5, '0')}.ndjson`;
}

/** Files of records in a folder, the oldest first. */
export async function recordFilesIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).filter((name) => namePattern.test(name)).sort();
}

/**
 * What is to be read for a path: of a folder the files of the last life in it, of a file that file, and with `following`
 * those of the same life after it. Errors: `GUARD_RECORD_UNREADABLE`.
 */
export async function recordFilesOf(path: string, following = false): Promise<readonly string[]> {
  try {
    if ((await stat(path)).isDirectory()) return await lastLife(path);
    return following ? await sameLife(path) : [path];
  } catch (thrown) {
    throw guardError('GUARD_RECORD_UNREADABLE', { file: path, why: messageOf(thrown) }, { cause: thrown });
  }
}

async function lastLife(directory: string): Promise<readonly string[]> {
  const names = await recordFilesIn(directory);
  const last = names.at(-1);
  if (last === undefined) throw guardError('GUARD_RECORD_UNREADABLE', { file: directory, why: 'no record lies in it' });
  return names.filter((name) => lifeOf(name) === lifeOf(last)).map((name) => join(directory, name));
}

async function sameLife(path: string): Promise<readonly string[]> {
  const [directory, own] = [dirname(path), basename(path)];
  const life = lifeOf(own);
  const names = await recordFilesIn(directory);
  const after = names.filter((name) => life !== undefined && lifeOf(name) === life && name > own);
  return [path, ...after.map((name) => join(directory, name))];
}

const lifeOf = (name: string): string | undefined => namePattern.exec(name)?.[2];
