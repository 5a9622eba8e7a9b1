import type { Clock, Subscription } from '../contracts/index.ts';
import { formatDuration, guardError } from '../contracts/index.ts';
import type { Ms } from '../model/index.ts';

/** Node fires a longer timer at once (its delay is a signed 32-bit number), so longer waits are made of pieces. */
const longestTimerMs = 2_147_483_647;

/** The real clock. Only the composition root and integration tests make one. */
export function systemClock(): Clock {
  const clock: Clock = {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: (forMs, signal) => sleepOn(clock, forMs, signal),
    after: (afterMs, run) => startTimer(afterMs, run, true),
    timeout: (afterMs) => {
      const controller = new AbortController();
      // Nobody can dispose of it, so it must not keep the process alive.
      startTimer(afterMs, () => controller.abort(timeoutReason(afterMs)), false);
      return controller.signal;
    },
  };
  return clock;
}

/** `sleep` by means of `after`: resolves after `forMs`, rejects with the signal's reason, and leaves no timer behind. */
export function sleepOn(clock: Pick<Clock, 'after'>, forMs: Ms, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      timer.dispose();
      reject(signal?.reason);
    };
    const timer = clock.after(forMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Why a signal of `Clock.timeout` aborted. */
export function timeoutReason(afterMs: Ms): Error {
  return guardError('GUARD_DEADLINE', { what: 'The call', limit: formatDuration(afterMs) });
}

function startTimer(afterMs: Ms, run: () => void, keepsAlive: boolean): Subscription {
  let handle: NodeJS.Timeout;
  const arm = (leftMs: Ms): void => {
    const pieceMs = Math.min(Math.max(0, leftMs), longestTimerMs);
    handle = setTimeout(() => (leftMs > pieceMs ? arm(leftMs - pieceMs) : run()), pieceMs);
    if (!keepsAlive) handle.unref();
  };
  arm(afterMs);
  return { dispose: () => clearTimeout(handle) };
}
