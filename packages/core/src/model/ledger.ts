import type { AgentId } from './agent.ts';
import type { Defect } from './defect.ts';
import type { IncidentId } from './incident.ts';
import type { Rung } from './policy.ts';
import type { EpochMs, Ms } from './units.ts';

/** What came of one attempt. */
export interface LedgerEntry {
  readonly at: EpochMs;
  readonly incidentId: IncidentId;
  readonly agentId: AgentId;
  readonly signature: string;
  readonly rung: Rung;
  readonly verdict: 'healed' | 'failed' | 'ambiguous' | 'superseded';
  readonly tookMs: Ms;
}

/** What the past says of an agent and a failure; input of the assessor. */
export interface History {
  /** Transitions to failed plus failed attempts in 24 h. */
  readonly failures: number;
  /** Incidents of this signature on this agent in 24 h. */
  readonly recurrence: number;
  /** Per rung: how often it healed this signature, and how often it did not. */
  /** How often the agent was recreated or respawned for this failure within the policy's window. [0] */
  readonly moves?: number;
  /** How often this failure was healed within the policy's window. [0] */
  readonly healings?: number;
  /** The failure is a defect. */
  readonly defect?: Defect;
  readonly outcomes: { readonly [R in Rung]?: { readonly healed: number; readonly failed: number } };
}
