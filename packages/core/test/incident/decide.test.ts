import { describe, expect, it } from 'vitest';
import type { DecideFacts, IncidentEvent } from '../../src/incident/index.ts';
import { finishedStep } from '../../src/pipeline/incidents/audited.ts';
import { decide } from '../../src/incident/index.ts';
import type { Hold, Incident, Receipt } from '../../src/model/index.ts';
import { done, effect, facts, finding, openIncident, plan, restart, steps } from './fixtures.ts';

function run(incident: Incident, ...steps: readonly [IncidentEvent, Partial<DecideFacts>?][]): Incident {
  return steps.reduce((now, [event, change]) => decide(now, event, facts(change)).incident, incident);
}

const begun: readonly [IncidentEvent, Partial<DecideFacts>?][] = [[{ type: 'due' }]];
const evidenceDone: readonly [IncidentEvent, Partial<DecideFacts>?][] = [
  [{ type: 'step-started', stepId: '1-evidence', key: 'k1', effect }],
  [{ type: 'step-finished', stepId: '1-evidence', receipt: { key: 'k1', at: 1, result: 'succeeded' } }],
];
const restartWith = (receipt: Receipt): readonly [IncidentEvent, Partial<DecideFacts>?][] => [
  [{ type: 'step-started', stepId: '2-restart', key: 'k2', effect: restart }],
  [{ type: 'step-finished', stepId: '2-restart', receipt }],
];

describe('decide: an open incident', () => {
  it('begins an attempt and reserves its place in the budget when the gate lets it', () => {
    const decided = decide(openIncident(), { type: 'due' }, facts());
    expect(decided.incident.state).toBe('acting');
    expect(decided.begins).toBe(true);
    expect(decided.entry?.data).toMatchObject({ rung: 'restart', severity: 2, attempt: 1 });
  });

  it('waits as long as the gate says, with one line however often it is asked', () => {
    const verdict: DecideFacts['verdict'] = {
      verdict: 'wait',
      untilMs: 9_000,
      reason: { code: 'settling', text: 'settling' },
      rules: [],
    };
    const first = decide(openIncident(), { type: 'due' }, facts({ verdict }));
    expect(first.incident).toMatchObject({ state: 'open', nextAt: 9_000, because: { code: 'settling' } });
    const second = decide(first.incident, { type: 'due' }, facts({ verdict, now: 9_000 }));
    expect(second.entry).toBeUndefined();
    expect(second.incident.version).toBe(first.incident.version);
  });

  it('goes to a person when the gate refuses', () => {
    const verdict: DecideFacts['verdict'] = {
      verdict: 'refuse',
      reason: { code: 'attempt-budget-exhausted', text: 'spent' },
      rules: [],
    };
    const decided = decide(openIncident(), { type: 'due' }, facts({ verdict }));
    expect(decided.incident).toMatchObject({
      state: 'escalated',
      told: false,
      reason: { code: 'attempt-budget-exhausted' },
    });
    expect(decided.notices).toEqual(['escalated']);
  });

  it('goes to a person when the strategy has no plan', () => {
    const proposal: DecideFacts['proposal'] = { act: false, reason: { code: 'no-orchestrator', text: 'none' } };
    expect(decide(openIncident(), { type: 'due' }, facts({ proposal })).incident.state).toBe('escalated');
  });

  it('rests while a hold covers the agent, and decides again when it is released', () => {
    const hold: Hold = {
      id: 'h',
      scope: { kind: 'fleet' },
      reason: 'deploy',
      by: 'ann',
      at: 0,
      until: 8_000,
      maintenance: false,
    };
    const held = decide(openIncident(), { type: 'due' }, facts({ hold })).incident;
    expect(held).toMatchObject({ state: 'held', holdId: 'h', until: 8_000 });
    expect(decide(held, { type: 'due' }, facts({ hold })).incident).toBe(held);
    const reopened = decide(held, { type: 'released' }, facts()).incident;
    expect(reopened.state).toBe('open');
    expect(decide(reopened, { type: 'due' }, facts()).incident.state).toBe('acting');
  });

  it('resolves by itself only after one watch interval of soundness', () => {
    const well = { health: 'healthy', findings: [] } as const;
    const soon = decide(openIncident(), { type: 'due' }, facts({ ...well, soundForMs: 4_000 }));
    expect(soon.incident).toMatchObject({ state: 'open', nextAt: 8_000 });
    const begun = decide(soon.incident, { type: 'due' }, facts({ ...well, soundForMs: 10_000, unsettled: true }));
    expect(begun.incident).toMatchObject({ state: 'open', nextAt: 12_000 });
    const later = decide(soon.incident, { type: 'due' }, facts({ ...well, soundForMs: 10_000 }));
    expect(later.incident).toMatchObject({ state: 'resolved', outcome: 'self-recovered' });
  });

  it('goes to a person when nothing is heard of the agent for silentFor', () => {
    const quiet = { health: 'unknown', findings: [] } as const;
    expect(decide(openIncident(), { type: 'due' }, facts({ ...quiet, now: 600_000 })).incident.state).toBe('open');
    const decided = decide(openIncident(), { type: 'due' }, facts({ ...quiet, now: 601_000 }));
    expect(decided.incident).toMatchObject({ state: 'escalated', reason: { code: 'unseen' } });
    const still = { ...quiet, now: 601_000, unsettled: true } as const;
    expect(decide(openIncident(), { type: 'due' }, facts(still)).incident.state).toBe('open');
  });

  it('asks a person in mode approve, bound to the hash of the plan', () => {
    const incident = openIncident({ policy: { ...openIncident().policy, mode: 'approve' } });
    const decided = decide(incident, { type: 'due' }, facts());
    expect(decided.incident).toMatchObject({
      state: 'awaiting-approval',
      approval: { planHash: 'hash', expiresAt: 3_602_000 },
    });
    expect(decided.notices).toEqual(['approval']);
  });

  it('prefers an order of the operator to the plan of the strategy', () => {
    const ordered = decide(
      openIncident(),
      { type: 'ordered', by: 'ann', plan: { ...plan, rung: 'respawn' } },
      facts(),
    ).incident;
    const acting = decide(ordered, { type: 'due' }, facts()).incident;
    expect(acting).toMatchObject({ state: 'acting', attempt: { plan: { rung: 'respawn' }, orderedBy: 'ann' } });
    expect(acting.requested).toBeUndefined();
  });
});

