import { describe, expect, it } from 'vitest';
import { agent, finding, policy } from '../../test/decision-fixtures.ts';
import type { PredictionPolicy } from '../model/index.ts';
import { evidence } from './gate-evidence.ts';
import type { GateFacts } from './gate-facts.ts';
import { quiet } from './gate-forecast.ts';

const minutes = 60_000;
const foreseen = (leftMs: number, metric = 'memory_usage_mb') =>
  finding({
    kind: 'exhaustion',
    evidence: 'telemetry',
    implies: 'degraded',
    signature: 'leak:memory',
    text: 'memory grows 12.3 MB/min (at least 9.8), reaches 512 MB in about 18m',
    data: { metric, timeToLimitMs: leftMs },
  });

function facts(change: Partial<GateFacts> = {}, prediction: Partial<PredictionPolicy> = { mode: 'act' }): GateFacts {
  return {
    now: 1_000_000,
    agent,
    health: 'degraded',
    findings: [foreseen(18 * minutes)],
    policy: { ...policy, prediction: { ...policy.prediction, ...prediction } },
    rung: 'restart',
    begun: false,
    ordered: false,
    failedAttempts: 0,
    answeredAgoMs: 5_000,
    figuresAgoMs: 5_000,
    activity: { activeTasks: 0, queueDepth: 0, cpu: 0.1 },
    ...change,
  } as GateFacts;
}

describe('what is only foreseen', () => {
  it('allows a restart when the group wants it and an answer and figures are of now', () => {
    expect(evidence(facts())).toBeUndefined();
    expect(quiet(facts())).toBeUndefined();
  });

  it.each([
    ['the group does not want it', facts({}, { mode: 'off' }), 'prediction-off'],
    ['it is only to be suggested', facts({}, { mode: 'suggest' }), 'prediction-suggested'],
    ['its exhaustion ends no agent', facts({ findings: [foreseen(minutes, 'cpu_usage')] }), 'prediction-off'],
    ['more than a restart is to be done', facts({ rung: 'recreate' }), 'prediction-limited'],
    ['it is far off', facts({ findings: [foreseen(50 * minutes)] }), 'prediction-early'],
    ['no question was answered of late', facts({ answeredAgoMs: 61_000 }), 'prediction-unconfirmed'],
    ['no figures came of late', facts({ figuresAgoMs: 61_000 }), 'prediction-unconfirmed'],
    ['it does not say when', facts({ findings: [{ ...foreseen(1), data: {} }] }), 'prediction-off'],
  ] as const)('allows nothing when %s, however long it stands', (_, given, code) => {
    for (const now of [given.now, given.now + 1e9])
      expect(evidence({ ...given, now })).toMatchObject({ code, until: expect.any(Number) as number });
  });

  it('is no evidence beside what is unusual, or beside not being ready', () => {
    const others = [
      finding({ kind: 'anomaly', evidence: 'telemetry' }),
      finding({ kind: 'not-ready', evidence: 'probe' }),
    ];
    const objection = evidence(facts({ findings: [foreseen(18 * minutes), ...others] }, { mode: 'off' }));
    expect(objection).toMatchObject({ code: 'prediction-off' });
  });

  it('stands in nobody’s way when something has happened', () => {
    const dead = facts({ findings: [foreseen(18 * minutes), finding({ proven: true })] }, { mode: 'off' });
    expect(evidence(dead)).toBeUndefined();
    expect(quiet({ ...dead, activity: { activeTasks: 3 } })).toBeUndefined();
  });
});

describe('unusual figures', () => {
  it.each([
    [[finding({ kind: 'anomaly', evidence: 'telemetry' })]],
    [[finding({ kind: 'anomaly', evidence: 'telemetry' }), finding({ kind: 'anomaly', evidence: 'errors' })]],
    [[finding({ kind: 'anomaly', evidence: 'telemetry' }), finding({ kind: 'not-ready', evidence: 'probe' })]],
  ])('alone are never a reason, and no kind of evidence (%#)', (findings) => {
    for (const failedAttempts of [0, 3])
      expect(evidence(facts({ findings, failedAttempts, now: 1e12 }))).toMatchObject({ code: 'anomaly-alone' });
  });

  it('do not make two kinds of one', () => {
    const findings = [
      finding({ kind: 'anomaly', evidence: 'telemetry' }),
      finding({ kind: 'probe-failed', evidence: 'probe', since: 999_000 }),
    ];
    expect(evidence(facts({ findings }))).toMatchObject({ code: 'single-evidence' });
  });
});

describe('a quiet moment', () => {
  it.each([
    ['tasks in hand', { activeTasks: 1 }],
    ['tasks waiting', { activeTasks: 0, queueDepth: 4 }],
    ['a busy processor', { cpu: 0.9 }],
    ['nothing it says of itself', {}],
  ])('is waited for with %s', (_, activity) => {
    expect(quiet(facts({ activity }))).toMatchObject({ code: 'not-quiet', until: 1_005_000 });
  });

  it('is not waited for any longer than to the margin', () => {
    const busy = { activity: { activeTasks: 9 } };
    expect(quiet(facts({ ...busy, findings: [foreseen(5 * minutes + 2_000)] }))).toMatchObject({ until: 1_002_000 });
    expect(quiet(facts({ ...busy, findings: [foreseen(5 * minutes)] }))).toBeUndefined();
  });

  it('asks about requests only when it is told how many are few', () => {
    const activity = { requestsPerSecond: 5 };
    expect(quiet(facts({ activity }))).toMatchObject({ text: expect.stringContaining('does not say') as string });
    const asked = (most: number): GateFacts =>
      facts({ activity }, { mode: 'act', quiet: { ...policy.prediction.quiet, requestsPerSecond: most } });
    expect(quiet(asked(1))?.text).toContain('serves 5 requests');
    expect(quiet(asked(10))).toBeUndefined();
  });

  it('is not waited for once the restart has begun, or when a person ordered it', () => {
    const activity = { activeTasks: 1 };
    expect(quiet(facts({ activity, begun: true }))).toBeUndefined();
    expect(quiet(facts({ activity, ordered: true }))).toBeUndefined();
  });
});
