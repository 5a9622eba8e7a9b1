import type { Effect, EpochMs, Incident, Ms } from '../model/index.ts';

/** One effect that is to be done now. */
export interface PerformInput {
  readonly incident: Incident;
  readonly effect: Effect;
  readonly key: string;
  readonly deadlineMs: Ms;
  readonly signal: AbortSignal;
  /** Why it may not be done any more, asked before each call of one that is made of several. [it may] */
  readonly objection?: () => string | undefined;
  /** When it was begun before, by a guard that did not see its end. [it was not] */
  readonly begunAt?: EpochMs | undefined;
}
