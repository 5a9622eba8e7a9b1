import { describe, expect, it } from 'vitest';
import { groupSlo, type SloFigure } from './slo.ts';

const figure = (objective: SloFigure['objective'], good: number, budgetLeft?: number): SloFigure => ({
  objective,
  target: 0.99,
  good,
  total: 100,
  bad: 100 - good * 100,
  overMs: 1,
  ...(budgetLeft === undefined ? {} : { budgetLeft }),
  burn: [],
});

describe('the service levels of a group', () => {
  it('are the worst of every figure, each with whose it is', () => {
    const a = { windowMs: 1, objectives: [figure('errorRate', 0.99, 0.2), figure('availability', 1)] };
    const b = { windowMs: 1, objectives: [figure('errorRate', 0.9), figure('availability', 0.5, -3)] };
    expect(
      groupSlo([
        { agentId: 'a', slo: a, metrics: { p95_latency_ms: 10 } },
        { agentId: 'b', slo: b, metrics: {} },
        { agentId: 'c', metrics: { p95_latency_ms: 5 } },
      ]),
    ).toEqual({
      agents: 3,
      of: 'maximum',
      availability: { value: 0.5, agentId: 'b' },
      errorRate: { value: expect.closeTo(0.1, 9) as number, agentId: 'b' },
      p95LatencyMs: { value: 10, agentId: 'a' },
      budgetLeft: { value: -3, agentId: 'b', objective: 'availability' },
    });
  });

  it('say nothing of what nobody has', () => {
    expect(groupSlo([])).toEqual({ agents: 0, of: 'maximum' });
  });
});
