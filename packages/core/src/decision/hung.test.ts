import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { everything, finding, incidentFacts, policy } from '../../test/decision-fixtures.ts';
import type { IncidentFacts, SignsOfLife } from '../contracts/index.ts';
import type { Capability, Finding, LadderPolicy } from '../model/index.ts';
import { graceOn, hungBy, tellingGrace } from './hung.ts';

const now = 1_000_000;
const since = now - 30_000;
const silence = finding({ kind: 'heartbeat-timeout', evidence: 'heartbeat', implies: 'degraded', since });
const unanswered = finding({ kind: 'probe-failed', evidence: 'probe', since, data: { silent: true } });
const verdict = finding({ kind: 'unhealthy', evidence: 'orchestrator', since });
const answering = { ...unanswered, data: { answered: true, silent: false } };
const refusing = { ...unanswered, data: { answered: false, silent: false } };
const stalled = finding({ kind: 'stalled', evidence: 'progress', implies: 'degraded', since });

const heard: SignsOfLife = { beats: true, answers: true, heardAgoMs: 60_000 };
const mute: SignsOfLife = { beats: false, answers: false };

const by = (findings: readonly Finding[], signs: SignsOfLife | undefined = heard): readonly string[] =>
  hungBy({ now, findings, policy, ...(signs ? { signs } : {}) });

describe('hung is who', () => {
  it.each([
    ['fell silent in both ways in which it was heard', [silence, unanswered], heard, ['heartbeat', 'probe']],
    [
      'its orchestrator finds unhealthy, too',
      [silence, unanswered, verdict],
      heard,
      ['heartbeat', 'orchestrator', 'probe'],
    ],
    [
      'is never asked, and silent and unhealthy',
      [silence, verdict],
      { ...heard, answers: false },
      ['heartbeat', 'orchestrator'],
    ],
    [
      'sends no heartbeats, and answers no more and is unhealthy',
      [unanswered, verdict],
      { ...heard, beats: false },
      ['orchestrator', 'probe'],
    ],
    [
      'was unhealthy long before, and is silent now',
      [{ ...verdict, since: 0 }, silence, unanswered],
      heard,
      ['heartbeat', 'probe'],
    ],
    ['was never heard of', [silence, unanswered], mute, ['heartbeat', 'probe']],
  ] as const)('%s', (_who, findings, signs, kinds) => {
    expect(by(findings, signs)).toEqual(kinds);
  });
});

describe('not hung is who', () => {
  it.each<[string, readonly Finding[], SignsOfLife]>([
    ['has one kind of evidence alone against it', [silence], mute],
    ['has two suspicions of one kind', [unanswered, { ...unanswered, id: 'again' }], mute],
    ['sends heartbeats', [unanswered, verdict], heard],
    ['answers probes', [silence, verdict], heard],
    ['answers probes badly', [silence, answering, verdict], heard],
    ['refuses connections, as who is ending does', [silence, refusing, verdict], heard],
    ['has ended', [silence, unanswered, finding({ proven: true })], heard],
    [
      'says itself that it is unhealthy',
      [silence, { ...verdict, evidence: 'telemetry' }],
      { ...heard, answers: false },
    ],
    ['tells that its work stands still', [stalled, silence], { ...heard, answers: false }],
    ['was heard of since, by its figures', [silence, unanswered], { ...heard, heardAgoMs: 5_000 }],
    ['is slow and full of errors', [finding({ kind: 'slow' }), finding({ kind: 'errors', evidence: 'errors' })], mute],
  ])('%s', (_who, findings, signs) => {
    expect(by(findings, signs)).toEqual([]);
  });

  it('nobody looked at for signs of life', () => {
    expect(hungBy({ now, findings: [silence, unanswered], policy })).toEqual([]);
  });

  it('is expected to send no heartbeats, and does not count as silent for that', () => {
    const off = { ...policy, heartbeat: { ...policy.heartbeat, expect: 'off' } } as const;
    expect(hungBy({ now, findings: [unanswered, verdict], signs: heard, policy: off })).toHaveLength(2);
  });
});

const hung = (ladder: Partial<LadderPolicy>, change: Partial<IncidentFacts> = {}): IncidentFacts =>
  incidentFacts({
    now,
    findings: [silence, unanswered],
    signs: heard,
    policy: { ...policy, ladder: { ...policy.ladder, ...ladder } },
    ...change,
  });
