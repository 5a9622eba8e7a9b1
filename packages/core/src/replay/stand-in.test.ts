import { expect, test } from 'vitest';
import { stateProblem } from '../recovery/checkpoint-record.ts';
import { standIn } from './stand-in.ts';

test.each([1, 2, 252, 64 * 1024])('what stands for a JSON state of %i bytes is JSON of as many', (size) => {
  const bytes = standIn(size);
  expect(bytes).toHaveLength(size);
  expect(stateProblem(bytes, 'application/json; charset=utf-8')).toBeUndefined();
});

test('a large state takes no more memory than a chunk', () => {
  const bytes = standIn(64 * 1024 * 1024);
  expect(bytes).toHaveLength(64 * 1024);
  expect(stateProblem(bytes, 'application/json')).toBeUndefined();
});
