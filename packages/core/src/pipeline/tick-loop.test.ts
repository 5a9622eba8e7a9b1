import { describe, expect, test } from 'vitest';
import type { VirtualClock } from '../testing/virtual-clock.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import { TickLoop } from './tick-loop.ts';

function loopOf(everyMs = 200): { clock: VirtualClock; loop: TickLoop; ticks: number[]; rhythm: number[] } {
  const clock = createVirtualClock();
  const begin = clock.monotonic();
  const ticks: number[] = [];
  const rhythm: number[] = [];
  const loop = new TickLoop({
    clock,
    everyMs,
    tick: () => ticks.push(clock.monotonic() - begin),
    ticked: () => rhythm.push(clock.monotonic() - begin),
  });
  loop.start();
  return { clock, loop, ticks, rhythm };
}

describe('the loop of ticks', () => {
  test('looks once in every period', async () => {
    const { clock, ticks } = loopOf();
    await clock.advance(650);
    expect(ticks).toEqual([200, 400, 600]);
  });

  test('looks ahead of the rhythm at what must not wait, and the rhythm goes on as before', async () => {
    const { clock, loop, ticks, rhythm } = loopOf();
    await clock.advance(250);
    loop.hurry();
    await clock.advance(400);
    expect(ticks).toEqual([200, 270, 400, 600]);
    expect(rhythm).toEqual([200, 400, 600]);
  });

  test('gathers what comes in the same moment into one look', async () => {
    const { clock, loop, ticks } = loopOf();
    for (let at = 0; at < 5; at += 1) {
      loop.hurry();
      await clock.advance(3);
    }
    await clock.advance(150);
    expect(ticks).toEqual([20]);
  });

  test('looks again at what came after that look', async () => {
    const { clock, loop, ticks } = loopOf();
    loop.hurry();
    await clock.advance(30);
    loop.hurry();
    await clock.advance(100);
    expect(ticks).toEqual([20, 50]);
  });

  test('leaves to the next tick what is due in a moment anyway', async () => {
    const { clock, loop, ticks } = loopOf();
    await clock.advance(185);
    loop.hurry();
    await clock.advance(100);
    expect(ticks).toEqual([200]);
  });

  test('does not look any more when it is stopped, nor before it is started', async () => {
    const { clock, loop, ticks } = loopOf();
    loop.hurry();
    loop.stop();
    loop.hurry();
    await clock.advance(1_000);
    expect(ticks).toEqual([]);
  });
});
