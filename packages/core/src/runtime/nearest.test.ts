import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';

describe('the nearest word', () => {
  it.each([
    ['aut', 'auto'],
    ['hartbeat', 'heartbeat'],
    ['latency_p95', 'latencyP95'],
    ['GROUPS', 'groups'],
    ['gruops', 'groups'],
    ['ops', 'osp'],
  ])('of %s is %s', (word, meant) => {
    expect(nearest(word, ['auto', 'heartbeat', 'latencyP95', 'groups', 'store', 'osp'])).toBe(meant);
  });

  it.each([['x'], ['telemetry'], [''], ['a'.repeat(10_000)]])('of %j is none', (word) => {
    expect(nearest(word, ['auto', 'heartbeat', 'groups'])).toBeUndefined();
  });
});
