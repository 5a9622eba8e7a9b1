import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isGuardError } from '../contracts/index.ts';
import { systemClock } from './system-clock.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const day = 86_400_000;

describe('systemClock', () => {
  it('reads wall time and a time that goes on', () => {
    const clock = systemClock();
    const before = clock.monotonic();
    vi.advanceTimersByTime(500);
    expect(clock.now()).toBe(1_500);
    expect(clock.monotonic() - before).toBe(500);
  });

  it('sleeps, and wakes with the reason when the signal aborts, leaving no timer', async () => {
    const clock = systemClock();
    const slept = clock.sleep(100);
    await vi.advanceTimersByTimeAsync(100);
    await expect(slept).resolves.toBeUndefined();
    const abort = new AbortController();
    const broken = clock.sleep(100, abort.signal);
    abort.abort('enough');
    await expect(broken).rejects.toBe('enough');
    await expect(clock.sleep(100, abort.signal)).rejects.toBe('enough');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('runs once, and not at all when disposed of', () => {
    const run = vi.fn();
    systemClock().after(10, run);
    systemClock().after(10, run).dispose();
    vi.advanceTimersByTime(100);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('waits longer than a timer of Node can', () => {
    const run = vi.fn();
    const timer = systemClock().after(40 * day, run);
    vi.advanceTimersByTime(40 * day - 1);
    expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(run).toHaveBeenCalledTimes(1);
    timer.dispose();
    const later = systemClock().after(60 * day, run);
    vi.advanceTimersByTime(30 * day);
    later.dispose();
    vi.advanceTimersByTime(60 * day);
    expect(run).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('aborts a timeout with a deadline error', () => {
    const signal = systemClock().timeout(100);
    vi.advanceTimersByTime(99);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(isGuardError(signal.reason, 'GUARD_DEADLINE')).toBe(true);
  });
});