describe('decide: a changed picture', () => {
  const verdict: DecideFacts['verdict'] = {
    verdict: 'wait',
    untilMs: 600_000,
    reason: { code: 'single-evidence', text: 'one kind only' },
    rules: [],
  };
  const second = { ...finding, id: 'probe:not-ready', signature: 'not-ready' };
  const joined: IncidentEvent = { type: 'findings', findings: [finding, second], health: 'failed' };

  it('is a line of its own, and what was decided last still stands', () => {
    const waiting = run(openIncident(), [{ type: 'due' }, { verdict }]);
    const decided = decide(waiting, joined, facts({ verdict, findings: [finding, second] }));
    expect(decided.entry).toMatchObject({ type: 'findings', reason: { code: 'finding-joined' } });
    expect(decided.incident).toMatchObject({ because: { code: 'single-evidence' }, findings: { length: 2 } });
  });

  it.each([
    ['held', { state: 'held', holdId: 'h', until: 99_000, because: { code: 'held', text: 'Ann holds it.' } }],
    ['escalated', { state: 'escalated', escalatedAt: 1_500, because: { code: 'no-orchestrator', text: 'Nobody.' } }],
  ] as const)('leaves the reason for which it is %s', (_, change) => {
    const incident = openIncident(change);
    const { because } = decide(incident, joined, facts({ findings: [finding, second] })).incident;
    expect(because).toEqual(change.because);
  });

  it('brings the next look forward when nothing stands against the agent any more', () => {
    const waiting = run(openIncident(), [{ type: 'due' }, { verdict }]);
    expect(waiting).toMatchObject({ nextAt: 600_000 });
    const sound = { now: 3_000, findings: [], health: 'healthy', soundForMs: 1 } as const;
    const cleared: IncidentEvent = { type: 'findings', findings: [], health: 'healthy' };
    expect(run(waiting, [cleared, sound])).toMatchObject({ state: 'open', nextAt: 12_999 });
  });
});

