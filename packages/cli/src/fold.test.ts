import { expect, test } from 'vitest';
import { fold, widthOf } from './fold.ts';

const long = 'a person has to agree to the restart before anything is done to it';

test('a long line goes on under its text, past the label', () => {
  expect(fold(`why     ${long}`, 50).split('\n')).toEqual([
    'why     a person has to agree to the restart',
    '        before anything is done to it',
  ]);
});

test('a line without a label goes on a little further in', () => {
  expect(fold(`  ${long}`, 50).split('\n')).toEqual([
    '  a person has to agree to the restart before',
    '    anything is done to it',
  ]);
});

test('a label that takes most of the line leaves its text room', () => {
  const lines = fold(`${'x'.repeat(40)}  ${long}`, 60).split('\n');
  expect(lines.every((line) => line.length <= 60)).toBe(true);
  expect(lines[1]).toMatch(/^\S/);
});

test('a paragraph stays one', () => {
  expect(fold(long, 50).split('\n')).toEqual(['a person has to agree to the restart before', 'anything is done to it']);
});

test('colours take no room, and no word is lost', () => {
  const red = `\u001B[31m${long}\u001B[39m`;
  const folded = fold(`why  ${red}`, 50);
  expect(folded.split('\n').every((line) => widthOf(line) <= 50)).toBe(true);
  expect(folded.split(/\s+/)).toEqual(`why ${red}`.split(' '));
});

test('a word that is longer than the line is left whole', () => {
  expect(fold(`plan hash  ${'f'.repeat(64)}`, 60)).toBe(`plan hash  ${'f'.repeat(64)}`);
});

test.each([undefined, 20])('without a terminal of some width nothing is folded: %s', (columns) => {
  expect(fold(long, columns)).toBe(long);
});
