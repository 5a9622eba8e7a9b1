import type { AgentId, InstanceId } from './agent.ts';
import type { JsonObject } from './json.ts';
import type { EpochMs, Ratio } from './units.ts';

/**
 * Kinds of evidence, for the rule that nothing destructive happens on one kind alone (R06):
 * `heartbeat` it fell silent · `probe` the guard asked · `orchestrator` exit, OOM, HEALTHCHECK verdict ·
 * `telemetry` figures it reports of itself · `errors` error events and log lines · `progress` work stands still.
 */
export type EvidenceKind = 'heartbeat' | 'probe' | 'orchestrator' | 'telemetry' | 'errors' | 'progress';

/** What the built-in detectors suspect; a plugin's own kinds carry its prefix: `acme/queue-stuck`. */
export type FindingKind =
  | 'heartbeat-timeout'
  | 'probe-failed'
  | 'not-ready'
  | 'slow'
  | 'error-rate'
  | 'slo-burn'
  | 'errors'
  | 'exited'
  | 'oom-killed'
  | 'unhealthy'
  | 'restarting'
  | 'stalled'
  | 'exhaustion'
  | 'anomaly'
  | 'flapping'
  | `${string}/${string}`;

/** One suspicion about one agent. */
export interface Finding {
  /** `detector:kind:evidence`; unique per agent, so that a repeated suspicion joins the first. */
  readonly id: string;
  readonly agentId: AgentId;
  readonly instanceId?: InstanceId;
  /** Name of the detector that raised it. */
  readonly detector: string;
  readonly kind: FindingKind;
  readonly evidence: EvidenceKind;
  /** What it would mean if true. */
  readonly implies: 'degraded' | 'failed';
  /** 0–1: how sure the detector is. */
  readonly strength: Ratio;
  readonly since: EpochMs;
  /** A sentence for people, with the figures: `no heartbeat for 92s (timeout 90s)`. */
  readonly text: string;
  /** Names the failure in incidents and the ledger, without ids, numbers or times. */
  readonly signature: string;
  /** Proven by inspection alone, for example an exit seen by the orchestrator (R06 a). */
  readonly proven?: boolean;
  /** Found again by fresh checks, until it had stood for twice what raised it (R06 b). */
  readonly lasting?: boolean;
  readonly data?: JsonObject;
}

/** The name of a failure made of several findings: their signatures, sorted and joined. */
export function signatureOf(findings: readonly Finding[]): string {
  // Flapping is a way to fail: what it is called by is what the agent fails of.
  const failures = findings.filter((finding) => finding.kind !== 'flapping');
  const names = new Set((failures.length > 0 ? failures : findings).map((finding) => finding.signature));
  return [...names].sort().join('+') || 'unknown';
}

/** The kinds of evidence that stand behind some findings. Unusual figures are none (R22), nor is that it flaps. */
export function evidenceKinds(findings: readonly Finding[]): ReadonlySet<EvidenceKind> {
  return new Set(findings.flatMap((finding) => (noEvidence.has(finding.kind) ? [] : [finding.evidence])));
}

const noEvidence: ReadonlySet<FindingKind> = new Set<FindingKind>(['anomaly', 'flapping']);

/** What is no failure: what is unusual, what is only foreseen, and not taking work for a while. */
const noFailure: ReadonlySet<FindingKind> = new Set<FindingKind>(['anomaly', 'exhaustion', 'not-ready', 'flapping']);

/** Whether nothing has happened yet, and something is unusual or foreseen. */
export function nothingHappened(findings: readonly Finding[]): boolean {
  return (
    findings.every(({ kind }) => noFailure.has(kind)) &&
    findings.some(({ kind }) => kind === 'anomaly' || kind === 'exhaustion')
  );
}

/** What is foreseen of an agent with which nothing has happened yet. */
export function foreseenOnly(findings: readonly Finding[]): Finding | undefined {
  return nothingHappened(findings) ? findings.find(({ kind }) => kind === 'exhaustion') : undefined;
}

/** Whether the agent works now, and only its going back and forth stands against it. */
export function onlyFlaps(findings: readonly Finding[]): boolean {
  return (
    findings.some(({ kind }) => kind === 'flapping') &&
    findings.every(({ kind }) => kind === 'flapping' || kind === 'not-ready')
  );
}

export function isFlapping(findings: readonly Finding[]): boolean {
  return findings.some(({ kind }) => kind === 'flapping');
}

/** Whether two names of a failure mean the same one: all suspicions of the one are among those of the other. */
export function sameFailure(a: string, b: string): boolean {
  const [fewer, more] = [a.split('+'), b.split('+')].sort((x, y) => x.length - y.length) as [string[], string[]];
  return fewer.every((name) => more.includes(name));
}
