import { describe, expect, it } from 'vitest';
import type { RecurrencePolicy, Rung } from '../model/index.ts';
import { historyOf, openDefects } from './history.ts';
import { readRecord, toJson, type LedgerRecord } from './record.ts';

const hour = 3_600_000;
const recurrence: RecurrencePolicy = {
  defectAfter: 3,
  defectWindowMs: 24 * hour,
  movesMax: 3,
  movesWindowMs: 6 * hour,
};
const attempt = (
  at: number,
  rung: Rung,
  given: Partial<Extract<LedgerRecord, { type: 'attempt' }>> = {},
): LedgerRecord => ({
  type: 'attempt',
  at,
  incidentId: `inc_${at}`,
  agentId: 'a',
  signature: 'exited',
  rung,
  verdict: 'healed',
  tookMs: 1,
  ...given,
});
const defect: LedgerRecord = {
  type: 'defect',
  agentId: 'a',
  signature: 'exited',
  at: 10 * hour,
  incidentId: 'inc_1',
  healings: 3,
  windowMs: 24 * hour,
};

describe('what comes back', () => {
  it('counts moves and healings of the failure, each in its own window', () => {
    const records = [
      attempt(1 * hour, 'respawn'),
      attempt(5 * hour, 'recreate', { verdict: 'failed' }),
      attempt(6 * hour, 'respawn'),
      attempt(7 * hour, 'restart'),
      attempt(8 * hour, 'respawn', { verdict: 'superseded' }),
      attempt(9 * hour, 'respawn', { signature: 'oom-killed' }),
    ];
    const question = { signature: 'exited', now: 10 * hour };
    expect(historyOf(records, { ...question, recurrence })).toMatchObject({ moves: 2, healings: 3 });
    expect(historyOf(records, question)).not.toHaveProperty('moves');
  });

  it('knows the failure also when another suspicion joined it or is missing', () => {
    const records = [attempt(1, 'respawn', { signature: 'exited+probe-failed' }), attempt(2, 'respawn')];
    const ask = (signature: string) => historyOf(records, { signature, now: 3, recurrence }).moves;
    expect([ask('exited'), ask('exited+not-ready+probe-failed'), ask('probe-failed'), ask('slow')]).toEqual([
      2, 2, 1, 0,
    ]);
  });

  it('has a defect while it is open, and only for its failure', () => {
    const of = (signature: string, now: number) => historyOf([defect], { signature, now, recurrence }).defect;
    expect(of('exited', 11 * hour)).toMatchObject({ healings: 3, incidentId: 'inc_1' });
    expect(of('slow', 11 * hour)).toBeUndefined();
    expect(of('exited', 34 * hour)).toBeUndefined();
    expect(openDefects([defect, { ...defect, at: 11 * hour, healings: 4 }], 12 * hour)).toMatchObject([
      { healings: 4 },
    ]);
  });

  it('reads a stored defect, and no half of one', () => {
    expect(readRecord(toJson(defect), 'a')).toEqual(defect);
    const { windowMs: _windowMs, ...half } = toJson(defect);
    expect(readRecord(half, 'a')).toBeUndefined();
    expect(readRecord(toJson(defect), 'b')).toBeUndefined();
  });
});
