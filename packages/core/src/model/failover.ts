import type { AgentId } from './agent.ts';
import type { EpochMs, Ms } from './units.ts';

/** When a replica takes the place of a failed primary, and how near it has to be. */
export interface FailoverPolicy {
  /**
   * `off`: never by itself; `after-restart`: when a restart did not heal the primary or is not to be had; `at-once`: as
   * soon as it is proven to have failed.
   */
  readonly when: 'off' | 'after-restart' | 'at-once';
  /** Furthest a replica may be behind. */
  readonly maxLagMs: Ms;
  /** Pause after a failover has settled. */
  readonly restMs: Ms;
}

/** Which replica takes over, and as the primary of which epoch. */
export interface Promotion {
  readonly to: AgentId;
  /** Counts up over the life of the group; whoever acts for a lower one is not the primary any more. */
  readonly epoch: number;
}

/** Who leads a group, as far as the guard had a hand in it; durable, so that no epoch is used twice (R09, R13). */
export interface Leadership {
  /** The highest epoch the guard ever ordered. */
  readonly epoch: number;
  /** Whom it made primary last; absent while none of its failovers was completed. */
  readonly primary?: { readonly agentId: AgentId; readonly epoch: number };
  /** Its last failover, reserved before anything was done. */
  readonly last: {
    readonly from: AgentId;
    readonly to: AgentId;
    readonly at: EpochMs;
    /** What came of it; absent while it is under way. */
    readonly outcome?: FailoverOutcome;
  };
}

/** `unknown`: the replica was called and its answer is not known, so it is not clear who leads. */
export type FailoverOutcome = 'led' | 'not-led' | 'unknown';
