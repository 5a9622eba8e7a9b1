import type { AgentId, Checkpoint, Json } from '../model/index.ts';
import { checkpointChunkBytes, isId } from '../model/index.ts';

/**
 * Reads the stored record of a checkpoint. Nothing of it is trusted, because sizes in it decide how much is read.
 * @returns `undefined` when it is damaged or belongs to another agent.
 */
export function readCheckpoint(value: Json, agentId: AgentId): Checkpoint | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const fields = value as { readonly [name: string]: Json };
  const { id, instanceId, contentType, quarantined } = fields;
  const figures = readFigures(fields);
  if (!figures || fields['agentId'] !== agentId || !isId(id)) return undefined;
  if (typeof contentType !== 'string' || typeof quarantined !== 'boolean') return undefined;
  if (instanceId !== undefined && !isId(instanceId)) return undefined;
  const known = { id, agentId, ...figures, contentType, quarantined };
  return instanceId === undefined ? known : { ...known, instanceId };
}

/** Why bytes cannot be a state of the content type they are said to be; `undefined` when they may be. */
export function stateProblem(bytes: Uint8Array, contentType: string): string | undefined {
  const [media = ''] = contentType.toLowerCase().split(';');
  if (!/^application\/([\w.-]+\+)?json$/.test(media.trim())) return undefined;
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return undefined;
  } catch {
    return `it is said to be ${media.trim()} and is not JSON`;
  }
}

type Figures = Pick<Checkpoint, 'version' | 'at' | 'bytes' | 'chunks' | 'sha256'>;

function readFigures(fields: { readonly [name: string]: Json }): Figures | undefined {
  const { version, at, bytes, chunks, sha256 } = fields;
  if (!isCount(version) || !isCount(bytes) || !isCount(chunks)) return undefined;
  if (typeof at !== 'number' || !Number.isFinite(at) || chunks !== Math.ceil(bytes / checkpointChunkBytes))
    return undefined;
  return typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)
    ? { version, at, bytes, chunks, sha256 }
    : undefined;
}

function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
