import { describe, expect, it } from 'vitest';
import { decide, leftoversOf } from '../../src/incident/index.ts';
import type { Attempt, Incident, Receipt, StepRecord } from '../../src/model/index.ts';
import { facts, openIncident, plan, restart } from './fixtures.ts';

const old = { id: 'web.1@1', generation: 1 };
const young = { id: 'web.1@2', generation: 2 };

function step(given: Partial<StepRecord>): StepRecord {
  return {
    id: 'x',
    spec: { type: 'action', action: 'respawn', on: 'old' },
    timeoutMs: 1,
    onFailure: 'fail',
    state: 'planned',
    ...given,
  } as StepRecord;
}

const retire = { type: 'action', action: 'retire', on: 'old' } as const;
const done: Receipt = { key: 'k', at: 1, result: 'succeeded', instance: young };

/** A respawn that is through but for the retirement of the old instance. */
function acting(last: Partial<StepRecord> = {}): Incident {
  const attempt: Attempt = {
    number: 1,
    plan: { ...plan, rung: 'respawn' },
    severity: 7,
    proven: true,
    startedAt: 1_500,
    instance: old,
    replacement: young,
    steps: [
      step({ id: '1-respawn', state: 'finished', key: 'k', startedAt: 1, effect: restart, receipt: done }),
      step({ id: '2-retire', spec: retire, onFailure: 'continue', ...last }),
    ],
  };
  return openIncident({ state: 'acting', attempt });
}

const hold = { code: 'hold', text: 'ann holds it.' } as const;
const refused = { type: 'step-refused', stepId: '2-retire', reason: hold } as const;
const left = (): Incident => decide(acting(), refused, facts()).incident;
const finish = (incident: Incident, receipt: Receipt) =>
  decide(incident, { type: 'leftover-finished', instanceId: old.id, receipt }, facts({ now: 9_000 }));
const failure: Receipt = { key: 'l', at: 1, result: 'failed', retryable: true, code: 'x', text: 'it will not' };

describe('an instance that an attempt leaves behind', () => {
  it('is kept in mind when its retirement was refused, called off or failed, and the recovery stands', () => {
    expect(left()).toMatchObject({ state: 'watching', leftovers: [{ instance: old, beside: young, reason: hold }] });
    const under = { state: 'started', key: 'r', startedAt: 1, effect: restart } as const;
    for (const result of ['failed', 'cancelled'] as const) {
      const receipt = { ...failure, key: 'r', result } as Receipt;
      const event = { type: 'step-finished', stepId: '2-retire', receipt } as const;
      expect(decide(acting(under), event, facts()).incident).toMatchObject({
        state: 'watching',
        leftovers: [{ instance: old }],
      });
    }
  });

  it('is forgotten when it was ended in its turn', () => {
    const under = { state: 'started', key: 'r', startedAt: 1, effect: restart } as const;
    const event = {
      type: 'step-finished',
      stepId: '2-retire',
      receipt: { key: 'r', at: 1, result: 'succeeded' },
    } as const;
    expect(decide(acting(under), event, facts()).incident.leftovers).toBeUndefined();
  });

  it('keeps the incident open past the watch, tells once, and lets it end when it is gone', () => {
    const now = 10_000_000;
    const sound = facts({ now, findings: [], health: 'healthy', soundForMs: 300_000 });
    const first = decide(left(), { type: 'watch-check' }, sound);
    expect(first).toMatchObject({ incident: { state: 'watching' }, notices: ['blocked'] });
    expect(decide(first.incident, { type: 'watch-check' }, sound)).toMatchObject({
      notices: [],
      incident: { state: 'watching' },
    });
    const { incident, entry } = finish(first.incident, { key: 'l', at: 1, result: 'succeeded' });
    expect(leftoversOf(incident)).toEqual([]);
    expect(entry).toMatchObject({ type: 'leftover-finished', data: { instance: old.id } });
  });

  it('is journaled before it is ended, and is idle again after a try that failed', () => {
    const effect = restart;
    const event = { type: 'leftover-started', instanceId: old.id, key: 'l', startedAt: 5, effect } as const;
    const started = decide(left(), event, facts()).incident;
    expect(started.leftovers).toMatchObject([{ under: { key: 'l' }, tries: 0 }]);
    expect(finish(started, failure).incident.leftovers).toEqual([
      { instance: old, beside: young, reason: hold, since: 2_000, tries: 1 },
    ]);
    expect(finish(started, { key: 'l', at: 1, result: 'cancelled', text: 'a hold' }).incident.leftovers).toMatchObject([
      { tries: 0 },
    ]);
  });

  it('is handed over to a person after three tries', () => {
    let decided = finish(left(), failure);
    expect(decided.notices).toEqual([]);
    decided = finish(decided.incident, failure);
    decided = finish(decided.incident, failure);
    expect(decided).toMatchObject({ notices: ['blocked'], incident: { because: { code: 'instance-left-behind' } } });
    expect(leftoversOf(decided.incident)).toEqual([]);
  });

  it('changes places with the one beside it when that is the one in the way', () => {
    const { incident } = decide(left(), { type: 'leftover-turned', instanceId: old.id }, facts());
    expect(incident.leftovers).toMatchObject([{ instance: young, beside: old }]);
  });

  it('is nothing that an event about another instance touches', () => {
    const before = left();
    const event = { type: 'leftover-finished', instanceId: 'other', receipt: failure } as const;
    expect(decide(before, event, facts()).incident).toBe(before);
  });
});
