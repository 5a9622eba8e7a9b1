import type { AgentId, Defect, EpochMs, IncidentId, Json, JsonObject, LedgerEntry } from '../model/index.ts';
import { rungs } from '../model/index.ts';

/** One thing the ledger remembers. */
export type LedgerRecord =
  /** What came of an attempt. */
  | ({ readonly type: 'attempt' } & LedgerEntry)
  /** The agent went over to `failed`. */
  | { readonly type: 'failure'; readonly agentId: AgentId; readonly at: EpochMs }
  /** An incident bore this signature; noted when it is opened, and again when its signature changes. */
  | {
      readonly type: 'incident';
      readonly agentId: AgentId;
      readonly incidentId: IncidentId;
      readonly signature: string;
      readonly at: EpochMs;
    }
  /** A failure that was healed so often that it is a defect; noted with each healing from then on (R20). */
  | ({ readonly type: 'defect'; readonly agentId: AgentId } & Defect);

const verdicts: readonly LedgerEntry['verdict'][] = ['healed', 'failed', 'ambiguous', 'superseded'];

/** The record as it is stored. */
export function toJson(record: LedgerRecord): JsonObject {
  return { ...record };
}

/** Reads a stored record; `undefined` when it is damaged or belongs to another agent. */
export function readRecord(value: Json, agentId: AgentId): LedgerRecord | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const fields = value as { readonly [name: string]: Json };
  const { type, at, incidentId, signature } = fields;
  if (fields['agentId'] !== agentId || typeof at !== 'number' || !Number.isFinite(at)) return undefined;
  if (type === 'failure') return { type, agentId, at };
  if (typeof incidentId !== 'string' || typeof signature !== 'string') return undefined;
  if (type === 'incident') return { type, agentId, incidentId, signature, at };
  if (type === 'defect') return readDefect(fields, { agentId, incidentId, signature, at });
  const outcome = type === 'attempt' ? readOutcome(fields) : undefined;
  return outcome && { type: 'attempt', agentId, incidentId, signature, at, ...outcome };
}

function readDefect(
  { healings, windowMs }: { readonly [name: string]: Json },
  of: { readonly agentId: AgentId; readonly incidentId: IncidentId; readonly signature: string; readonly at: EpochMs },
): LedgerRecord | undefined {
  const whole = typeof healings === 'number' && typeof windowMs === 'number';
  return whole ? { type: 'defect', ...of, healings, windowMs } : undefined;
}

function readOutcome(fields: {
  readonly [name: string]: Json;
}): Pick<LedgerEntry, 'rung' | 'verdict' | 'tookMs'> | undefined {
  const rung = rungs.find((one) => one === fields['rung']);
  const verdict = verdicts.find((one) => one === fields['verdict']);
  const { tookMs } = fields;
  return rung && verdict && typeof tookMs === 'number' ? { rung, verdict, tookMs } : undefined;
}
