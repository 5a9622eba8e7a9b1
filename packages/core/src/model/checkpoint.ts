import type { AgentId, InstanceId } from './agent.ts';
import type { EpochMs } from './units.ts';

/** A backup of an agent's state. The bytes lie in chunks of at most 256 KiB beside it. */
export interface Checkpoint {
  readonly id: string;
  readonly agentId: AgentId;
  readonly instanceId?: InstanceId;
  /** Counts up per agent. */
  readonly version: number;
  readonly at: EpochMs;
  readonly bytes: number;
  readonly chunks: number;
  /** SHA-256 of the bytes, in hex. */
  readonly sha256: string;
  readonly contentType: string;
  /** Taken from an instance that failed: kept for forensics, never restored (R25). */
  readonly quarantined: boolean;
}

/** Most bytes of one chunk. */
export const checkpointChunkBytes = 256 * 1024;
