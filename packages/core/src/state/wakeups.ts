/** Lets readers of a stream wait for its next entry. */
export class Wakeups {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Resolves at the next `wake` of the name, at `wakeAll`, or when the signal aborts; never rejects. */
  next(name: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        const waiting = this.#waiting.get(name);
        waiting?.delete(wake);
        if (waiting?.size === 0) this.#waiting.delete(name);
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
      const waiting = this.#waiting.get(name) ?? new Set();
      this.#waiting.set(name, waiting.add(wake));
    });
  }

  wake(name: string): void {
    for (const wake of this.#waiting.get(name) ?? []) wake();
  }

  wakeAll(): void {
    for (const name of this.#waiting.keys()) this.wake(name);
  }
}
