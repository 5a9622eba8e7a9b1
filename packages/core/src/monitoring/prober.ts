import type { AgentId, AgentMetrics, Ms, ProbeName, ProbeOutcome } from '../model/index.ts';
import type { KnownEndpoint } from './ports.ts';

/** One question to an agent. */
export interface ProbeRequest {
  readonly agentId: AgentId;
  readonly at: KnownEndpoint;
  readonly path: string;
  readonly probe: ProbeName;
  readonly timeoutMs: Ms;
}

/** What the question brought: a probe signal without the names. */
export interface ProbeAnswer {
  readonly outcome: ProbeOutcome;
  readonly latencyMs: Ms;
  readonly statusCode?: number;
  readonly detail?: string;
  readonly checks?: { readonly [name: string]: boolean };
  readonly metrics?: AgentMetrics;
  /** The address may not be called: asking again will not help, and nothing was sent. */
  readonly denied?: boolean;
}

/** Asks agents. Never rejects: what goes wrong is an answer, `unknown` when it is the guard's own fault. */
export interface Prober {
  probe(request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer>;
  /** Releases connections. */
  close?(): void;
}
