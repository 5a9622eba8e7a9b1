import { describe, expect, it } from 'vitest';
import { simulate } from '../src/testing/index.ts';

const seeds = Array.from({ length: 20 }, (_, at) => at + 1);

describe('a guard in a world that fails', () => {
  // Beside the first ones those that once found something: a partition noticed by and by, one over a restart of the
  // guard, an end held against the next instance, a sibling stopped by hand, a hold over a clock that was set, doubt that hid a partition.
  it.each([...seeds, 61, 112, 143, 206, 296, 417, 1916])(
    'keeps its promises through the scenario of seed %i',
    async (seed) => {
      const { violations, log } = await simulate(seed);
      const end = log.findIndex((line) => line.includes('VIOLATION')) + 1;
      const why = `npm run sim -- --from ${seed} --seeds 1\n${log.slice(Math.max(0, end - 40), end).join('\n')}`;
      expect({ violations, why: violations.length > 0 ? why : '' }).toEqual({ violations: [], why: '' });
    },
  );

  it.each([2, 6, 19, 38])('decides the same when each of its lives is replayed from its record (%i)', async (seed) => {
    const { violations } = await simulate(seed, { replay: true });
    expect(violations.filter(({ invariant }) => invariant === 'I11')).toEqual([]);
  });

  it.each([3, 8, 17])('does the same again, bit for bit, from the same seed (%i)', async (seed) => {
    const [first, second] = [await simulate(seed), await simulate(seed)];
    expect(second.digest).toBe(first.digest);
  });
});
