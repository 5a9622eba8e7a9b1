import type { Decided } from '../../incident/index.ts';
import type { LedgerRecord } from '../../learning/index.ts';
import type { Incident } from '../../model/index.ts';

/** What the ledger has to remember of a change: a new signature, and what came of an attempt. */
export function ledgerRecords(
  before: Incident | undefined,
  { incident, ended, defect }: Decided,
): readonly LedgerRecord[] {
  const { agentId, signature, changedAt: at, id: incidentId } = incident;
  const records: LedgerRecord[] = [];
  if (before?.signature !== signature) records.push({ type: 'incident', agentId, incidentId, signature, at });
  if (defect) records.push({ type: 'defect', agentId, ...defect });
  // What only isolated an agent or brought it back teaches nothing of healing.
  if (!ended || ended.verdict === 'contained') return records;
  const endedAt = ended.endedAt ?? at;
  records.push({
    type: 'attempt',
    at: endedAt,
    incidentId,
    agentId,
    signature,
    rung: ended.plan.rung,
    verdict: ended.verdict ?? 'superseded',
    tookMs: endedAt - ended.startedAt,
  });
  return records;
}
