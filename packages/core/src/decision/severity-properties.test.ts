import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agent, finding, incidentFacts, policy } from '../../test/decision-fixtures.ts';
import type { IncidentFacts } from '../contracts/index.ts';
import type { Attempt, Criticality, Finding } from '../model/index.ts';
import { threatAssessor } from './threat-assessor.ts';

/** Everything severity is made of, as figures of which more is worse. */
interface Figures {
  readonly failed: 0 | 1;
  readonly attempts: number;
  readonly errorRate: number;
  readonly p95: number;
  readonly p99: number;
  readonly recurrence: number;
  readonly failures: number;
  readonly criticality: number;
  readonly anomaly: number;
  readonly dependants: number;
  readonly unhealthy: number;
  readonly atLeast: number;
  readonly dataLossRisk: 0 | 1;
  readonly securityIncident: 0 | 1;
  readonly added: number;
}

const bit = fc.constantFrom<0 | 1>(0, 1);
const figures: fc.Arbitrary<Figures> = fc.record({
  failed: bit,
  attempts: fc.integer({ min: 0, max: 8 }),
  errorRate: fc.double({ min: 0, max: 1, noNaN: true }),
  p95: fc.integer({ min: 0, max: 2_000 }),
  p99: fc.integer({ min: 0, max: 2_000 }),
  recurrence: fc.integer({ min: 0, max: 6 }),
  failures: fc.integer({ min: 0, max: 9 }),
  criticality: fc.integer({ min: 0, max: 2 }),
  anomaly: fc.double({ min: 0, max: 1, noNaN: true }),
  dependants: fc.integer({ min: 0, max: 9 }),
  unhealthy: fc.integer({ min: 0, max: 9 }),
  atLeast: fc.integer({ min: 1, max: 10 }),
  dataLossRisk: bit,
  securityIncident: bit,
  added: fc.double({ min: 0.1, max: 9, noNaN: true }),
});

const failedAttempt = { plan: { rung: 'restart' }, steps: [], verdict: 'failed' } as unknown as Attempt;

function factsOf(of: Figures): IncidentFacts {
  const findings: Finding[] = [
    finding({
      proven: true,
      data: { dataLossRisk: of.dataLossRisk === 1, securityIncident: of.securityIncident === 1 },
    }),
    finding({ id: 'e', kind: 'error-rate', signature: 'error-rate' }),
    finding({ id: 's', kind: 'slow', signature: 'slow' }),
    finding({ id: 'a', kind: 'anomaly', signature: 'anomaly', strength: of.anomaly }),
  ];
  return incidentFacts({
    agent: { ...agent, criticality: of.criticality as Criticality },
    health: of.failed ? 'failed' : 'degraded',
    findings,
    metrics: { error_rate: of.errorRate, p95_latency_ms: of.p95, p99_latency_ms: of.p99 },
    attempts: Array.from({ length: of.attempts }, () => failedAttempt),
    severityAtLeast: of.atLeast,
    history: { failures: of.failures, recurrence: of.recurrence, outcomes: {} },
    reach: { groupSize: 10, unhealthy: of.unhealthy, dependants: of.dependants },
    policy: {
      ...policy,
      severity: { ...policy.severity, rules: [{ when: 'failures > 3', add: of.added, reason: 'a rule of the user' }] },
    },
  });
}

const calm: Figures = {
  failed: 0,
  attempts: 0,
  errorRate: 0,
  p95: 0,
  p99: 0,
  recurrence: 0,
  failures: 0,
  criticality: 0,
  anomaly: 0,
  dependants: 0,
  unhealthy: 0,
  atLeast: 1,
  dataLossRisk: 0,
  securityIncident: 0,
  added: 1,
};

describe('severity', () => {
  it('is a whole number from 1 to 10', () => {
    fc.assert(
      fc.property(figures, (of) => {
        const { severity } = threatAssessor.assess(factsOf(of));
        expect(Number.isInteger(severity) && severity >= 1 && severity <= 10).toBe(true);
      }),
    );
  });

  it('never falls when anything gets worse', () => {
    const names = Object.keys(calm) as (keyof Figures)[];
    fc.assert(
      fc.property(figures, figures, fc.constantFrom(...names), (of, other, name) => {
        const worse = { ...of, [name]: Math.max(of[name], other[name]) } as Figures;
        expect(threatAssessor.assess(factsOf(worse)).severity).toBeGreaterThanOrEqual(
          threatAssessor.assess(factsOf(of)).severity,
        );
      }),
    );
  });

  it('is the sum of its shares, rounded and clamped; none of them is negative', () => {
    fc.assert(
      fc.property(figures, (of) => {
        const { severity, factors } = threatAssessor.assess(factsOf(of));
        const sum = factors.reduce((total, { share }) => total + share, 0);
        expect(severity).toBe(Math.min(10, Math.max(1, Math.round(sum))));
        expect(factors.filter(({ share }) => share <= 0)).toEqual([]);
      }),
    );
  });

  it('gives unusual figures a share of 3 at most (R22)', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (strength) => {
        const alone = finding({ kind: 'anomaly', implies: 'degraded', signature: 'anomaly', strength });
        const { factors } = threatAssessor.assess(incidentFacts({ health: 'degraded', findings: [alone] }));
        expect(factors.find(({ name }) => name === 'anomaly')?.share ?? 0).toBeLessThanOrEqual(3);
      }),
    );
  });

  it.each([
    ['more than five failures', { failures: 6 }],
    ['a risk of losing data', { dataLossRisk: 1 }],
    ['a security incident', { securityIncident: 1 }],
    ['severity 9 by itself', { failed: 1, attempts: 4, errorRate: 1 }],
  ] as const)('is at least 9 for %s', (_name, change) => {
    expect(threatAssessor.assess(factsOf({ ...calm, ...change })).severity).toBeGreaterThanOrEqual(9);
  });

  it('is not lifted by exactly five failures', () => {
    expect(threatAssessor.assess(factsOf({ ...calm, failures: 5, added: 0.1 })).severity).toBeLessThan(9);
  });
});
