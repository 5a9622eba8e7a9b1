import { describe, expect, test } from 'vitest';
import { readHeartbeat, readOverride, readTime } from './wire.ts';

describe('times', () => {
  test.each([
    [5, 5],
    ['2026-01-02T03:04:05Z', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['2026-01-02T03:04:05.250', Date.UTC(2026, 0, 2, 3, 4, 5, 250)],
    ['2026-01-02 03:04:05', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['2026-01-02T03:04:05+02:00', Date.UTC(2026, 0, 2, 1, 4, 5)],
    ['yesterday', 'yesterday'],
    ['2026-13-99T99:99:99Z', '2026-13-99T99:99:99Z'],
    [undefined, undefined],
  ])('%j is read as %j', (value, expected) => {
    expect(readTime(value)).toBe(expected);
  });

  test('of a heartbeat are read, and without them it is the same object', () => {
    const plain = { agentId: 'a', at: 5, progress: { activeTasks: 1 } };
    expect(readHeartbeat(plain)).toBe(plain);
    expect(
      readHeartbeat({ agentId: 'a', at: '1970-01-01T00:00:01', progress: { lastProgressAt: '1970-01-01T00:00:02' } }),
    ).toEqual({
      agentId: 'a',
      at: 1_000,
      progress: { lastProgressAt: 2_000 },
    });
    expect(readHeartbeat(null)).toBeNull();
  });
});

describe('an override', () => {
  test('takes the names of the brief: bare timeouts are seconds, GB is 1024³', () => {
    expect(readOverride({ memory_limit: '2GB', timeout: 300 }, 'r')).toEqual({
      memoryLimit: 2 * 1024 ** 3,
      timeoutMs: 300_000,
    });
  });

  test('takes our names', () => {
    const wish = { memoryLimit: 5_000, cpuLimit: 0.5, timeoutMs: 250, image: 'a:2', command: ['x'], env: { A: '1' } };
    expect(readOverride(wish, 'r')).toEqual(wish);
  });

  test.each([
    [{ memoryLimit: 1, memory_limit: 1 }, 'memoryLimit and memory_limit'],
    [{ timeout: 1, timeoutMs: 1 }, 'timeout and timeoutMs'],
    [{ cpuLimit: 1, cpu_limit: 1 }, 'cpuLimit and cpu_limit'],
    [{ memoryLimit: 'much' }, 'is a size'],
    [{ memoryLimit: -5 }, 'is a size'],
    [{ timeout: 'long' }, 'is a duration'],
    [{ timeout: 0 }, 'is a duration'],
  ])('is refused when it is %j', (wish, why) => {
    expect(() => readOverride(wish, 'r')).toThrow(why);
  });
});
