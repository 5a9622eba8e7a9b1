import type { IncidentFacts } from '../contracts/index.ts';
import type {
  Agent,
  Attempt,
  Capability,
  EvidenceKind,
  Finding,
  FindingKind,
  Plan,
  Promotion,
  Rung,
  StepRecord,
} from '../model/index.ts';
import { samplePolicy } from './sample-fleet.ts';

const at = Date.UTC(2026, 0, 1);

/** Facts of a failed agent with nothing else against it, changed by `given`. Plain data, fresh at every call. */
export function sampleFacts(given: Partial<IncidentFacts> = {}): IncidentFacts {
  const agent: Agent = {
    id: 'web-1',
    group: 'web',
    labels: {},
    dependsOn: [],
    criticality: 0,
    orchestrator: 'docker',
    source: 'orchestrator',
    instance: { id: 'i-1', generation: 1, state: 'running' },
  };
  return {
    now: at,
    agent,
    health: 'failed',
    findings: [sampleFinding('heartbeat-timeout', 'heartbeat'), sampleFinding('probe-failed', 'probe')],
    metrics: {},
    attempts: [],
    severityAtLeast: 1,
    history: { failures: 1, recurrence: 0, outcomes: {} },
    policy: samplePolicy(),
    ...given,
  };
}

export function sampleFinding(kind: FindingKind, evidence: EvidenceKind, given: Partial<Finding> = {}): Finding {
  return {
    id: `sample:${kind}`,
    agentId: 'web-1',
    instanceId: 'i-1',
    detector: 'sample',
    kind,
    evidence,
    implies: 'failed',
    strength: 1,
    since: at - 60_000,
    text: `a sample of ${kind}`,
    signature: kind,
    ...given,
  };
}

/** A replica was ordered to lead an epoch, and what came of it. */
export function samplePromotion(
  { to, epoch }: Promotion,
  result: 'succeeded' | 'unknown' = 'succeeded',
): Extract<StepRecord, { state: 'finished' }> {
  const key = 'inc/1/4-promote';
  return {
    id: '4-promote',
    spec: { type: 'promote' },
    timeoutMs: 1,
    onFailure: 'fail',
    state: 'finished',
    key,
    startedAt: at,
    effect: { type: 'promote', agentId: to, instanceId: `${to}@1`, epoch, from: 'web-1' },
    receipt: result === 'succeeded' ? { key, at, result } : { key, at, result, text: 'no answer' },
  };
}

/** An attempt on a rung that did not heal. */
export function sampleAttempt(rung: Rung, given: Partial<Attempt> = {}): Attempt {
  const plan: Plan = {
    rung,
    skipped: [],
    restoreState: false,
    graceMs: 10_000,
    timeoutMs: 30_000,
    recommendedAction: rung,
  };
  return {
    number: 1,
    plan,
    severity: 3,
    steps: [],
    proven: true,
    startedAt: at - 50_000,
    endedAt: at - 10_000,
    verdict: 'failed',
    ...given,
  };
}

/** What an orchestrator that can do everything says of itself. */
export const sampleCapabilities: readonly Capability[] = [
  { action: 'restart', destructive: true, scope: 'instance', idempotent: true },
  { action: 'recreate', destructive: true, scope: 'instance', idempotent: true },
  { action: 'respawn', destructive: true, scope: 'instance', idempotent: true, respawn: ['beside', 'in-place'] },
  { action: 'retire', destructive: true, scope: 'instance', idempotent: true },
  { action: 'isolate', destructive: false, scope: 'instance', idempotent: true },
  { action: 'reinstate', destructive: false, scope: 'instance', idempotent: true },
];
