import { describe, expect, it } from 'vitest';
import type { Clock } from '../contracts/index.ts';
import { createVirtualClock } from '../testing/index.ts';
import { steadyClock } from './steady-clock.ts';

describe('steady clock', () => {
  it('goes on by itself when the wall clock is set, in either direction', async () => {
    const wall = createVirtualClock();
    const clock = steadyClock(wall);
    const begin = clock.now();
    wall.jumpWall(3_600_000);
    await wall.advance(10_000);
    expect(clock.now()).toBe(begin + 10_000);
    expect(clock.stepMs).toBe(3_600_000);
    wall.jumpWall(-7_200_000);
    expect(clock.now()).toBe(begin + 10_000);
    expect(clock.stepMs).toBe(-3_600_000);
  });

  it('follows drift and small steps, however many there are', async () => {
    const wall = createVirtualClock();
    const clock = steadyClock(wall);
    for (let step = 0; step < 100; step += 1) {
      await wall.advance(10_000);
      wall.jumpWall(step % 3 === 0 ? -500 : 900);
      expect(clock.now()).toBe(wall.now());
    }
    expect(clock.stepMs).toBe(0);
  });

  it('takes the wall clock over when it is told to', () => {
    const wall = createVirtualClock();
    const clock = steadyClock(wall);
    wall.jumpWall(3_600_000);
    clock.adopt();
    expect(clock.now()).toBe(wall.now());
    expect(clock.stepMs).toBe(0);
  });

  it('sees no step when a millisecond passes between two readings', () => {
    const wall = createVirtualClock();
    const now = (): number => {
      wall.jumpWall(1);
      return wall.now();
    };
    const ticking = { now, monotonic: () => wall.monotonic() } as Clock;
    const clock = steadyClock(ticking);
    expect(clock.stepMs).toBe(0);
    clock.now();
    expect(clock.stepMs).toBe(0);
  });
});
