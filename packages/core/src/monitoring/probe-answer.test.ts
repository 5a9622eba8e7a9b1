import { describe, expect, it } from 'vitest';
import { readAnswer } from './probe-answer.ts';

describe('readAnswer', () => {
  it.each([
    ['liveness', 200, '{"status": "alive", "timestamp": "2026-01-01T00:00:00.123456"}', { outcome: 'up' }],
    ['liveness', 200, 'pong', { outcome: 'up' }],
    ['liveness', 503, '', { outcome: 'down', detail: 'answered 503' }],
    ['health', 302, '', { outcome: 'down', detail: 'answered 302' }],
    ['readiness', 200, '{"ready": true, "checks": {"database": true}}', { outcome: 'up', checks: { database: true } }],
    [
      'readiness',
      503,
      '{"ready": false, "checks": {"database": false, "redis": true, "dependencies": false}}',
      {
        outcome: 'down',
        detail: 'not ready: database, dependencies',
        checks: { database: false, redis: true, dependencies: false },
      },
    ],
    ['liveness', 404, '', { outcome: 'down', detail: 'answered 404' }],
    ['readiness', 404, '', { outcome: 'unknown', detail: 'the agent offers no readiness probe' }],
    ['readiness', 200, '{"ready": false}', { outcome: 'down', detail: 'not ready' }],
    ['readiness', 200, '<html>', { outcome: 'up', detail: 'answered 200 with a body that is not a JSON object' }],
    ['readiness', 503, '{"checks": [1]}', { outcome: 'down', detail: 'not ready' }],
    [
      'performance',
      200,
      '{"p95_latency_ms": NaN}',
      { outcome: 'up', detail: 'answered 200 with a body that is not a JSON object' },
    ],
    [
      'performance',
      200,
      '{"avg_latency_ms": 150, "p95_latency_ms": 280, "p99_latency_ms": 450, "error_rate": 0.02, "requests_per_second": 45, "cpu_usage": 0.35, "memory_usage_mb": 512}',
      {
        outcome: 'up',
        metrics: {
          avg_latency_ms: 150,
          p95_latency_ms: 280,
          p99_latency_ms: 450,
          error_rate: 0.02,
          requests_per_second: 45,
          cpu_usage: 0.35,
          memory_usage_mb: 512,
        },
      },
    ],
    [
      'performance',
      200,
      '{"error_rate": 12, "cpu_usage": null, "p95_latency_ms": "fast", "tasks_failed": 3, "other": {}}',
      {
        outcome: 'up',
        metrics: { tasks_failed: 3 },
        detail:
          'metrics.p95_latency_ms is "fast", it has to be a number from 0; metrics.error_rate is 12, it has to be a number from 0 to 1',
      },
    ],
  ] as const)('reads %s %i %s', (probe, status, body, expected) => {
    expect(readAnswer(probe, status, body)).toEqual({ statusCode: status, ...expected });
  });
});
