import type { EpochMs, History, IncidentId, Ms, Rung } from '../model/index.ts';
import type { LedgerRecord } from './record.ts';

/** Failures and recurrences count for this long. */
export const historyWindowMs: Ms = 24 * 60 * 60 * 1_000;

export interface HistoryQuestion {
  readonly signature: string;
  readonly now: EpochMs;
  /** The incident that is being judged: it is no recurrence of itself. */
  readonly current?: IncidentId;
}

/**
 * What the records of one agent say of a failure.
 *
 * - `failures`: transitions to failed and failed attempts of any signature in the window.
 * - `recurrence`: other incidents that bore the signature in the window, each counted once.
 * - `outcomes`: per rung, how often the signature was healed and how often not; all that is remembered counts.
 *   Attempts that were overtaken or could not be judged count neither way.
 *
 * A record from the future (the wall clock was set back) counts as new.
 */
export function historyOf(records: readonly LedgerRecord[], question: HistoryQuestion): History {
  const { signature, now, current } = question;
  const outcomes: { [R in Rung]?: { healed: number; failed: number } } = {};
  const incidents = new Set<IncidentId>();
  let failures = 0;
  for (const record of records) {
    const recent = record.at > now - historyWindowMs;
    if (record.type === 'failure') {
      if (recent) failures += 1;
      continue;
    }
    if (record.type === 'attempt' && record.verdict === 'failed' && recent) failures += 1;
    if (record.signature !== signature) continue;
    if (recent && record.incidentId !== current) incidents.add(record.incidentId);
    if (record.type !== 'attempt' || (record.verdict !== 'healed' && record.verdict !== 'failed')) continue;
    const tally = (outcomes[record.rung] ??= { healed: 0, failed: 0 });
    tally[record.verdict] += 1;
  }
  return { failures, recurrence: incidents.size, outcomes };
}
