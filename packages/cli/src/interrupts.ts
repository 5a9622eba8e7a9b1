import { exitCode } from './exit-code.ts';

export interface Interrupts {
  /** Resolves with the first SIGINT or SIGTERM. */
  readonly requested: Promise<NodeJS.Signals>;
  /** Aborts with it. */
  readonly signal: AbortSignal;
  dispose(): void;
}

/** Listens for the wish to end. The first one is granted with a clean stop; the second ends the process at once. */
export function listenForInterrupts(): Interrupts {
  const { promise, resolve } = withResolvers<NodeJS.Signals>();
  const asked = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (asked.signal.aborted) process.exit(exitCode.interrupted);
    asked.abort();
    resolve(signal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    requested: promise,
    signal: asked.signal,
    dispose: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
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
