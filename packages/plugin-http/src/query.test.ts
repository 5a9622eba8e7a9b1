import { describe, expect, test } from 'vitest';
import { readQuery } from './query.ts';
import type { QuerySpec } from './route.ts';

const spec = {
  limit: { type: 'integer', minimum: 1, maximum: 10, description: '' },
  kind: { enum: ['a', 'b'], description: '' },
  name: { type: 'string', required: true, description: '' },
} as const satisfies QuerySpec;

describe('a query', () => {
  test('is read by its specification', () => {
    expect(readQuery(spec, { limit: '7', kind: 'b', name: 'n' }, 'r')).toEqual({ limit: 7, kind: 'b', name: 'n' });
  });

  test.each([
    [{ name: 'n', limit: '0' }, 'limit is a whole number from 1 to 10'],
    [{ name: 'n', limit: '11' }, 'limit is a whole number'],
    [{ name: 'n', limit: '1e1' }, 'limit is a whole number'],
    [{ name: 'n', limit: '-1' }, 'limit is a whole number'],
    [{ name: 'n', kind: 'c' }, 'kind is one of a, b'],
    [{ name: 'n', other: '1' }, 'other is not known; there are: limit, kind, name'],
    [{ name: ['n', 'm'] }, 'name stands there more than once'],
    [{ name: '' }, 'name is empty'],
    [{}, 'name is missing'],
    [{ name: 'n', constructor: 'x' }, 'constructor is not known'],
  ])('is refused when it is %j', (query, why) => {
    expect(() => readQuery(spec, query, 'r')).toThrow(why);
  });
});
