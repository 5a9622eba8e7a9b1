import type { IncidentFacts } from '../src/contracts/index.ts';
import type { Agent, Capability, Finding, Policy } from '../src/model/index.ts';
import { samplePolicy } from '../src/testing/sample-fleet.ts';

/** A policy with the documented defaults, and without a drain. */
export const policy: Policy = samplePolicy();

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