describe('decide: an attempt', () => {
  it('leads step by step to the watch', () => {
    const incident = run(openIncident(), ...begun, ...evidenceDone, ...restartWith(done));
    expect(incident).toMatchObject({ state: 'watching', instanceId: 'web.1@2', watch: { until: 302_000 } });
  });

  it('goes on after a failed step that may fail', () => {
    const failed: Receipt = { key: 'k1', at: 1, result: 'failed', retryable: true, code: 'x', text: 'no logs' };
    const incident = run(
      openIncident(),
      ...begun,
      [{ type: 'step-started', stepId: '1-evidence', key: 'k1', effect }],
      [{ type: 'step-finished', stepId: '1-evidence', receipt: failed }],
    );
    expect(incident).toMatchObject({ state: 'acting' });
  });

  it('climbs to the next band after a failure, waits for the backoff and says so', () => {
    const failed: Receipt = {
      key: 'k2',
      at: 2_100,
      result: 'failed',
      retryable: false,
      code: 'x',
      text: 'no such image',
    };
    const before = run(openIncident(), ...begun, ...evidenceDone, [
      { type: 'step-started', stepId: '2-restart', key: 'k2', effect: restart },
    ]);
    const decided = decide(before, { type: 'step-finished', stepId: '2-restart', receipt: failed }, facts());
    expect(decided.incident).toMatchObject({ state: 'open', nextAt: 7_000, severityAtLeast: 4 });
    expect(decided.ended?.verdict).toBe('failed');
    expect(decided.notices).toEqual(['recovery-failed']);
  });

  it('fails by a step that is not admitted in one move, so that no guard ever finds it begun', () => {
    const receipt: Receipt = {
      key: 'k2',
      at: 2_100,
      result: 'failed',
      retryable: false,
      code: 'x',
      text: 'it may not',
    };
    const before = run(openIncident(), ...begun, ...evidenceDone);
    const refusal = { type: 'step-inadmissible', stepId: '2-restart', key: 'k2', effect: restart, receipt } as const;
    const decided = decide(before, refusal, facts());
    expect(decided.incident).toMatchObject({ state: 'open', attempts: [{ verdict: 'failed' }] });
    expect(decided.entry).toMatchObject({ type: 'attempt-ended', reason: { code: 'step-failed' } });
    expect(finishedStep({ before, incident: decided.incident })).toMatchObject({ id: '2-restart', receipt });
    expect(decide(decided.incident, refusal, facts()).entry).toBeUndefined();
  });

  it('undoes what can be undone before it gives up', () => {
    const undo = { type: 'action', action: 'retire', on: 'new' } as const;
    const withUndo = [
      { ...steps[1], id: '1-respawn', undo },
      { ...steps[0], id: '2-await', onFailure: 'fail' },
    ] as unknown as DecideFacts['steps'];
    const acting = run(
      openIncident(),
      [{ type: 'due' }, { steps: withUndo }],
      [{ type: 'step-started', stepId: '1-respawn', key: 'k1', effect: restart }],
      [{ type: 'step-finished', stepId: '1-respawn', receipt: done }],
      [{ type: 'step-started', stepId: '2-await', key: 'k2', effect }],
      [
        {
          type: 'step-finished',
          stepId: '2-await',
          receipt: { key: 'k2', at: 1, result: 'failed', retryable: true, code: 'x', text: 'never ready' },
        },
      ],
    );
    expect(acting).toMatchObject({
      state: 'acting',
      attempt: { steps: [{}, {}, { id: 'undo-1-respawn', state: 'planned', spec: undo }] },
    });
    const ended = run(
      acting,
      [{ type: 'step-started', stepId: 'undo-1-respawn', key: 'k3', effect: restart }],
      [{ type: 'step-finished', stepId: 'undo-1-respawn', receipt: { key: 'k3', at: 1, result: 'succeeded' } }],
    );
    expect(ended).toMatchObject({ state: 'open', attempts: [{ verdict: 'failed', failure: { code: 'step-failed' } }] });
  });

  it('hands an ambiguous outcome to a person', () => {
    const incident = run(
      openIncident(),
      ...begun,
      ...evidenceDone,
      ...restartWith({ key: 'k2', at: 1, result: 'ambiguous', text: 'cannot tell' }),
    );
    expect(incident).toMatchObject({ state: 'escalated', attempts: [{ verdict: 'ambiguous' }] });
  });

  it('costs nothing and climbs nowhere when the gate refuses before anything was done', () => {
    const before = run(openIncident(), ...begun, ...evidenceDone);
    const decided = decide(
      before,
      { type: 'step-refused', stepId: '2-restart', reason: { code: 'hold', text: 'held' } },
      facts(),
    );
    expect(decided.incident).toMatchObject({
      state: 'open',
      severityAtLeast: 1,
      attempts: [{ verdict: 'superseded' }],
    });
    expect(decided.notices).toEqual([]);
  });

  it('ignores a receipt that comes twice', () => {
    const watching = run(openIncident(), ...begun, ...evidenceDone, ...restartWith(done));
    expect(decide(watching, { type: 'step-finished', stepId: '2-restart', receipt: done }, facts()).incident).toBe(
      watching,
    );
  });
});

