import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonFault } from './json-fault.ts';

const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('the offset of the first fault', () => {
  test.each([
    ['{"a":1,}', 7],
    ['{"a":NaN}', 5],
    ['{"a" 1}', 5],
    ['[1,2', 4],
    ['{"agentId":"we', 14],
    ['"a\nb"', 2],
    ['"\\x"', 1],
    ['', 0],
    ['1 2', 2],
    ['[1}', 2],
    ['[01]', 2],
    ['{1:2}', 1],
    ['[,]', 1],
    ['}', 0],
  ])('in %j is %i', (text, at) => {
    expect(jsonFault(text)).toBe(at);
  });

  test('is -1 for all that is JSON', () => {
    fc.assert(fc.property(fc.json(), (text) => jsonFault(text) === -1));
  });

  test('agrees with the parser on whether there is one', () => {
    const mangled = fc.tuple(
      fc.json(),
      fc.nat(),
      fc.constantFrom('', '"', ',', '}', ']', '\\', 'x', '-', '\n', '\u0001'),
    );
    fc.assert(
      fc.property(mangled, ([text, at, put]) => {
        const place = at % (text.length + 1);
        const broken = text.slice(0, place) + put + text.slice(place + 1);
        expect(jsonFault(broken) === -1).toBe(parses(broken));
      }),
    );
  });

  test('is found in a text nested deeper than calls can be', () => {
    expect(jsonFault('['.repeat(200_000))).toBe(200_000);
  });
});
