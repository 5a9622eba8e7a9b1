import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finding, incidentFacts } from '../../test/decision-fixtures.ts';
import type { IncidentFacts } from '../contracts/index.ts';
import { threatAssessor } from './threat-assessor.ts';

const severity = (change: Partial<IncidentFacts>): number => threatAssessor.assess(incidentFacts(change)).severity;

describe('threat assessor: the reference faults', () => {
  it('gives a killed agent 2', () => {
    expect(severity({})).toBe(2);
  });

  it('gives a hung agent 3', () => {
    const silent = finding({ kind: 'heartbeat-timeout', evidence: 'heartbeat' });
    const asked = finding({ kind: 'probe-failed', evidence: 'probe', data: { timedOut: true } });
    expect(severity({ findings: [silent, asked] })).toBe(3);
  });

  it('gives an agent whose every request fails 4', () => {
    const findings = [
      finding({ kind: 'error-rate', evidence: 'telemetry' }),
      finding({ kind: 'errors', evidence: 'errors' }),
    ];
    expect(severity({ health: 'degraded', findings, metrics: { error_rate: 1 } })).toBe(4);
  });

  it('gives a slow agent 3', () => {
    const findings = [finding({ kind: 'slow', evidence: 'telemetry' }), finding({ kind: 'slow', evidence: 'probe' })];
    expect(severity({ health: 'degraded', findings, metrics: { p95_latency_ms: 900, p99_latency_ms: 1_200 } })).toBe(3);
  });
});

describe('threat assessor: lifts', () => {
  it('lifts to 9 for a risk of data loss, a security incident, or more failures than allowed', () => {
    expect(severity({ findings: [finding({ data: { dataLossRisk: true } })] })).toBe(9);
    expect(severity({ findings: [finding({ data: { securityIncident: true } })] })).toBe(9);
    expect(severity({ history: { failures: 6, recurrence: 0, outcomes: {} } })).toBe(9);
    expect(severity({ history: { failures: 5, recurrence: 0, outcomes: {} } })).toBe(2);
  });

  it('never gives an anomaly more than 3', () => {
    const anomaly = finding({ kind: 'anomaly', evidence: 'telemetry', strength: 1 });
    expect(severity({ health: 'degraded', findings: [anomaly] })).toBe(4);
  });
});

describe('threat assessor: always', () => {
  const world: fc.Arbitrary<Partial<IncidentFacts>> = fc.record({
    health: fc.constantFrom('degraded' as const, 'failed' as const),
    metrics: fc.record({
      error_rate: fc.double({ min: 0, max: 1, noNaN: true }),
      p95_latency_ms: fc.nat(5_000),
      p99_latency_ms: fc.nat(9_000),
    }),
    severityAtLeast: fc.integer({ min: 1, max: 10 }),
    history: fc.record({ failures: fc.nat(20), recurrence: fc.nat(10), outcomes: fc.constant({}) }),
    findings: fc.subarray([
      finding(),
      finding({ id: 'e', kind: 'error-rate', evidence: 'telemetry' }),
      finding({ id: 's', kind: 'slow', evidence: 'telemetry' }),
      finding({ id: 'a', kind: 'anomaly', evidence: 'telemetry' }),
    ]),
  });

  it('is a whole number from 1 to 10, and its factors are kept', () => {
    fc.assert(
      fc.property(world, (change) => {
        const assessed = threatAssessor.assess(incidentFacts(change));
        expect(Number.isInteger(assessed.severity)).toBe(true);
        expect(assessed.severity).toBeGreaterThanOrEqual(1);
        expect(assessed.severity).toBeLessThanOrEqual(10);
        const sum = assessed.factors.reduce((total, factor) => total + factor.share, 0);
        expect(Math.min(10, Math.max(1, Math.round(sum)))).toBe(assessed.severity);
      }),
    );
  });

  it('never falls when errors, failures, recurrence or the ladder rise', () => {
    fc.assert(
      fc.property(world, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(5), (change, more, count) => {
        const base = severity(change);
        const rate = Math.min(1, (change.metrics?.error_rate ?? 0) + more);
        expect(severity({ ...change, metrics: { ...change.metrics, error_rate: rate } })).toBeGreaterThanOrEqual(base);
        const history = change.history ?? { failures: 0, recurrence: 0, outcomes: {} };
        expect(
          severity({ ...change, history: { ...history, failures: history.failures + count } }),
        ).toBeGreaterThanOrEqual(base);
        expect(
          severity({ ...change, history: { ...history, recurrence: history.recurrence + count } }),
        ).toBeGreaterThanOrEqual(base);
        expect(
          severity({ ...change, severityAtLeast: Math.min(10, (change.severityAtLeast ?? 1) + count) }),
        ).toBeGreaterThanOrEqual(base);
        expect(severity({ ...change, health: 'failed' })).toBeGreaterThanOrEqual(
          severity({ ...change, health: 'degraded' }),
        );
      }),
    );
  });
});
