import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Health, healthScore, type ScoreInput, worseHealth } from './health.ts';

const figure = (max: number): fc.Arbitrary<number> => fc.double({ min: 0, max, noNaN: true });
const input: fc.Arbitrary<ScoreInput> = fc.record(
  {
    uptimePercentage: figure(100),
    metrics: fc.record(
      {
        tasks_completed: fc.nat(),
        tasks_failed: fc.nat(),
        p95_latency_ms: figure(1e6),
        error_rate: figure(1),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

describe('healthScore', () => {
  it("is the brief's formula", () => {
    const metrics = { tasks_completed: 98, tasks_failed: 2, p95_latency_ms: 280, error_rate: 0.02 };
    // 0.3 · 99.5 + 0.3 · 0.98 · 100 + 0.2 · (1 − 280/1000) · 100 + 0.2 · (1 − 0.02) · 100
    expect(healthScore({ uptimePercentage: 99.5, metrics }).score).toBeCloseTo(93.25, 10);
  });

  it('lies between 0 and 100, or is not there', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { score } = healthScore(given);
        expect(score === null || (score >= 0 && score <= 100)).toBe(true);
      }),
    );
  });

  it('is the weighted mean of the terms that are known, and null under half the weight', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { score, terms } = healthScore(given);
        expect(terms.map(({ name, weight }) => [name, weight])).toEqual([
          ['uptime', 0.3],
          ['success_rate', 0.3],
          ['latency', 0.2],
          ['error_rate', 0.2],
        ]);
        const known = terms.filter(({ value }) => value !== undefined);
        const tenths = known.reduce((sum, { weight }) => sum + Math.round(weight * 10), 0);
        expect(score === null).toBe(tenths < 5);
        if (score === null) return;
        const mean = known.reduce((sum, { weight, value = 0 }) => sum + weight * value, 0) / (tenths / 10);
        expect(score).toBeCloseTo(Math.max(0, Math.min(100, mean)), 6);
      }),
    );
  });

  it('never gets worse by a better figure', () => {
    const whole = fc.record({
      uptime: figure(100),
      done: fc.nat(),
      lost: fc.nat(),
      p95: figure(1e4),
      errors: figure(1),
    });
    const scoreOf = (of: { uptime: number; done: number; lost: number; p95: number; errors: number }): number =>
      healthScore({
        uptimePercentage: of.uptime,
        metrics: { tasks_completed: of.done + 1, tasks_failed: of.lost, p95_latency_ms: of.p95, error_rate: of.errors },
      }).score as number;
    fc.assert(
      fc.property(whole, figure(1), (of, share) => {
        const score = scoreOf(of) - 1e-9;
        expect(scoreOf({ ...of, uptime: of.uptime + (100 - of.uptime) * share })).toBeGreaterThanOrEqual(score);
        expect(scoreOf({ ...of, lost: Math.floor(of.lost * share) })).toBeGreaterThanOrEqual(score);
        expect(scoreOf({ ...of, p95: of.p95 * share })).toBeGreaterThanOrEqual(score);
        expect(scoreOf({ ...of, errors: of.errors * share })).toBeGreaterThanOrEqual(score);
      }),
    );
  });

  it('clamps the sum and no term: one very slow agent can lose what the others give', () => {
    const metrics = { tasks_completed: 1, tasks_failed: 0, p95_latency_ms: 6_000, error_rate: 0 };
    const { score, terms } = healthScore({ uptimePercentage: 100, metrics });
    expect(terms.find(({ name }) => name === 'latency')?.value).toBe(-500);
    expect(score).toBe(0);
  });

  it('takes missing for unknown, never for zero', () => {
    expect(healthScore({}).score).toBeNull();
    // The performance probe of the brief alone: latency and error rate are four tenths of the weight.
    expect(healthScore({ metrics: { p95_latency_ms: 280, error_rate: 0.02 } }).score).toBeNull();
    expect(healthScore({ uptimePercentage: 100, metrics: { error_rate: 0 } }).score).toBe(100);
    expect(healthScore({ uptimePercentage: 100, metrics: { tasks_completed: 5 } }).score).toBeNull();
  });

  it('has no success rate before the first task has ended', () => {
    const { terms } = healthScore({ metrics: { tasks_completed: 0, tasks_failed: 0 } });
    expect(terms.find(({ name }) => name === 'success_rate')).toEqual({ name: 'success_rate', weight: 0.3 });
  });
});

describe('worseHealth', () => {
  const all: readonly Health[] = ['healthy', 'unknown', 'degraded', 'failed'];
  const health = fc.constantFrom(...all);

  it('orders healthy, unknown, degraded, failed', () => {
    fc.assert(
      fc.property(health, health, (a, b) => {
        expect(worseHealth(a, b)).toBe(all[Math.max(all.indexOf(a), all.indexOf(b))]);
      }),
    );
  });
});
