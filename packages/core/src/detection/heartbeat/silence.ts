import type { Suspicion } from '../../contracts/index.ts';
import { formatDuration, type HeartbeatPolicy, type Ms } from '../../model/index.ts';
import type { Arrivals } from './arrivals.ts';
import { leastSamples } from './arrivals.ts';
import { zOfPhi } from './phi.ts';

/** φ from which an agent is asked, and from which its silence counts together with questions it did not answer. */
const suspectZ = zOfPhi(5);
const convictZ = zOfPhi(8);
/** Heartbeats are never taken to be more regular than this: ticks and networks are not. */
const leastSpreadMs: Ms = 100;
/** An agent of which too little is known is suspected after this many intervals. */
const untrainedIntervals = 3;

/** How long a silence has to last, by what is known of the agent; none is longer than the fixed timeout. */
export interface Limits {
  /** The agent is asked. */
  suspectMs: Ms;
  /** The silence counts, if the agent did not answer either. */
  convictMs: Ms;
  /** The silence counts by itself. */
  timeoutMs: Ms;
}

/**
 * Writes the limits for an agent into `limits`; for the hot path, so no object is made.
 * @param stretch by how much the guard doubts itself, from 1.
 */
export function limitsInto(limits: Limits, policy: HeartbeatPolicy, of: { arrivals: Arrivals; slot: number }): void {
  const { timeoutMs, pauseMs } = policy;
  limits.timeoutMs = timeoutMs;
  if (policy.detector === 'fixed') {
    limits.suspectMs = timeoutMs;
    limits.convictMs = timeoutMs;
    return;
  }
  const { arrivals, slot } = of;
  if (arrivals.count(slot) < leastSamples) {
    limits.suspectMs = Math.min(untrainedIntervals * policy.everyMs, timeoutMs);
    limits.convictMs = limits.suspectMs;
    return;
  }
  const spreadMs = Math.max(arrivals.spreadMs(slot), leastSpreadMs);
  const latestMs = arrivals.meanMs(slot) + pauseMs;
  limits.suspectMs = Math.min(latestMs + suspectZ * spreadMs, timeoutMs);
  limits.convictMs = Math.min(latestMs + convictZ * spreadMs, timeoutMs);
}

export const saysDegraded: Suspicion = {
  kind: 'unhealthy',
  evidence: 'telemetry',
  implies: 'degraded',
  strength: 0.5,
  text: 'its heartbeat says that it is degraded',
  signature: 'self-degraded',
};

/** A silence that counts. */
export interface Silence {
  readonly silentMs: Ms;
  /** By how much the guard doubts itself, from 1. */
  readonly stretch: number;
  /** The usual time between its heartbeats, if it counts before the timeout; else `undefined`. */
  readonly usualMs: Ms | undefined;
  /** Nothing was heard of this instance so far. */
  readonly never: boolean;
}

export function silence({ timeoutMs, silentForMs }: HeartbeatPolicy, of: Silence): Suspicion {
  const { silentMs, never } = of;
  const tooLong = silentMs >= silentForMs * of.stretch;
  const since = never ? 'no heartbeat since it was registered, ' : 'no heartbeat for ';
  return {
    kind: 'heartbeat-timeout',
    evidence: 'heartbeat',
    // Asking decides: no answer makes it failed, in the health monitor and by the finding of the probe.
    implies: 'degraded',
    strength: tooLong ? 0.9 : 0.6,
    text: `${since}${formatDuration(silentMs)} (${limitText(timeoutMs, of)})`,
    signature: 'heartbeat-timeout',
    confirm: true,
    data: { silentMs: Math.round(silentMs), timeouts: Math.floor(silentMs / timeoutMs), silentForTooLong: tooLong },
  };
}

function limitText(timeoutMs: Ms, { usualMs, stretch }: Silence): string {
  const doubt = stretch > 1 ? `; ${stretch} times as long is waited, because the guard doubts itself` : '';
  if (usualMs === undefined) return `timeout ${formatDuration(timeoutMs)}${doubt}`;
  return `usual is ${formatDuration(usualMs)}, and it did not answer when asked twice${doubt}`;
}
