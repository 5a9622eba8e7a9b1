import { dirname, resolve } from 'node:path';
import type { AuditCheck, AuditHead } from '../model/index.ts';
import { noopLogger, noopMetrics, steadyClock, systemClock, systemRandom } from '../runtime/index.ts';
import { AuditLog, keys, readMeta } from '../state/index.ts';
import { compose } from './composition-root.ts';
import { core } from './core-tokens.ts';
import type { CreateOptions } from './create-guard.ts';
import { loadConfigFile } from './create-guard.ts';

/** The audit log of a guard that does not run. */
export interface StoredAudit {
  list(limit: number, after?: string): ReturnType<AuditLog['list']>;
  verify(anchors?: readonly AuditHead[]): Promise<AuditCheck>;
  /** Lets go of the store. */
  close(): Promise<void>;
}

/**
 * Opens the store that a config names, and of it the audit log alone: nothing is written, no guard runs. An embedded
 * store is locked by the guard that uses it (`GUARD_STATE_LOCKED`). Errors besides: those of `loadConfigFile`.
 */
export async function openAudit(
  path: string,
  options: Pick<CreateOptions, 'plugins' | 'configDir' | 'env'> = {},
): Promise<StoredAudit> {
  const config = await loadConfigFile(path, options);
  const clock = steadyClock(systemClock());
  const baseDir = options.configDir ?? dirname(resolve(path));
  const parts = { config, clock, random: systemRandom(clock), log: noopLogger, metrics: noopMetrics, baseDir };
  const store = compose(parts).get(core.store);
  const stopped = new AbortController();
  await store.start?.(stopped.signal);
  const meta = await store.get(keys.meta);
  // A store no guard has used has no shards yet, and no entries.
  const shards = meta ? readMeta(meta).shards : 0;
  const audit = new AuditLog({ store, clock, shards: () => shards });
  return {
    list: (limit, after) => audit.list(limit, after),
    verify: (anchors) => audit.verify(anchors),
    close: async () => store.stop?.(stopped.signal),
  };
}
