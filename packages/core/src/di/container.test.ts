import { describe, expect, it } from 'vitest';
import { isGuardError } from '../contracts/errors.ts';
import { createScope } from './container.ts';
import { type Token, token } from './tokens.ts';

const number = token<number>('test.number');
const text = token<string>('test.text');
const list = token<string[]>('test.list');

function failure(run: () => unknown): Error {
  try {
    run();
  } catch (thrown) {
    return thrown as Error;
  }
  throw new TypeError('it did not throw');
}

describe('a scope', () => {
  it('makes a thing at its first use and once', () => {
    const scope = createScope();
    let made = 0;
    scope.provide(list, () => [String((made += 1))]);
    expect(made).toBe(0);
    expect(scope.get(list)).toBe(scope.get(list));
    expect(made).toBe(1);
  });

  it('keeps a thing that is undefined, null or false as it is', () => {
    const maybe = token<undefined>('test.maybe');
    const scope = createScope();
    let made = 0;
    scope.provide(maybe, () => {
      made += 1;
      return undefined;
    });
    expect(scope.get(maybe)).toBeUndefined();
    expect(scope.get(maybe)).toBeUndefined();
    expect(made).toBe(1);
  });

  it('gives factories what they ask for', () => {
    const scope = createScope();
    scope.provide(text, (from) => `n${from.get(number)}`);
    scope.provide(number, () => 7);
    expect(scope.get(text)).toBe('n7');
  });

  it('does not see what another scope provides, nor shares what both provide', () => {
    const [first, second] = [createScope(), createScope()];
    first.provide(list, () => ['first']);
    expect(second.has(list)).toBe(false);
    expect(() => second.get(list)).toThrow('nothing provides test.list');
    second.provide(list, () => ['second']);
    expect(first.get(list)).toEqual(['first']);
    expect(second.get(list)).toEqual(['second']);
  });

  it('tells two tokens with the same id apart', () => {
    const other: Token<number> = token<number>('test.number');
    const scope = createScope();
    scope.provide(number, () => 1);
    scope.provide(other, () => 2);
    expect([scope.get(number), scope.get(other)]).toEqual([1, 2]);
  });

  it('names a circle of dependencies in one short line', () => {
    const [a, b, c] = [token<number>('a'), token<number>('b'), token<number>('c')];
    const scope = createScope();
    scope.provide(a, (from) => from.get(b));
    scope.provide(b, (from) => from.get(c));
    scope.provide(c, (from) => from.get(b));
    const error = failure(() => scope.get(a));
    expect(isGuardError(error, 'GUARD_INVARIANT')).toBe(true);
    expect(error.message).toContain('a circle of dependencies: b → c → b');
    expect(error.message.length).toBeLessThan(200);
  });

  it('says who needed what nobody provides', () => {
    const scope = createScope();
    scope.provide(text, (from) => String(from.get(number)));
    expect(() => scope.get(text)).toThrow('nothing provides test.number, which is needed by test.text');
  });

  it('refuses to provide a token twice', () => {
    const scope = createScope();
    scope.provide(number, () => 1);
    expect(() => scope.provide(number, () => 2)).toThrow('test.number is provided twice');
  });

  it('lets the error of a factory through and tries again at the next use', () => {
    const scope = createScope();
    const cause = new RangeError('port taken');
    let tries = 0;
    scope.provide(number, () => {
      tries += 1;
      if (tries === 1) throw cause;
      return 5;
    });
    expect(failure(() => scope.get(number))).toBe(cause);
    expect(scope.get(number)).toBe(5);
  });
});
