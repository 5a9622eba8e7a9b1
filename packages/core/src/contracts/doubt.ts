import type { Ms, Ratio } from '../model/index.ts';

/**
 * How far the guard doubts itself now (R03): after Lifeguard's local health multiplier (Dadgar, Phillips, Currey 2018).
 * A guard that is starved, cut off or waits for its store must get slower, never more suspicious.
 */
export interface Doubt {
  /** 0–8; 0 while nothing speaks against the guard itself. */
  readonly multiplier: number;
  /** Why the guard believes that it is cut off: a canary endpoint did not answer. `undefined` while all answer. */
  readonly canaryFailed: string | undefined;
  /** What to multiply every time by after which silence or slowness is held against an agent: multiplier + 1. */
  stretch(): number;
}

/** A guard that does not doubt itself: for parts that are used alone. */
export const noDoubt: Doubt = Object.freeze({ multiplier: 0, canaryFailed: undefined, stretch: () => 1 });

/** What speaks against the guard itself, for people. */
export interface DoubtStatus {
  readonly multiplier: number;
  /** Bad signs of the last round, a sentence each with its figures. */
  readonly reasons: readonly string[];
  readonly canaries: readonly {
    readonly url: string;
    /** Absent until it was asked for the first time. */
    readonly reached?: boolean;
    /** Why it counts as not reached. */
    readonly why?: string;
  }[];
}

/** Where doubt begins; `selfDoubt` in the config. */
export interface DoubtSettings {
  /** A round: how often the signs are weighed, the store is asked and canaries are called. */
  readonly everyMs: Ms;
  /** A tick this late, or one that took this long, is a bad sign. */
  readonly lagMs: Ms;
  /** A commit or read of the store that took this long is a bad sign. */
  readonly storeMs: Ms;
  /** Share of the agents asked in a round that did not answer from which the guard suspects itself. */
  readonly unanswered: Ratio;
  /** From this multiplier on the guard says that it is degraded. */
  readonly tellFrom: number;
  readonly canaries: readonly { readonly url: string }[];
  readonly canaryTimeoutMs: Ms;
}
