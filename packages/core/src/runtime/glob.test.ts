import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsGlob } from './glob.ts';

describe('fitsGlob', () => {
  it.each([
    ['errors:checksum', 'errors:*', true],
    ['errors:checksum', '*check*', true],
    ['errors:checksum', 'errors', false],
    ['', '*', true],
    ['', '', true],
    ['a', '', false],
    ['abcabd', 'ab*abd', true],
    ['a*b', 'a*b', true],
    ['a.b', 'a?b', false],
  ])('%j fits %j: %j', (text, pattern, fits) => expect(fitsGlob(text, pattern)).toBe(fits));

  it('agrees with a regular expression', () => {
    const of = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 }), of, (text, pattern) => {
        expect(fitsGlob(text, pattern)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text));
      }),
    );
  });
});
