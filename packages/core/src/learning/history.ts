import type { Defect, EpochMs, History, IncidentId, Ms, RecurrencePolicy, Rung } from '../model/index.ts';
import { sameFailure } from '../model/index.ts';
import type { LedgerRecord } from './record.ts';

/** Failures and recurrences count for this long. */
export const historyWindowMs: Ms = 24 * 60 * 60 * 1_000;

export interface HistoryQuestion {
  readonly signature: string;
  readonly now: EpochMs;
  /** The incident that is being judged: it is no recurrence of itself. */
  readonly current?: IncidentId;
  /** For moves, healings and defects; without it they are not counted. */
  readonly recurrence?: RecurrencePolicy;
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
  return { failures, recurrence: incidents.size, outcomes, ...comesBack(records, question) };
}

/** Defects of an agent that are open, the newest of each failure. */
export function openDefects(records: readonly LedgerRecord[], now: EpochMs): readonly Defect[] {
  const open = new Map<string, Defect>();
  for (const record of records) {
    if (record.type !== 'defect' || record.at <= now - record.windowMs) continue;
    const { signature, at, incidentId, healings, windowMs } = record;
    open.set(signature, { signature, at, incidentId, healings, windowMs });
  }
  return [...open.values()];
}

/** A failure that comes back joined by another suspicion, or without one, is the same failure all the same. */
function comesBack(
  records: readonly LedgerRecord[],
  { recurrence, signature, now }: HistoryQuestion,
): Pick<History, 'moves' | 'healings' | 'defect'> {
  if (!recurrence) return {};
  let moves = 0;
  let healings = 0;
  for (const record of records) {
    if (record.type !== 'attempt' || !sameFailure(record.signature, signature)) continue;
    const moved = record.rung === 'recreate' || record.rung === 'respawn';
    if (moved && record.verdict !== 'superseded' && record.at > now - recurrence.movesWindowMs) moves += 1;
    if (record.verdict === 'healed' && record.at > now - recurrence.defectWindowMs) healings += 1;
  }
  const defect = openDefects(records, now).findLast((one) => sameFailure(one.signature, signature));
  return { moves, healings, ...(defect ? { defect } : {}) };
}
