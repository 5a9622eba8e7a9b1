import { expect, test } from 'vitest';
import { table } from './table.ts';

test('columns are as wide as their widest cell, and nothing trails', () => {
  expect(
    table(
      ['A', 'B'],
      [
        ['long cell', 'x'],
        ['s', ''],
      ],
    ),
  ).toBe('A          B\nlong cell  x\ns');
});

test('colours do not count as width', () => {
  const red = '\u001B[31mfailed\u001B[39m';
  expect(
    table(
      ['HEALTH', 'X'],
      [
        [red, '1'],
        ['unknown', '2'],
      ],
    ),
  ).toBe(`HEALTH   X\n${red}   1\nunknown  2`);
});

test('the last column is cut to the terminal', () => {
  expect(table(['A', 'WHY'], [['a', 'a rather long sentence']], 14).split('\n')[1]).toBe('a  a rather l…');
});

test('the last column keeps a few characters in a terminal that is too narrow', () => {
  expect(table(['AGENT'.repeat(5), 'WHY'], [['a', 'a rather long sentence']], 10).split('\n')[1]).toMatch(/a rathe…$/);
});

test('without rows the headings stand alone', () => {
  expect(table(['A', 'B'], [])).toBe('A  B');
});
