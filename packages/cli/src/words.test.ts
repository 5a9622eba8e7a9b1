import { expect, test } from 'vitest';
import { plain } from './style.ts';
import { facts, moment } from './words.ts';

test.each([
  [60_000, 'ago'],
  [-60_000, 'in'],
])('a moment that is %i ms away says so', (distance, word) => {
  const text = moment(1_000_000, 1_000_000 + distance);
  expect(text).toMatch(word === 'in' ? /^\d\d:\d\d:\d\d \(in 1m\)$/ : /^\d\d:\d\d:\d\d \(1m ago\)$/);
});

test('facts without a value are left out, the others stand in one column', () => {
  const lines = [
    ['a', '1'],
    ['gone', undefined],
    ['empty', ''],
    ['long name', '2'],
  ] as const;
  expect(facts(plain, lines)).toBe('a          1\nlong name  2');
});
