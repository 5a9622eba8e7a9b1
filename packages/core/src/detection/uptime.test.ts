import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Uptime } from './uptime.ts';

const dayMs = 86_400_000;

describe('Uptime', () => {
  it('forgets what is older than 24 hours', () => {
    const uptime = new Uptime();
    uptime.note(0, 'down', 0);
    uptime.note(0, 'up', dayMs);
    expect(uptime.percentage(0, dayMs + dayMs / 4)).toBeCloseTo(25, 9);
    expect(uptime.percentage(0, 2 * dayMs)).toBe(100);
  });

  it('agrees with counting every second of the window', () => {
    const spell = fc.tuple(
      fc.constantFrom('up' as const, 'down' as const, 'unobserved' as const),
      fc.integer({ min: 1, max: 20_000 }),
    );
    fc.assert(
      fc.property(fc.array(spell, { minLength: 1, maxLength: 40 }), (spells) => {
        const uptime = new Uptime();
        const seconds: string[] = [];
        let at = 0;
        for (const [state, length] of spells) {
          uptime.note(3, state, at * 1_000);
          for (let second = 0; second < length; second += 1) seconds.push(state);
          at += length;
        }
        const window = seconds.slice(-86_400);
        const up = window.filter((state) => state === 'up').length;
        const observed = window.filter((state) => state !== 'unobserved').length;
        const percentage = uptime.percentage(3, at * 1_000);
        expect(percentage === undefined).toBe(observed === 0);
        expect(percentage ?? 0).toBeCloseTo(observed === 0 ? 0 : (up / observed) * 100, 9);
      }),
      { numRuns: 50 },
    );
  });
});
