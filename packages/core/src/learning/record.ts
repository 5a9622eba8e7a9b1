import type { AgentId, EpochMs, IncidentId, Json, JsonObject, LedgerEntry } from '../model/index.ts';
import { isId, rungs } from '../model/index.ts';

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
    };

const verdicts: readonly LedgerEntry['verdict'][] = ['healed', 'failed', 'ambiguous', 'superseded'];

/** The record as it is stored. */
export function toJson(record: LedgerRecord): JsonObject {
  return { ...record };
}

/** Reads a stored record; `undefined` when it is damaged or belongs to another agent. */
export function readRecord(value: Json, agentId: AgentId): LedgerRecord | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const {
    type,
    agentId: owner,
    at,
    incidentId,
    signature,
    rung,
    verdict,
    tookMs,
  } = value as { readonly [name: string]: Json };
  if (owner !== agentId || !isId(owner) || typeof at !== 'number' || !Number.isFinite(at)) return undefined;
  if (type === 'failure') return { type, agentId, at };
  if (typeof incidentId !== 'string' || typeof signature !== 'string') return undefined;
  if (type === 'incident') return { type, agentId, incidentId, signature, at };
  const knownRung = rungs.find((one) => one === rung);
  const knownVerdict = verdicts.find((one) => one === verdict);
  if (type !== 'attempt' || !knownRung || !knownVerdict || typeof tookMs !== 'number') return undefined;
  return { type, agentId, incidentId, signature, at, rung: knownRung, verdict: knownVerdict, tookMs };
}
