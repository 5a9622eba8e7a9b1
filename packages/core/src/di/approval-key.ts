import { join, resolve } from 'node:path';
import { guardError } from '../contracts/index.ts';
import { ephemeralKey, readKeyFile } from '../runtime/index.ts';
import type { Provider } from './container.ts';
import { core } from './core-tokens.ts';
import type { Inputs } from './inputs.ts';

/**
 * The key that signs approvals. It lives as long as what it signs: a store that forgets at a restart needs no file, a
 * store with a folder keeps it there, and guards that share a store are given the same one.
 */
export async function approvalKey(at: Provider, { approvalKey: given, baseDir }: Inputs): Promise<Uint8Array> {
  if (given) return given;
  const { approvalKeyFile } = at.get(core.config).config;
  const { supports, folder } = at.get(core.store);
  if (approvalKeyFile !== undefined) return readKeyFile(resolve(baseDir, approvalKeyFile), !supports.shared);
  if (supports.shared)
    throw guardError('GUARD_KEY_FILE', { path: 'approvals.keyFile', why: 'it is not set, and the store is shared' });
  if (supports.durable && folder !== undefined) return readKeyFile(join(folder, 'approvals.key'), true);
  if (supports.durable)
    at.get(core.log).warn({}, 'approvals are signed anew after each start: set approvals.keyFile to keep them');
  return ephemeralKey();
}