describe('decide: the watch', () => {
  const watching = run(openIncident(), ...begun, ...evidenceDone, ...restartWith(done));
  const well = { health: 'degraded', findings: [], soundForMs: 1_000 } as const;

  it('resolves as healed when the agent stays sound to the end', () => {
    const decided = decide(watching, { type: 'watch-check' }, facts({ ...well, now: 302_000 }));
    expect(decided.incident).toMatchObject({ state: 'resolved', outcome: 'healed', attempts: [{ verdict: 'healed' }] });
    expect(decided.notices).toEqual(['recovered']);
  });

  it('fails when no fresh sign of life came by its end', () => {
    const decided = decide(watching, { type: 'watch-check' }, facts({ ...well, soundForMs: 0, now: 302_000 }));
    expect(decided.incident).toMatchObject({ state: 'open', severityAtLeast: 4 });
  });

  it('is not over before the instance had its time to start, when it is shorter than that', () => {
    const policy = { ...watching.policy, watch: { everyMs: 300, forMs: 2_000 } };
    if (watching.state !== 'watching') throw new Error('the attempt did not end in a watch');
    const short = { ...watching, policy, watch: { ...watching.watch, until: watching.watch.startedAt + 2_000 } };
    const at = (sinceMs: number, soundForMs: number) =>
      decide(short, { type: 'watch-check' }, facts({ ...well, soundForMs, now: short.watch.startedAt + sinceMs }));
    expect(at(2_000, 0).incident).toMatchObject({ state: 'watching', watch: { until: short.watch.until + 300 } });
    expect(at(2_300, 50).incident.state).toBe('watching');
    expect(at(2_600, 350).incident).toMatchObject({ state: 'resolved', outcome: 'healed' });
    expect(at(29_900, 0).incident.state).toBe('watching');
    expect(at(30_000, 0)).toMatchObject({ incident: { state: 'open' }, ended: { verdict: 'failed' } });
  });

  it('breaks off at the first suspicion, and tolerates not being ready yet', () => {
    const notReady = { ...finding, kind: 'not-ready', text: 'not ready' } as const;
    const tolerated = decide(
      watching,
      { type: 'watch-check' },
      facts({ health: 'degraded', findings: [notReady], now: 12_000 }),
    );
    expect(tolerated.incident.state).toBe('watching');
    expect(
      decide(watching, { type: 'findings', findings: [finding], health: 'failed' }, facts({ now: 12_000 })).incident
        .state,
    ).toBe('open');
  });
});
