import type { IncidentFacts } from '../src/contracts/index.ts';
import type { Agent, Capability, Finding, Policy } from '../src/model/index.ts';

/** A policy with the documented defaults of what the decision stage reads. */
export const policy: Policy = {
  mode: 'auto',
  heartbeat: { expect: 'auto', everyMs: 30_000, timeoutMs: 90_000, silentForMs: 600_000 },
  probes: { health: { path: '/health', timeoutMs: 2_000 } },
  slo: { latencyP95Ms: 200, latencyP99Ms: 500, errorRate: 0.001, successRate: 0.995 },
  severity: { escalateFailures: 5 },
  ladder: {
    restart: { timeoutMs: 30_000, graceMs: 10_000 },
    recreate: { timeoutMs: 60_000, graceMs: 10_000, restoreState: true },
    respawn: { timeoutMs: 180_000, graceMs: 10_000, restoreState: true, mode: 'beside' },
    restartScope: 'instance',
    drainMs: 0,
    safeState: 'leave',
  },
  gate: {
    attempts: [
      { max: 3, perMs: 600_000 },
      { max: 8, perMs: 86_400_000 },
    ],
    backoff: { baseMs: 5_000, capMs: 300_000, resetAfterMs: 600_000 },
    settleMs: 30_000,
    inFlight: 0.1,
    progressWindowMs: 60_000,
    approvalTtlMs: 3_600_000,
  },
} as unknown as Policy;

export const agent: Agent = {
  id: 'web.1',
  group: 'web',
  labels: {},
  dependsOn: [],
  criticality: 0,
  orchestrator: 'fake',
  source: 'orchestrator',
  instance: { id: 'web.1@1', generation: 1, state: 'running' },
};

export function finding(change: Partial<Finding> = {}): Finding {
  return {
    id: 'd:k',
    agentId: 'web.1',
    detector: 'd',
    kind: 'exited',
    evidence: 'orchestrator',
    implies: 'failed',
    strength: 1,
    since: 1_000,
    text: 'it exited',
    signature: 'exited',
    ...change,
  };
}

export function incidentFacts(change: Partial<IncidentFacts> = {}): IncidentFacts {
  return {
    now: 10_000,
    agent,
    health: 'failed',
    findings: [finding({ proven: true })],
    metrics: {},
    attempts: [],
    severityAtLeast: 1,
    history: { failures: 0, recurrence: 0, outcomes: {} },
    policy,
    ...change,
  };
}

export const everything: readonly Capability[] = [
  { action: 'restart', destructive: true, scope: 'instance', idempotent: true },
  { action: 'recreate', destructive: true, scope: 'instance', idempotent: true },
  { action: 'respawn', destructive: true, scope: 'instance', idempotent: true, respawn: ['beside', 'in-place'] },
  { action: 'retire', destructive: true, scope: 'instance', idempotent: true },
];
