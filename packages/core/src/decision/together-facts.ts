import type { AgentId, FleetBreaker, IncidentId } from '../model/index.ts';

/** How the fleet breaker of the group stands to an action. */
export interface BreakerFacts {
  readonly breaker: FleetBreaker;
  readonly unhealthy: number;
  readonly size: number;
  /** Canaries in flight that are not verified yet, without this one. */
  readonly inFlight: number;
  /** The attempt is a canary of the present trip. */
  readonly admitted: boolean;
}

/** Many are silent, and the agent is one of them. */
export interface SilenceFacts {
  readonly code: 'silence-of-many' | 'canary-failed';
  readonly text: string;
  /** It may be another in a moment. [false] */
  readonly soon?: boolean;
}

/** An agent that comes first, because the one in question depends on it. */
export interface DependencyFacts {
  readonly agentId: AgentId;
  /** From the agent in question to the one that failed. */
  readonly path: readonly AgentId[];
  readonly incidentId?: IncidentId;
}

/** What comes of failures that hang together; all absent while there are none. */
export interface TogetherFacts {
  readonly fleetBreaker?: BreakerFacts;
  readonly silence?: SilenceFacts;
  readonly dependency?: DependencyFacts;
}
