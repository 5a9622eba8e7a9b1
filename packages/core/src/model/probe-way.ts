import type { ProbeName } from './signal.ts';
import type { Ms } from './units.ts';

/**
 * How a probe asks. `auto`: over HTTP or HTTPS, as the agent's endpoint says; `tcp`: whether a connection is taken;
 * `command`: whether a program, run inside the instance by its orchestrator, ends with 0.
 */
export type ProbeType = 'auto' | 'http' | 'https' | 'tcp' | 'command';

/** One question, as far as it does not depend on the agent. */
export interface ProbeWay {
  readonly type: ProbeType;
  /** Path on the agent's endpoint, for HTTP and HTTPS; empty: not asked that way. */
  readonly path: string;
  /** Another port than that of the endpoint. */
  readonly port?: number;
  /** Program and arguments, without a shell; only from the config, never from the agent's own description. */
  readonly command?: readonly string[];
  readonly timeoutMs: Ms;
}

/** How certificates of agents that are asked over HTTPS are judged. */
export interface TlsPolicy {
  /** PEM file with the authorities that are trusted instead of the well-known ones. */
  readonly caFile?: string;
  /** Any certificate is taken. */
  readonly insecure: boolean;
  /** Name the certificate has to carry, when it is not the host of the endpoint. */
  readonly serverName?: string;
}

const overHttp = (type: ProbeType): boolean => type === 'auto' || type === 'http' || type === 'https';

/**
 * How a probe of an agent is asked; `undefined`: not at all. An agent whose liveness is asked by TCP or a command offers
 * no HTTP side as far as the guard knows, so that `auto` means the liveness probe for the confirming check, and off for
 * the others.
 */
export function wayOf(ways: { readonly [P in ProbeName]: ProbeWay }, probe: ProbeName): ProbeWay | undefined {
  const way = ways[probe];
  const hasHttp = overHttp(ways.liveness.type);
  const isOff = (way.type === 'auto' && !hasHttp) || (overHttp(way.type) && way.path === '');
  if (!isOff) return way;
  return probe === 'health' ? wayOf(ways, 'liveness') : undefined;
}

/** Whether an agent can be asked a probe: it has a way for it, and an address unless that is a command. */
export function isAskable(
  ways: { readonly [P in ProbeName]: ProbeWay },
  probe: ProbeName,
  isAddressed: boolean,
): boolean {
  const way = wayOf(ways, probe);
  return way !== undefined && (isAddressed || way.type === 'command');
}