const inPlace: readonly Capability[] = everything.map((capability) =>
  capability.action === 'respawn' ? { ...capability, respawn: ['in-place'] } : capability,
);

describe('the grace', () => {
  it('of who hangs is that of the hung, with the reason', () => {
    expect(graceOn(hung({ hungGraceMs: 0 }), 'restart', everything)).toMatchObject({
      graceMs: 0,
      shortGrace: {
        code: 'hung',
        text: 'web.1 hangs (heartbeat, probe) and cannot end by itself: it is killed at once, not after 10s.',
      },
    });
    expect(graceOn(hung({ hungGraceMs: 2_000 }), 'recreate', everything).shortGrace?.text).toContain(
      'killed after 2s, not after 10s',
    );
  });

  it('of who hangs is the whole one beside a new instance, where nobody waits for it', () => {
    expect(graceOn(hung({ hungGraceMs: 0 }), 'respawn', everything)).toEqual({ graceMs: 10_000 });
    expect(graceOn(hung({ hungGraceMs: 0 }), 'respawn', inPlace).graceMs).toBe(0);
  });

  it('is the whole one without a rule, as in policies that were stored before there was one, and with a longer one', () => {
    expect(graceOn(hung({}), 'restart', everything)).toEqual({ graceMs: 10_000 });
    expect(graceOn(hung({ hungGraceMs: 10_000 }), 'restart', everything)).toEqual({ graceMs: 10_000 });
  });

  it('is never longer than that of the rung, and shorter only on two kinds of evidence and no sign of life since', () => {
    const kinds = ['heartbeat-timeout', 'probe-failed', 'unhealthy', 'stalled', 'slow', 'errors', 'not-ready'] as const;
    const findings = fc.array(
      fc
        .record({
          kind: fc.constantFrom(...kinds),
          evidence: fc.constantFrom('heartbeat', 'probe', 'orchestrator', 'telemetry', 'errors', 'progress'),
          proven: fc.boolean(),
          since: fc.integer({ min: 0, max: now }),
          data: fc.record({ silent: fc.boolean() }),
        })
        .map((given) => finding(given)),
      { maxLength: 5 },
    );
    const signs = fc.record(
      { beats: fc.boolean(), answers: fc.boolean(), heardAgoMs: fc.integer({ min: 0, max: now }) },
      { requiredKeys: ['beats', 'answers'] },
    );
    const graces = fc.record({ hungGraceMs: fc.nat(20_000), graceMs: fc.nat(20_000) });
    fc.assert(
      fc.property(findings, signs, graces, (those, life, { hungGraceMs, graceMs }) => {
        const restart = { ...policy.ladder.restart, graceMs };
        const grace = graceOn(hung({ hungGraceMs, restart }, { findings: those, signs: life }), 'restart', everything);
        expect(grace.graceMs).toBeLessThanOrEqual(graceMs);
        expect(grace.shortGrace !== undefined).toBe(grace.graceMs < graceMs);
        if (grace.graceMs === graceMs) return;
        expect(grace.graceMs).toBe(hungGraceMs);
        const unheard = those.filter((one) => life.heardAgoMs === undefined || one.since > now - life.heardAgoMs);
        expect(new Set(unheard.map(({ evidence }) => evidence)).size).toBeGreaterThanOrEqual(2);
        expect(those.some(({ proven }) => proven)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a proposal', () => {
  const plan = {
    rung: 'restart',
    skipped: [],
    restoreState: false,
    graceMs: 0,
    timeoutMs: 30_000,
    recommendedAction: 'restart',
  } as const;
  const reason = { code: 'rung-chosen', text: 'Severity 3: restart.' } as const;

  it('tells that the grace is short', () => {
    const shortGrace = { code: 'hung', text: 'web.1 hangs.' } as const;
    const told = tellingGrace({ act: true, value: { ...plan, shortGrace }, reason });
    expect(told.reason.text).toBe('Severity 3: restart. web.1 hangs.');
  });

  it('is left alone otherwise', () => {
    for (const proposal of [{ act: true, value: plan, reason } as const, { act: false, reason } as const])
      expect(tellingGrace(proposal)).toBe(proposal);
  });
});
