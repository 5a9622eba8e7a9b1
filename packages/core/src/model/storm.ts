import type { AgentId, GroupId } from './agent.ts';
import type { Reason } from './reason.ts';
import type { EpochMs, Ms } from './units.ts';

/** `storm_` and a ULID from the injected clock and random. */
export type StormId = string;

/**
 * Why many failures are one: `mass-failure` too many of a group are unhealthy at once · `silence` many fell silent at
 * once and nothing else speaks against them · `canary` the guard itself is cut off · `dependency` all of them depend on
 * an agent that failed.
 */
export type StormCause = 'mass-failure' | 'silence' | 'canary' | 'dependency';

/**
 * The breaker over the remediation of a group (R01). Closed it allows everything; open nothing; half-open only so many
 * canaries at once. `trips` counts the openings since it was closed for good; a canary belongs to one of them.
 */
export type FleetBreaker =
  | { readonly state: 'closed'; readonly trips: number }
  | {
      readonly state: 'open';
      readonly trips: number;
      readonly since: EpochMs;
      readonly reason: Reason;
      readonly coolDownMs: Ms;
      /** When it goes half-open: an open breaker always has an end (R26). */
      readonly probeAt: EpochMs;
    }
  | {
      readonly state: 'half-open';
      readonly trips: number;
      readonly since: EpochMs;
      readonly reason: Reason;
      readonly coolDownMs: Ms;
      /** Canaries that may be in flight at once. */
      readonly allowed: number;
      /** Canaries that were verified since it went half-open. */
      readonly successes: number;
    };

/** A line of a storm's timeline. */
export interface StormEntry {
  readonly at: EpochMs;
  readonly type: 'opened' | 'joined' | 'breaker' | 'cause' | 'paged' | 'told' | 'closed';
  readonly text: string;
}

/** Many failures that are one: the durable parent of their incidents, with one message to people. */
export interface Storm {
  readonly id: StormId;
  /** Counts the stored changes. */
  readonly version: number;
  readonly state: 'open' | 'closed';
  readonly cause: StormCause;
  /** The group it began in; its record lies there. */
  readonly group: GroupId;
  /** All groups that are in it. */
  readonly groups: readonly GroupId[];
  /** The first of its agents, at most 50, in the order in which they joined. */
  readonly members: readonly AgentId[];
  /** All agents that ever were in it. */
  readonly memberCount: number;
  /** Why it was opened. */
  readonly reason: Reason;
  /** The breaker of `group`. */
  readonly breaker: FleetBreaker;
  /** The agent that all of them depend on, for the cause `dependency`. */
  readonly dependency?: AgentId;
  readonly openedAt: EpochMs;
  readonly changedAt: EpochMs;
  readonly closedAt?: EpochMs;
  /** When people are told of it (again); absent while nothing is to be told. */
  readonly tellAt?: EpochMs;
  /** A message about it was made. */
  readonly paged: boolean;
  /** How it stood when people were told of it last: who was not well, and whom of its incidents the guard had given up on. */
  readonly standing?: { readonly unwell: number; readonly handedOver: number };
  /** How often people were reminded that it goes on. */
  readonly reminded?: number;
  /** A notifier accepted a message about it. */
  readonly told: boolean;
  /** What happened, oldest first, the last 100 lines. */
  readonly timeline: readonly StormEntry[];
}
