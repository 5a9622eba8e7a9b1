import { describe, expect, it } from 'vitest';
import { problemsOf } from '../../test/config-kit.ts';

describe('a value that is no config', () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  let deep: unknown = 1;
  for (let level = 0; level < 10_000; level += 1) deep = { deep };

  it.each([
    ['null', null, 'null'],
    ['a list', [], 'a list'],
    ['a circle', circle, 'an object inside itself'],
    ['huge nesting', { agents: deep }, 'more levels'],
    ['a function', { name: () => 'x' }, 'a function'],
    ['a date', { name: new Date(0) }, 'a Date'],
    ['a bigint', { version: 1n }, 'a bigint'],
    ['NaN', { tick: Number.NaN }, 'NaN'],
    ['infinity', { tick: Number.POSITIVE_INFINITY }, 'Infinity'],
    ['a prototype', JSON.parse('{"__proto__": {"mode": "auto"}}'), 'an unknown key'],
    ['a million values', { agents: Array.from({ length: 200_000 }, () => 1) }, 'more values'],
  ])('is refused: %s', async (_what, value, found) => {
    const problems = await problemsOf(value);
    expect(problems.map((problem) => problem.found)).toContain(found);
  });
});
