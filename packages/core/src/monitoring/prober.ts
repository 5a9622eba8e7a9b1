import type { AgentId, AgentMetrics, Ms, ProbeName, ProbeOutcome, TlsPolicy } from '../model/index.ts';
import type { KnownEndpoint } from './ports.ts';

/** One question to an agent. */
export interface ProbeRequest {
  readonly agentId: AgentId;
  readonly at: KnownEndpoint;
  /** [as the endpoint says] */
  readonly type?: 'auto' | 'http' | 'https' | 'tcp';
  readonly path: string;
  /** [that of the endpoint] */
  readonly port?: number;
  /** [the well-known authorities, the host of the endpoint] */
  readonly tls?: TlsPolicy;
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
  /** It cannot be asked this way before the config changes: no exec, no such program, no such file. */
  readonly unaskable?: boolean;
}

/** Asks agents. Never rejects: what goes wrong is an answer, `unknown` when it is the guard's own fault. */
export interface Prober {
  probe(request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer>;
  /** Releases connections. */
  close?(): void;
}
