import { expect, test } from 'vitest';
import { jsonText, printable, printableDeep } from './printable.ts';

test.each([
  ['an escape sequence', '\u001b[2J', '\\u001b[2J'],
  ['a line end, which would begin a line of its own', 'a\nhealed', 'a\\u000ahealed'],
  ['the short form of an escape', '\u009b2J', '\\u009b2J'],
  ['a turn of direction', 'a\u202eb', 'a\\u202eb'],
])('%s is shown and not obeyed', (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('what people write stays as it is', () => {
  expect(printable('Zürich → 東京 …')).toBe('Zürich → 東京 …');
});

test('every text of a value is covered, names too', () => {
  const value = { a: ['\u0007', 1, null, { '\u0007': true }] };
  expect(printableDeep(value)).toEqual({ a: ['\\u0007', 1, null, { '\\u0007': true }] });
});

test('JSON for programs steers no terminal either, and parses to the same value', () => {
  const value = { a: ['\u001b[2J', '\u009b2J', 'a\u202eb', 'a\nb', '\\u009b', 'Zürich'], '\u0085': 1 };
  const text = jsonText(value);
  expect(text.split('\n').filter((line) => line !== printable(line))).toEqual([]);
  expect(text).toContain('\n  "a": [');
  expect(JSON.parse(text)).toEqual(value);
});
