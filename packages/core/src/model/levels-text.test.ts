import { describe, expect, it } from 'vitest';
import { healthScore } from './health.ts';
import { scoreText, sloTexts } from './levels-text.ts';
import type { BurnStatus } from './slo.ts';

const burn = (raised: boolean): BurnStatus => ({
  alert: 'page',
  factor: 14.4,
  longMs: 3_600_000,
  shortMs: 300_000,
  long: 20,
  short: 31,
  raised,
});

describe('the text of a score', () => {
  it('shows each term with its figure, points and weight', () => {
    const metrics = { tasks_completed: 98, tasks_failed: 2, p95_latency_ms: 280, error_rate: 0.02 };
    expect(scoreText(healthScore({ uptimePercentage: 99.5, metrics }))).toBe(
      '93.3 (uptime 99.5 % = 99.5 points × 0.3, success rate 98 % = 98 points × 0.3, p95 latency 280ms = 72 points × 0.2, error rate 2 % = 98 points × 0.2)',
    );
  });

  it('says what is not known instead of taking it for nothing', () => {
    expect(scoreText(healthScore({ metrics: { p95_latency_ms: 100 } }))).toBe(
      'none (p95 latency 100ms = 90 points × 0.2; not known: uptime, success rate, error rate)',
    );
    expect(scoreText(healthScore({}))).toMatch(/^none \(nothing is known yet; not known: uptime/);
  });
});

describe('the text of service levels', () => {
  it('shows what is left of the budget, or how far it is overspent, and what burns', () => {
    const window = { windowMs: 30 * 86_400_000 };
    const objectives = [
      {
        objective: 'availability',
        target: 0.999,
        good: 0.9995,
        total: 1,
        bad: 0,
        overMs: 30 * 86_400_000,
        budgetLeft: 0.5,
        burn: [burn(false)],
      },
      {
        objective: 'errorRate',
        target: 0.999,
        good: 0.99,
        total: 1,
        bad: 0,
        overMs: 26_000,
        budgetLeft: -9,
        burn: [burn(true)],
      },
    ] as const;
    const measured = { p95Ms: 12.34, p99Ms: 20, samples: 200, overMs: 1_800_000, error: 0.01 };
    expect(sloTexts({ ...window, objectives, measured })).toEqual([
      'available: 99.95 % of the last 30d (target 99.9 %), 50 % of the budget of 30d left',
      'requests without error: 99 % of the last 26s (target 99.9 %), budget of 30d overspent 10×, burning 20× (page)',
      'answers to probes of the last 30m: p95 12.3ms, p99 20ms (± 1 %)',
    ]);
  });
});
