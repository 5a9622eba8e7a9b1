import type { Logger } from '../contracts/index.ts';
import { messageOf } from '../contracts/index.ts';
import type { JsonObject } from '../model/index.ts';
import type { AuditLog } from '../state/index.ts';

export interface GuardRecordOptions {
  readonly audit: AuditLog;
  readonly log: Logger;
  readonly guardId: string;
}

/** A start is on record with the config it was made with and the ends of all chains: one anchor holds them all. */
export async function recordStart({ audit, log, guardId }: GuardRecordOptions, how: JsonObject): Promise<void> {
  await audit.load();
  const heads = audit.heads().map(({ chain, seq, hash }) => `${chain}@${seq}:${hash}`);
  await audit.record({ actor: 'guard', action: 'guard.started', subject: guardId, data: { ...how, heads } });
  log.info(audit.status(), 'the audit log is open');
}

/** A store that is away must not keep the guard from stopping. */
export async function recordStop({ audit, log, guardId }: GuardRecordOptions): Promise<void> {
  try {
    await audit.record({ actor: 'guard', action: 'guard.stopped', subject: guardId });
  } catch (thrown) {
    log.warn({ err: messageOf(thrown) }, 'that the guard stops could not be written into the audit log');
  }
  log.info(audit.status(), 'the audit log is closed');
}
