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
  const row = ['a', 'a rather long sentence that does not fit'];
  expect(table(['A', 'WHY'], [row], 30).split('\n')[1]).toBe('a  a rather long sentence tha…');
});

test('the last column goes beneath where the others leave it no room', () => {
  const rows = [
    ['inc_01', 'a rather long sentence that does not fit'],
    ['inc_02', ''],
  ];
  expect(table(['INCIDENT', 'WHY'], rows, 32).split('\n')).toEqual([
    'INCIDENT',
    'inc_01',
    '  a rather long sentence that d…',
    'inc_02',
  ]);
  expect(table(['INCIDENT', 'WHY'], [['inc_01', 'short']], 16)).toBe('INCIDENT  WHY\ninc_01    short');
});

test('without rows the headings stand alone', () => {
  expect(table(['A', 'B'], [])).toBe('A  B');
});
