import { expect, test } from 'vitest';
import { checkState, saveState, StateError } from './state.ts';

const counters = { completed: 5, failed: 2, digest: 'ab' };

test('a saved state gives its counters back', () => {
  const state = JSON.parse(JSON.stringify(saveState('a', counters, false))) as unknown;
  expect(checkState(state, 'a')).toEqual(counters);
});

test('a corrupt state is refused', () => {
  expect(() => checkState(saveState('a', counters, true), 'a')).toThrow(/checksum/);
});

test.each([
  ['not an object', 'text', /not a JSON object/],
  ['another version', { ...saveState('a', counters, false), version: 2 }, /version is 2/],
  ['another agent', saveState('b', counters, false), /belongs to agent "b"/],
  [
    'a negative counter',
    { ...saveState('a', counters, false), counters: { ...counters, failed: -1 } },
    /counters.failed/,
  ],
  ['a changed counter', { ...saveState('a', counters, false), counters: { ...counters, completed: 6 } }, /damaged/],
  ['no counters', { version: 1, agentId: 'a' }, /counters.completed/],
])('%s is refused with what is wrong', (_name, state, message) => {
  expect(() => checkState(state, 'a')).toThrow(StateError);
  expect(() => checkState(state, 'a')).toThrow(message);
});
