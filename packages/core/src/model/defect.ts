import type { EpochMs, Ms } from './units.ts';

/** A failure that comes back however often it is healed: people have to mend its cause. */
export interface Defect {
  readonly signature: string;
  /** When it was healed last; it is open for `windowMs` from then on. */
  readonly at: EpochMs;
  /** The incident of that healing. */
  readonly incidentId: string;
  /** How often it was healed within the window. */
  readonly healings: number;
  readonly windowMs: Ms;
}
