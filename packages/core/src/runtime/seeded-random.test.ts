import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import { seededRandom, systemRandom } from './seeded-random.ts';

const clock = createVirtualClock();
const draws = (random: { next(): number }, count = 20): number[] => Array.from({ length: count }, () => random.next());

describe('seededRandom', () => {
  it('gives the same sequence for the same seed and another for another', () => {
    expect(draws(seededRandom('a', clock))).toEqual(draws(seededRandom('a', clock)));
    expect(draws(seededRandom('a', clock))).not.toEqual(draws(seededRandom('b', clock)));
    expect(draws(seededRandom(7, clock))).toEqual(draws(seededRandom('7', clock)));
  });

  it('stays between 0 and 1 and spreads evenly', () => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (const value of draws(seededRandom('even', clock), 100_000)) {
      const bucket = Math.floor(value * 10);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    expect(counts).toHaveLength(10);
    // 10 000 expected each, standard deviation 95: five of them.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(475);
  });

  it('gives whole numbers below the bound', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (seed, below) => {
        const value = seededRandom(seed, clock).integer(below);
        return Number.isInteger(value) && value >= 0 && value < below;
      }),
    );
    for (const bad of [0, -1, 1.5, Number.NaN])
      expect(() => seededRandom(1, clock).integer(bad)).toThrow(/whole number/);
  });

  it('forks by name: the same name gives the same sequence, however much the parent was used', () => {
    const fresh = seededRandom('a', clock);
    const used = seededRandom('a', clock);
    draws(used, 100);
    expect(draws(fresh.fork('x'))).toEqual(draws(used.fork('x')));
    expect(draws(fresh.fork('x'))).not.toEqual(draws(fresh.fork('y')));
    expect(draws(fresh.fork('x').fork('y'))).not.toEqual(draws(fresh.fork('y').fork('x')));
    expect(draws(fresh.fork('x'))).not.toEqual(draws(fresh));
  });

  it('is not foreseeable without a seed', () => {
    expect(draws(systemRandom(clock))).not.toEqual(draws(systemRandom(clock)));
  });
});

describe('ulid', () => {
  it('has 26 characters of Crockford base 32 that begin with the time', () => {
    const at = createVirtualClock({ startAt: 1_469_918_176_385 });
    const ulid = seededRandom(1, at).ulid();
    expect(ulid).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    // The example of the ULID specification.
    expect(ulid.slice(0, 10)).toBe('01ARYZ6S41');
  });

  it('only goes up: within a millisecond, over time, and when the clock is set back', async () => {
    const moving = createVirtualClock();
    const random = seededRandom(1, moving);
    const made: string[] = [];
    for (let round = 0; round < 50; round += 1) {
      for (let n = 0; n < 20; n += 1) made.push(random.ulid());
      if (round % 3 === 0) moving.jumpWall(-1_000);
      await moving.advance(round % 5);
    }
    expect([...made].sort()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
  });

  it('differs between forks in the same millisecond', () => {
    const random = seededRandom(1, clock);
    expect(random.fork('a').ulid()).not.toBe(random.fork('b').ulid());
  });
});
