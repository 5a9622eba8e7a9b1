import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { guardError, messageOf } from '../contracts/index.ts';

const keyBytes = 32;
const keyText = /^[0-9a-f]{64,}$/i;

/** A key for one life of the process. */
export function ephemeralKey(): Uint8Array {
  return randomBytes(keyBytes);
}

/**
 * The secret key in a file: at least 32 bytes in hex. With `create` it is made when there is none, readable by its owner
 * alone. A file others may read is refused, because whoever can read it can forge what it signs. Error: `GUARD_KEY_FILE`.
 */
export async function readKeyFile(path: string, create: boolean): Promise<Uint8Array> {
  const known = await read(path);
  if (known) return known;
  if (!create) throw refused(path, 'it is not there, and guards that share a store need the same key');
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(`${randomBytes(keyBytes).toString('hex')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (thrown) {
    // Another guard was first; its key counts.
    if (!isCode(thrown, 'EEXIST')) throw refused(path, `it cannot be made: ${messageOf(thrown)}`, thrown);
  }
  const made = await read(path);
  if (!made) throw refused(path, 'it went away while it was made');
  return made;
}

async function read(path: string): Promise<Uint8Array | undefined> {
  let text: string;
  try {
    const { mode } = await stat(path);
    // Windows knows no such bits.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw refused(path, `others than its owner may use it (mode 0${(mode & 0o777).toString(8)})`);
    text = (await readFile(path, 'utf8')).trim();
  } catch (thrown) {
    if (isCode(thrown, 'ENOENT')) return undefined;
    if (isCode(thrown, 'GUARD_KEY_FILE')) throw thrown;
    throw refused(path, `it cannot be read: ${messageOf(thrown)}`, thrown);
  }
  if (!keyText.test(text) || text.length % 2 !== 0) throw refused(path, 'it does not hold 32 bytes or more in hex');
  return Buffer.from(text, 'hex');
}

function isCode(thrown: unknown, code: string): boolean {
  return (thrown as { readonly code?: unknown }).code === code;
}

function refused(path: string, why: string, cause?: unknown): Error {
  return guardError('GUARD_KEY_FILE', { path, why }, cause === undefined ? undefined : { cause });
}
