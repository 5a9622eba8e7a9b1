import { setMaxListeners } from 'node:events';
import type { InventoryFeed } from '@praetorian-guard/core/kit';
import { type Clock, isGuardError, type Logger, messageOf, type Ms } from '@praetorian-guard/core/plugin';
import { EngineError } from './engine-error.ts';

/** Pauses before the engine is asked again, the last one over and over. */
const againMs: readonly Ms[] = [100, 250, 500, 1_000, 2_000];
/** Whoever wants the list waits this long for an engine that is away. */
const patienceMs: Ms = 15_000;
/** Failures in a row that are logged; that it is still away is told by the inventory. */
const toldMax = 3;

export interface SightParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly feed: InventoryFeed;
  /** Subject of the log line: "the Docker engine". */
  readonly what: string;
  /** One connection: lists, calls `listed`, and follows until it throws. An end without an error is an end all the same. */
  readonly live: (listed: () => void) => Promise<void>;
  /** What was in sight until now is not any more. */
  readonly lost?: () => void;
}

/**
 * Keeps what an engine runs in sight: one connection after another. While there is none the inventory is broken off, and
 * whoever wants the list waits for a while.
 */
export class Sight {
  readonly #parts: SightParts;
  readonly #end = new AbortController();
  #run: Promise<void> = Promise.resolve();
  #listed = deferred();
  #why: unknown = new EngineError('the engine was not asked yet', { lost: false });

  constructor(parts: SightParts) {
    // One signal for every question under way.
    setMaxListeners(0, this.#end.signal);
    this.#parts = parts;
  }

  /** Aborts when nothing is to be seen any more. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Whether the list is complete, and followed. */
  get isListed(): boolean {
    return this.#listed.done;
  }

  start(): void {
    this.#run = this.#follow();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#run;
  }

  /** Resolves when the list is complete; throws why it is not: after a while, or at once for what a wait does not mend. */
  async listed(): Promise<void> {
    const { clock } = this.#parts;
    const waiting = new AbortController();
    const late = clock.sleep(patienceMs, AbortSignal.any([waiting.signal, this.#end.signal])).then(
      () => this.#fail(),
      () => undefined,
    );
    try {
      await Promise.race([this.#listed.promise, late]);
    } finally {
      waiting.abort();
    }
  }

  #fail(): never {
    throw this.#why;
  }

  async #follow(): Promise<void> {
    const { clock, log, what, live } = this.#parts;
    const { signal } = this.#end;
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        await live(() => {
          failures = 0;
          this.#listed.resolve();
        });
        throw new EngineError('follow the events: the engine ended the stream', { lost: true });
      } catch (error) {
        if (signal.aborted) return;
        this.#lose(error);
        if (failures < toldMax) log.warn({ why: messageOf(error) }, `${what} is lost from sight`);
      }
      await clock.sleep(againMs[Math.min(failures, againMs.length - 1)] as Ms, signal).catch(() => undefined);
    }
  }

  #lose(error: unknown): void {
    const { feed, lost } = this.#parts;
    this.#why = error;
    if (this.#listed.done) {
      lost?.();
      this.#listed = deferred();
      feed.breakOff(error);
    } else if (isGuardError(error)) {
      // An engine that is no manager is not one sooner because somebody waits.
      this.#listed.reject(error);
      this.#listed = deferred();
    }
  }
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly done: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

function deferred(): Deferred {
  let settle = (): void => undefined;
  let fail = (_error: unknown): void => undefined;
  let done = false;
  const promise = new Promise<void>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  // It may well be that nobody waits.
  promise.catch(() => undefined);
  return {
    promise,
    get done() {
      return done;
    },
    resolve: () => {
      done = true;
      settle();
    },
    reject: (error) => fail(error),
  };
}
