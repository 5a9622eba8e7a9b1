import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { load, options } from '../../test/config-kit.ts';
import { isGuardError } from '../contracts/errors.ts';
import { loadConfigText } from './load.ts';
import { coreSchema } from './schema.ts';

/** Whether it loads, or fails in the guard's own words. */
async function endsWell(loading: Promise<unknown>): Promise<boolean> {
  try {
    await loading;
    return true;
  } catch (thrown) {
    return isGuardError(thrown);
  }
}

const keys = fc.oneof(
  fc.constantFrom(
    ...Object.keys(coreSchema['properties'] as object),
    'web',
    'slo_targets',
    'use',
    'config',
    '__proto__',
    'constructor',
  ),
  fc.string(),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.anything({ maxDepth: 1 }),
    fc.dictionary(keys, tie('tree')),
    fc.array(tie('tree'), { maxLength: 3 }),
  ),
}));

describe('whatever is given', () => {
  it('as a value is loaded or refused with a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(keys, tree), async (value) => {
        expect(await endsWell(load(value))).toBe(true);
      }),
      { numRuns: 150 },
    );
  }, 30_000);

  it('as text is loaded or refused with a typed error', async () => {
    const piece = fc.constantFrom(
      'a',
      'groups',
      'slo_targets',
      ':',
      ': ',
      '- ',
      '\n',
      '  ',
      '{',
      '}',
      '[',
      ']',
      '&a',
      '*a',
      '"',
      "'",
      '|',
      '>',
      '?',
      '!',
      '#',
      ',',
      '%',
      '---',
      '\t',
      '1',
      '~',
      '\u0000',
      '\uFEFF',
      '<<: *a',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
        expect(await endsWell(loadConfigText(pieces.join(''), options()))).toBe(true);
      }),
      { numRuns: 300 },
    );
  }, 30_000);
});
