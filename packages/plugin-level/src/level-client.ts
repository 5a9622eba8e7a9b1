import { mkdir } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import { guardError, isGuardError, messageOf } from '@praetorian-guard/core/plugin';
import { checkIntegrity, type IntegrityCheck } from './integrity.ts';

/** A write: the bytes, or `undefined` to delete. */
export type Changes = ReadonlyMap<string, Buffer | undefined>;

/** A part of the keys, in order of their characters. */
export interface Range {
  readonly gt?: string;
  readonly gte?: string;
  readonly lt: string;
  readonly reverse?: boolean;
}

/** LevelDB as this plugin needs it. Everything rejects with errors of the catalogue. */
export interface LevelDatabase {
  get(key: string): Promise<Buffer | undefined>;
  getMany(keys: readonly string[]): Promise<readonly (Buffer | undefined)[]>;
  /** The first entries of the range. */
  page(range: Range, limit: number): Promise<readonly (readonly [string, Buffer])[]>;
  /** All or nothing; with `sync` it resolves when it is on the disk. */
  write(changes: Changes, sync: boolean): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the database in `folder`, once it is checked, and makes the folder if need be, readable by nobody else. Rejects with
 * `GUARD_STATE_LOCKED`, `GUARD_STATE_CORRUPT`, `GUARD_STATE_READ_ONLY` or `GUARD_STATE_UNAVAILABLE`.
 */
export async function openLevel(folder: string, check: IntegrityCheck): Promise<LevelDatabase> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await checkIntegrity(folder, check);
    // Uncompressed, so that every block can be checked at the next start.
    const db = new ClassicLevel<string, Buffer>(folder, { valueEncoding: 'buffer', compression: false });
    await db.open();
    return wrap(db, folder);
  } catch (error) {
    throw openingError(folder, error);
  }
}

function wrap(db: ClassicLevel<string, Buffer>, folder: string): LevelDatabase {
  const guarded = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw runningError(folder, error);
    }
  };
  return {
    get: (key) => guarded(db.get(key)),
    getMany: (keys) => guarded(keys.length === 0 ? Promise.resolve([]) : db.getMany([...keys])),
    page: (range, limit) => guarded(db.iterator({ ...range, limit }).all()),
    write: (changes, sync) =>
      guarded(
        db.batch(
          [...changes].map(([key, value]) =>
            value === undefined ? { type: 'del' as const, key } : { type: 'put' as const, key, value },
          ),
          { sync },
        ),
      ),
    close: () => guarded(db.close()),
  };
}

const unwritable =
  /EACCES|EPERM|EROFS|ENOTDIR|EEXIST|ENOSPC|EDQUOT|Permission denied|Operation not permitted|Read-only file system|Not a directory|No space left|quota exceeded/;
const missingPart = /(MANIFEST-\d+|\d+\.(?:ldb|sst|log)): No such file/;

/** The catalogue's error for whatever kept the database from being opened. */
function openingError(path: string, thrown: unknown): Error {
  if (isGuardError(thrown)) return thrown;
  const root = rootOf(thrown);
  const why = messageOf(root);
  const code = (root as { code?: string }).code;
  if (code === 'LEVEL_LOCKED') return guardError('GUARD_STATE_LOCKED', { path }, { cause: thrown });
  if (code === 'LEVEL_CORRUPTION' || missingPart.test(why)) {
    return guardError('GUARD_STATE_CORRUPT', { path, why }, { cause: thrown });
  }
  // A folder that cannot be made on a read-only file system is reported as one that is not there.
  const unmade = code === 'ENOENT' && (root as { syscall?: string }).syscall === 'mkdir';
  if (unmade || unwritable.test(`${code} ${why}`))
    return guardError('GUARD_STATE_READ_ONLY', { path, why }, { cause: thrown });
  return guardError('GUARD_STATE_UNAVAILABLE', { why }, { cause: thrown });
}

function runningError(path: string, thrown: unknown): Error {
  const root = rootOf(thrown);
  const why = messageOf(root);
  if ((root as { code?: string }).code === 'LEVEL_CORRUPTION') {
    return guardError('GUARD_STATE_CORRUPT', { path, why }, { cause: thrown });
  }
  return guardError('GUARD_STATE_UNAVAILABLE', { why }, { cause: thrown });
}

/** LevelDB's own error lies under one that says only that the database is not open. */
function rootOf(thrown: unknown): unknown {
  return thrown instanceof Error && thrown.cause instanceof Error ? rootOf(thrown.cause) : thrown;
}
