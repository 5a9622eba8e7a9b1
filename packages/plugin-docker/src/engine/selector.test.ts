import { expect, it } from 'vitest';
import { selects } from './selector.ts';

it.each([
  [['a=1'], { a: '1' }, true],
  [['a=1'], { a: '2' }, false],
  [['a'], { a: '' }, true],
  [['a=1', 'b'], { a: '1' }, false],
  [['a=x=y'], { a: 'x=y' }, true],
  [[], { a: '1' }, false],
])('%j of %j: %s', (select, labels, selected) => {
  expect(selects(select, labels)).toBe(selected);
});
