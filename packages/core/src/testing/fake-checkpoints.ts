import { createHash } from 'node:crypto';
import type { GuardApi } from '../contracts/index.ts';
import type { Checkpoint, EpochMs } from '../model/index.ts';

interface Kept {
  readonly checkpoint: Checkpoint;
  readonly bytes: Uint8Array;
}

/** The checkpoints of a fake guard: the latest of each agent, in memory. */
export class FakeCheckpoints {
  readonly #kept = new Map<string, Kept>();
  readonly #now: () => EpochMs;

  constructor(now: () => EpochMs) {
    this.#now = now;
  }

  save(...[agentId, bytes, { contentType, instance }]: Parameters<GuardApi['checkpoints']['save']>): Checkpoint {
    const version = (this.#kept.get(agentId)?.checkpoint.version ?? 0) + 1;
    const checkpoint: Checkpoint = {
      id: `chk-${version}`,
      agentId,
      ...(instance === undefined ? {} : { instanceId: instance }),
      version,
      at: this.#now(),
      bytes: bytes.length,
      chunks: Math.max(1, Math.ceil(bytes.length / 262_144)),
      sha256: createHash('sha256').update(bytes).digest('hex'),
      contentType,
      quarantined: false,
    };
    this.#kept.set(agentId, { checkpoint, bytes: Uint8Array.from(bytes) });
    return checkpoint;
  }

  latest(...[agentId, { admit } = {}]: Parameters<GuardApi['checkpoints']['latest']>): Kept | undefined {
    const kept = this.#kept.get(agentId);
    if (kept) admit?.(kept.checkpoint);
    return kept;
  }
}
