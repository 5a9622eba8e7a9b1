import type { Assessment, Effect, Finding, Incident, Plan, Policy, Receipt, Step } from '../../src/model/index.ts';
import type { DecideFacts } from '../../src/incident/index.ts';

/** Building blocks for tests of the reducer. */
const policy = {
  mode: 'auto',
  heartbeat: { silentForMs: 600_000 },
  probes: { startGraceMs: 30_000 },
  watch: { everyMs: 10_000, forMs: 300_000 },
  gate: { approvalTtlMs: 3_600_000 },
  recurrence: { defectAfter: 3, withinMs: 86_400_000 },
  approvals: { quorum: 1, remindEveryMs: 900_000, secondTierAfterMs: 1_800_000, onExpiry: 'escalate' },
} as unknown as Policy;

export const plan: Plan = {
  rung: 'restart',
  skipped: [],
  restoreState: false,
  graceMs: 1_000,
  timeoutMs: 30_000,
  recommendedAction: 'restart',
};

export const finding: Finding = {
  id: 'lifecycle:exited',
  agentId: 'web.1',
  detector: 'lifecycle',
  kind: 'exited',
  evidence: 'orchestrator',
  implies: 'failed',
  strength: 1,
  since: 1_000,
  text: 'it exited with code 1',
  signature: 'exited',
  proven: true,
};

export const assessment: Assessment = {
  severity: 2,
  factors: [],
  dataLossRisk: false,
  securityIncident: false,
  signature: 'exited',
};

export const steps: readonly Step[] = [
  { id: '1-evidence', spec: { type: 'evidence', on: 'old' }, timeoutMs: 5_000, onFailure: 'continue' },
  { id: '2-restart', spec: { type: 'action', action: 'restart', on: 'old' }, timeoutMs: 30_000, onFailure: 'fail' },
];

const proceed: DecideFacts['verdict'] = {
  verdict: 'proceed',
  reason: { code: 'proceed', text: 'ok' },
  rules: [],
};

export function facts(change: Partial<DecideFacts> = {}): DecideFacts {
  return {
    now: 2_000,
    health: 'failed',
    findings: [finding],
    soundForMs: 0,
    instance: { id: 'web.1@1', generation: 1 },
    assessment,
    proposal: { act: true, value: plan, reason: { code: 'rung-chosen', text: 'restart' } },
    steps,
    verdict: proceed,
    planHash: 'hash',
    approval: { seal: 'seal', valid: true, voters: [] },
    backoffMs: 5_000,
    ...change,
  };
}

export function openIncident(change: Partial<Incident> = {}): Incident {
  return {
    id: 'inc_1',
    version: 1,
    agentId: 'web.1',
    group: 'web',
    instanceId: 'web.1@1',
    openedAt: 1_000,
    changedAt: 1_000,
    configVersion: 'c',
    policy,
    health: 'failed',
    findings: [finding],
    signature: 'exited',
    severityAtLeast: 1,
    attempts: [],
    because: { code: 'agent-suspected', text: 'x' },
    told: false,
    state: 'open',
    nextAt: 1_000,
    ...change,
  } as Incident;
}

export const effect: Effect = { type: 'evidence', agentId: 'web.1', instanceId: 'web.1@1' };
export const restart: Effect = {
  type: 'action',
  orchestrator: 'fake',
  intent: {
    key: 'k2',
    action: { kind: 'restart', agentId: 'web.1', instanceId: 'web.1@1', graceMs: 0 },
    affects: ['web.1'],
    before: {},
  },
};

export const done: Receipt = { key: 'k2', at: 2_100, result: 'succeeded', instance: { id: 'web.1@2', generation: 2 } };
