import { describe, expect, it } from 'vitest';
import { isGuardError } from '../contracts/index.ts';
import { createVirtualClock } from './virtual-clock.ts';

describe('createVirtualClock', () => {
  it('stands still until it is advanced', async () => {
    const clock = createVirtualClock({ startAt: 1_000 });
    await clock.settle(5);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
    await clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250]);
  });

  it('runs timers in order of time, then of making, each at its own moment', async () => {
    const clock = createVirtualClock();
    const log: string[] = [];
    const note = (name: string) => () => log.push(`${name}@${clock.monotonic()}`);
    clock.after(30, note('c'));
    clock.after(10, note('a'));
    clock.after(10, note('b'));
    clock.after(40, note('late'));
    clock.after(0, note('now'));
    await clock.advance(30);
    expect(log).toEqual(['now@0', 'a@10', 'b@10', 'c@30']);
    expect(clock.pendingTimers).toBe(1);
  });

  it('finishes what a timer set off before the next one, also timers it made', async () => {
    const clock = createVirtualClock();
    const log: string[] = [];
    const loop = async (): Promise<void> => {
      for (let n = 0; n < 3; n += 1) {
        await clock.sleep(10);
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
        log.push(`loop@${clock.monotonic()}`);
      }
    };
    void loop();
    clock.after(11, () => log.push(`other@${clock.monotonic()}`));
    await clock.advance(30);
    expect(log).toEqual(['loop@10', 'other@11', 'loop@20', 'loop@30']);
  });

  it('orders very many timers, whatever is cancelled', async () => {
    const clock = createVirtualClock();
    const ran: number[] = [];
    const times = Array.from({ length: 2_000 }, (_, n) => (n * 7919) % 1_009);
    const timers = times.map((atMs) => clock.after(atMs, () => ran.push(atMs)));
    timers.forEach((timer, n) => n % 3 === 0 && timer.dispose());
    await clock.advance(2_000);
    expect(ran).toEqual(times.filter((_, n) => n % 3 !== 0).sort((a, b) => a - b));
    expect(clock.pendingTimers).toBe(0);
  });

  it('wakes a sleeper whose signal aborts with the reason and forgets its timer', async () => {
    const clock = createVirtualClock();
    const abort = new AbortController();
    const slept = clock.sleep(10, abort.signal);
    expect(clock.pendingTimers).toBe(1);
    abort.abort('enough');
    await expect(slept).rejects.toBe('enough');
    expect(clock.pendingTimers).toBe(0);
  });

  it('aborts timeouts', async () => {
    const clock = createVirtualClock();
    const signal = clock.timeout(10);
    await clock.advance(10);
    expect(isGuardError(signal.reason, 'GUARD_DEADLINE')).toBe(true);
  });

  it('sets the wall clock without moving time', async () => {
    const clock = createVirtualClock({ startAt: 1_000 });
    let ran = false;
    clock.after(10, () => (ran = true));
    clock.jumpWall(-500);
    await clock.settle();
    expect([clock.now(), clock.monotonic(), ran]).toEqual([500, 0, false]);
  });

  it('passes on what a timer throws, and refuses to go back or to be advanced twice at once', async () => {
    const clock = createVirtualClock();
    clock.after(1, () => {
      throw new TypeError('in the timer');
    });
    await expect(clock.advance(5)).rejects.toThrow('in the timer');
    await expect(clock.advance(-1)).rejects.toThrow('go back');
    const first = clock.advance(5);
    await expect(clock.advance(5)).rejects.toThrow('one advance() at a time');
    await first;
  });
});
