import type { AgentId, Checkpoint, Json } from '../model/index.ts';
import { checkpointChunkBytes, isId } from '../model/index.ts';

/**
 * Reads the stored record of a checkpoint. Nothing of it is trusted, because sizes in it decide how much is read.
 * @returns `undefined` when it is damaged or belongs to another agent.
 */
export function readCheckpoint(value: Json, agentId: AgentId): Checkpoint | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const record = value as { readonly [name: string]: Json };
  const { id, instanceId, version, at, bytes, chunks, sha256, contentType, quarantined } = record;
  if (record['agentId'] !== agentId || !isId(id)) return undefined;
  if (!isCount(version) || !isCount(bytes) || !isCount(chunks) || typeof at !== 'number' || !Number.isFinite(at))
    return undefined;
  if (chunks !== Math.ceil(bytes / checkpointChunkBytes)) return undefined;
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
  if (typeof contentType !== 'string' || typeof quarantined !== 'boolean') return undefined;
  if (instanceId !== undefined && !isId(instanceId)) return undefined;
  const known = { id, agentId, version, at, bytes, chunks, sha256, contentType, quarantined };
  return instanceId === undefined ? known : { ...known, instanceId };
}

function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
