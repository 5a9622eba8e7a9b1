import { describe, expect, it } from 'vitest';
import { isGuardError } from '../contracts/index.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import { withDeadline } from './deadline.ts';

const never = new Promise<never>(() => undefined);

describe('withDeadline', () => {
  it('gives the result or the error of the work and leaves no timer', async () => {
    const clock = createVirtualClock();
    await expect(withDeadline(clock, Promise.resolve(1), 100, 'It')).resolves.toBe(1);
    await expect(withDeadline(clock, () => 2, 100, 'It')).resolves.toBe(2);
    await expect(withDeadline(clock, Promise.reject(new TypeError('no')), 100, 'It')).rejects.toThrow('no');
    const throws = (): never => {
      throw new TypeError('at once');
    };
    await expect(withDeadline(clock, throws, 100, 'It')).rejects.toThrow('at once');
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives up work that never settles, names it, and aborts its signal', async () => {
    const clock = createVirtualClock();
    let given: AbortSignal | undefined;
    const result = withDeadline(
      clock,
      (signal) => {
        given = signal;
        return never;
      },
      1_500,
      'Asking web-1',
    );
    const rejected = result.catch((error: unknown) => error);
    await clock.advance(1_499);
    expect(given?.aborted).toBe(false);
    await clock.advance(1);
    expect(String(await rejected)).toContain('Asking web-1 took longer than 1.5s.');
    expect(isGuardError(given?.reason, 'GUARD_DEADLINE')).toBe(true);
  });

  it('ends with the reason of the caller’s signal', async () => {
    const clock = createVirtualClock();
    const abort = new AbortController();
    const result = withDeadline(clock, () => never, 100, { what: 'It', signal: abort.signal });
    abort.abort(new TypeError('stop'));
    await expect(result).rejects.toThrow('stop');
    await expect(withDeadline(clock, () => never, 100, { what: 'It', signal: abort.signal })).rejects.toThrow('stop');
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets nobody hear of work that fails after it was given up', async () => {
    const unhandled: unknown[] = [];
    const hear = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', hear);
    const clock = createVirtualClock();
    const late = clock.sleep(200).then(() => {
      throw new TypeError('late');
    });
    const result = withDeadline(clock, late, 100, 'It').catch((error: unknown) => error);
    await clock.advance(300);
    expect(String(await result)).toContain('took longer');
    await expect(
      withDeadline(clock, Promise.reject(new TypeError('unheard')), 100, {
        what: 'It',
        signal: AbortSignal.abort('over'),
      }),
    ).rejects.toBe('over');
    await clock.settle(3);
    process.off('unhandledRejection', hear);
    expect(unhandled).toEqual([]);
  });
});
