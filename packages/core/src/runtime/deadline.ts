import type { Clock } from '../contracts/index.ts';
import { formatDuration, guardError } from '../contracts/index.ts';
import type { Ms } from '../model/index.ts';

/** Work to be raced: a promise that runs already, or a function that is given the signal to stop at. */
export type Work<T> = PromiseLike<T> | ((signal: AbortSignal) => PromiseLike<T> | T);

export interface DeadlineOptions {
  /** Subject of the error's sentence: "Restarting web-1". */
  readonly what: string;
  /** The caller's own signal: the work also ends, with this signal's reason, when it aborts. */
  readonly signal?: AbortSignal;
}

/**
 * Settles when the work does, or after `limitMs` with `GUARD_DEADLINE`, whatever the work does: some client libraries
 * never settle. The work's signal aborts then; what it still does is its own affair and its late failure disturbs nobody.
 */
export async function withDeadline<T>(
  clock: Clock,
  work: Work<T>,
  limitMs: Ms,
  what: string | DeadlineOptions,
): Promise<T> {
  const options = typeof what === 'string' ? { what } : what;
  const controller = new AbortController();
  const overdue = rejectable();
  const giveUp = (reason: unknown): void => {
    overdue.reject(reason);
    controller.abort(reason);
  };
  const onAbort = (): void => giveUp(options.signal?.reason);
  if (options.signal?.aborted) {
    if (typeof work !== 'function') quieten(work);
    throw options.signal.reason;
  }
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const timer = clock.after(limitMs, () =>
    giveUp(guardError('GUARD_DEADLINE', { what: options.what, limit: formatDuration(limitMs) })),
  );
  try {
    const running = typeof work === 'function' ? invoke(work, controller.signal) : Promise.resolve(work);
    quieten(running);
    return await Promise.race([running, overdue.promise]);
  } finally {
    timer.dispose();
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** Calls the function so that a synchronous throw is a rejection like any other. */
async function invoke<T>(work: (signal: AbortSignal) => PromiseLike<T> | T, signal: AbortSignal): Promise<T> {
  return await work(signal);
}

function rejectable(): { promise: Promise<never>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<never>((_, rejectIt) => {
    reject = rejectIt;
  });
  quieten(promise);
  return { promise, reject };
}

/** Whoever awaits the promise still gets its rejection; nobody awaiting it is no crime. */
function quieten(promise: PromiseLike<unknown>): void {
  promise.then(undefined, () => undefined);
}
