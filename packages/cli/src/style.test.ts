import { expect, test } from 'vitest';
import { styleFor } from './style.ts';

const coloured = (stream: { isTTY?: boolean }, env: Record<string, string>): boolean =>
  styleFor(stream, env).bad('x') !== 'x';

test.each([
  ['a terminal', { isTTY: true }, {}, true],
  ['a pipe', {}, {}, false],
  ['NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }, false],
  ['an empty NO_COLOR says nothing', { isTTY: true }, { NO_COLOR: '' }, true],
  ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }, false],
  ['FORCE_COLOR into a pipe', {}, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ['FORCE_COLOR=0', { isTTY: true }, { FORCE_COLOR: '0' }, false],
])('colours: %s', (_, stream, env, expected) => {
  expect(coloured(stream, env as Record<string, string>)).toBe(expected);
});
