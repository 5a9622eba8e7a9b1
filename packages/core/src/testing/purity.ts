import assert from 'node:assert/strict';

/** Freezes a value made of plain data, to its depths. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}

/**
 * Asserts that a function of plain data is pure: its arguments are frozen before it is asked, equal arguments give
 * equal results also after others were asked in between, and the result is plain data itself.
 */
export function assertPure<A>(ask: (input: A) => unknown, inputs: readonly A[]): void {
  const first = inputs.map((input) => ask(deepFreeze(structuredClone(input))));
  const again = inputs
    .toReversed()
    .map((input) => ask(deepFreeze(structuredClone(input))))
    .reverse();
  assert.deepEqual(again, first, 'the same facts have to give the same result');
  assert.deepEqual(structuredClone(first), first, 'a result has to be plain data that can be cloned');
}
