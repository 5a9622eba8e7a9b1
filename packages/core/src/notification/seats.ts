/** So many at once per name; the others wait in order. */
export class Seats {
  readonly #max: number;
  readonly #taken = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Waits for a seat.
   * @returns gives it back; call it once. Rejects with the signal's reason when it aborts.
   */
  async take(name: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if ((this.#taken.get(name) ?? 0) >= this.#max) await this.#wait(name, signal);
    else this.#taken.set(name, (this.#taken.get(name) ?? 0) + 1);
    return () => this.#free(name);
  }

  #wait(name: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const line = this.#waiting.get(name) ?? [];
      this.#waiting.set(name, line);
      const seated = (): void => {
        signal.removeEventListener('abort', left);
        resolve();
      };
      const left = (): void => {
        line.splice(line.indexOf(seated), 1);
        reject(signal.reason as Error);
      };
      line.push(seated);
      signal.addEventListener('abort', left, { once: true });
    });
  }

  /** The seat goes to whoever waits longest, without being free in between. */
  #free(name: string): void {
    const next = this.#waiting.get(name)?.shift();
    if (next) {
      next();
      return;
    }
    const left = (this.#taken.get(name) ?? 1) - 1;
    if (left > 0) this.#taken.set(name, left);
    else {
      this.#taken.delete(name);
      this.#waiting.delete(name);
    }
  }
}
