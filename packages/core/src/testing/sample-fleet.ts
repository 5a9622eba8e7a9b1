import type { AgentSlot, AgentView, FleetView } from '../contracts/index.ts';
import type { Agent, Policy, ProbePolicy } from '../model/index.ts';

const probe = (path: string, everyMs: number): ProbePolicy => ({
  type: 'auto',
  path,
  everyMs,
  timeoutMs: 2_000,
  failures: 3,
  successes: 2,
});

/** What is heard, asked and made of it. */
const sensing: Pick<Policy, 'heartbeat' | 'probes' | 'slo' | 'errors' | 'trends' | 'prediction'> = {
  heartbeat: {
    expect: 'auto',
    everyMs: 30_000,
    timeoutMs: 90_000,
    detector: 'phi',
    pauseMs: 3_000,
    stalledForMs: 600_000,
    silentForMs: 600_000,
  },
  probes: {
    health: { type: 'auto', path: '/health', timeoutMs: 2_000 },
    liveness: probe('/health/live', 10_000),
    readiness: probe('/health/ready', 10_000),
    performance: probe('/health/performance', 30_000),
    tls: { insecure: false },
    startGraceMs: 30_000,
    jitter: 0.1,
  },
  slo: {
    availability: 0.999,
    latencyP95Ms: 200,
    latencyP99Ms: 500,
    errorRate: 0.001,
    successRate: 0.995,
    forMs: 60_000,
    clearBelow: 0.1,
    errorRateFactor: 10,
    latencyFactor: 2,
    burn: {
      windowMs: 30 * 86_400_000,
      latencyObjective: 0.99,
      minRequests: 100,
      minSamples: 20,
      rates: [
        { alert: 'page', factor: 14.4, longMs: 3_600_000, shortMs: 300_000 },
        { alert: 'page', factor: 6, longMs: 21_600_000, shortMs: 1_800_000 },
        { alert: 'ticket', factor: 3, longMs: 86_400_000, shortMs: 7_200_000 },
        { alert: 'ticket', factor: 1, longMs: 259_200_000, shortMs: 21_600_000 },
      ],
    },
  },
  errors: { windowMs: 60_000, min: 10, novelMin: 5, burst: 5, logsEveryMs: 0 },
  trends: {
    windowMs: 7_200_000,
    minSamples: 30,
    confidence: 0.99,
    withinMs: 3_600_000,
    limits: { cpu_usage: 1 },
  },
  prediction: {
    mode: 'off',
    withinMs: 1_800_000,
    marginMs: 300_000,
    metrics: ['memory_usage_mb'],
    quiet: { activeTasks: 0, queueDepth: 0, cpu: 0.5 },
  },
};

/** A policy with round figures for tests; not the defaults of the config, which may change. */
export function samplePolicy(given: Partial<Policy> = {}): Policy {
  return {
    mode: 'auto',
    ...sensing,
    severity: { escalateFailures: 5, rules: [] },
    ladder: {
      restart: { timeoutMs: 30_000, graceMs: 10_000 },
      recreate: { timeoutMs: 60_000, graceMs: 10_000, restoreState: true },
      respawn: {
        timeoutMs: 180_000,
        graceMs: 10_000,
        restoreState: true,
        mode: 'beside',
        alternative: 'older-checkpoint',
      },
      restartScope: 'instance',
      drainMs: 0,
      safeState: 'isolate',
      useWhen: [],
    },
    gate: {
      attempts: [
        { max: 3, perMs: 600_000 },
        { max: 8, perMs: 86_400_000 },
      ],
      budgets: {
        group: { share: 0.1, least: 7, perMs: 600_000 },
        global: { share: 0.1, least: 20, perMs: 3_600_000 },
      },
      backoff: { baseMs: 5_000, capMs: 300_000, resetAfterMs: 600_000 },
      settleMs: 30_000,
      inFlight: 0.1,
      progressWindowMs: 120_000,
      approvalTtlMs: 3_600_000,
      breaker: { threshold: 0.5, least: 3, windowMs: 30_000, coolDownMs: 120_000, coolDownCapMs: 1_800_000 },
    },
    approvals: { quorum: 1, remindEveryMs: 900_000, secondTierAfterMs: 1_800_000, onExpiry: 'escalate' },
    watch: { everyMs: 10_000, forMs: 300_000 },
    checkpoints: { keep: 10, maxAgeMs: 86_400_000, everyMs: 0 },
    learning: { ranking: 'off' },
    flapping: { windowMs: 1_800_000, high: 6, low: 2 },
    recurrence: { defectAfter: 3, defectWindowMs: 86_400_000, movesMax: 3, movesWindowMs: 21_600_000 },
    assessor: 'threat',
    strategy: 'ladder',
    detectors: ['heartbeat', 'probe', 'lifecycle', 'slo', 'errors', 'progress', 'trend'],
    ...given,
  };
}

/** An agent of group `web` with one running instance. */
export function sampleAgent(given: Partial<Agent> = {}): Agent {
  return {
    id: 'web.1',
    group: 'web',
    labels: {},
    dependsOn: [],
    criticality: 0,
    source: 'registration',
    instance: { id: 'i-1', generation: 1, endpoint: 'http://127.0.0.1:4001' },
    ...given,
  };
}

/** A fleet of fixed views, in the order of their slots. */
export function sampleFleet(views: readonly (Partial<AgentView> | undefined)[]): FleetView {
  const all = views.map((view) =>
    view === undefined ? undefined : { agent: sampleAgent(), policy: samplePolicy(), sinceMs: 0, ...view },
  );
  return {
    agent: (slot: AgentSlot) => all[slot],
    slotOf: (agentId) => {
      const slot = all.findIndex((view) => view?.agent.id === agentId);
      return slot === -1 ? undefined : slot;
    },
    size: all.filter((view) => view !== undefined).length,
    slots: all.length,
  };
}
