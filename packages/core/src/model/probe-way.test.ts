import { describe, expect, it } from 'vitest';
import type { ProbeType } from './probe-way.ts';
import { wayOf } from './probe-way.ts';

const way = (type: ProbeType, path: string) => ({ type, path, timeoutMs: 1_000 });
const ways = (liveness: ProbeType, others: ProbeType = 'auto') => ({
  health: way('auto', '/health'),
  liveness: way(liveness, '/live'),
  readiness: way(others, '/ready'),
  performance: way('auto', '/performance'),
});

describe('the way of a probe', () => {
  it('is its own over HTTP', () => {
    expect(wayOf(ways('auto'), 'health')?.path).toBe('/health');
    expect(wayOf(ways('https'), 'performance')?.path).toBe('/performance');
  });

  it.each(['tcp', 'command'] as const)('of an agent whose liveness is %s is that, unless another is named', (type) => {
    expect(wayOf(ways(type), 'health')?.type).toBe(type);
    expect(wayOf(ways(type), 'readiness')).toBeUndefined();
    expect(wayOf(ways(type), 'performance')).toBeUndefined();
    expect(wayOf(ways(type, 'http'), 'readiness')?.type).toBe('http');
  });

  it('is none with an empty path, and the liveness for the confirming check', () => {
    const bare = { ...ways('auto'), health: way('auto', ''), readiness: way('auto', '') };
    expect(wayOf(bare, 'health')?.path).toBe('/live');
    expect(wayOf(bare, 'readiness')).toBeUndefined();
    expect(wayOf({ ...bare, liveness: way('auto', '') }, 'health')).toBeUndefined();
  });
});
