import { exitCode } from './exit-code.ts';
import { sinceProcessStartMs } from './process-clock.ts';

/** npm passes a Ctrl-C on that the terminal has sent already: what comes this soon is the same wish. */
const sameWishMs = 1_000;

const wishes = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Interrupts {
  /** Resolves with the first SIGINT or SIGTERM, or SIGHUP, which comes when the terminal is closed. */
  readonly requested: Promise<NodeJS.Signals>;
  /** Aborts with it. */
  readonly signal: AbortSignal;
  dispose(): void;
}

/** Listens for the wish to end. The first one is granted with a clean stop; a later one ends the process at once. */
export function listenForInterrupts(): Interrupts {
  const { promise, resolve } = withResolvers<NodeJS.Signals>();
  const asked = new AbortController();
  let firstAtMs = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (asked.signal.aborted) {
      if (sinceProcessStartMs() - firstAtMs > sameWishMs) process.exit(exitCode.interrupted);
      return;
    }
    firstAtMs = sinceProcessStartMs();
    asked.abort();
    resolve(signal);
  };
  for (const name of wishes) process.on(name, onSignal);
  return {
    requested: promise,
    signal: asked.signal,
    dispose: () => {
      for (const name of wishes) process.off(name, onSignal);
    },
  };
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
