/** What can be broken on purpose. `none` mends everything that can be mended from inside. */
export const faultKinds = [
  'crash',
  'hang',
  'slow',
  'errors',
  'log-errors',
  'leak',
  'silent',
  'corrupt',
  'none',
] as const;

export type FaultKind = (typeof faultKinds)[number];

export interface FaultOptions {
  /** `slow`: delay of every answer [800]; a job takes ten times as long, so that the work all but stands still. */
  readonly delayMs?: number;
  /** `hang`: how long the event loop is blocked [until the process is ended]. */
  readonly forMs?: number;
  /** `leak`: memory that is never given back grows to this [256]. */
  readonly capMb?: number;
  /** `leak`: growth a second [8]. */
  readonly mbPerSecond?: number;
}

/** The agent's fault switch. One fault at a time: setting another mends the one before. */
export class Faults {
  #kind: FaultKind = 'none';
  #delayMs = 0;
  #hoard: Buffer[] = [];
  #leak: NodeJS.Timeout | undefined;

  get kind(): FaultKind {
    return this.#kind;
  }

  /** Delay of every job and every answer. */
  get delayMs(): number {
    return this.#delayMs;
  }

  get jobDelayMs(): number {
    return 10 * this.#delayMs;
  }

  /** Takes effect at once; `crash` and `hang` do not return. */
  set(kind: FaultKind, options: FaultOptions): void {
    this.#mend();
    this.#kind = kind;
    if (kind === 'slow') this.#delayMs = options.delayMs ?? 800;
    if (kind === 'leak') this.#startLeak(options.capMb ?? 256, options.mbPerSecond ?? 8);
    if (kind === 'crash') process.exit(1);
    if (kind === 'hang') this.#hang(options.forMs);
  }

  /** Stops the timer; the process ends. */
  dispose(): void {
    this.#mend();
  }

  #mend(): void {
    this.#kind = 'none';
    this.#delayMs = 0;
    clearInterval(this.#leak);
    this.#leak = undefined;
    this.#hoard = [];
  }

  #startLeak(capMb: number, mbPerSecond: number): void {
    this.#leak = setInterval(() => {
      // Filled, because memory that was never written does not count as resident.
      if (this.#hoard.length < capMb) this.#hoard.push(Buffer.alloc(1024 ** 2, 1));
    }, 1_000 / mbPerSecond);
  }

  /**
   * Blocks the event loop itself, as an endless loop or a deadlock does: the system still accepts connections, yet
   * nothing is answered, no heartbeat is sent and SIGTERM is not heard. Only SIGKILL ends it before its time.
   */
  #hang(forMs: number | undefined): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
    this.#mend();
  }
}
