import assert from 'node:assert/strict';
import type { Assessor, IncidentFacts } from '../contracts/index.ts';
import type { Assessment, Criticality, Health } from '../model/index.ts';
import { assertPure } from './purity.ts';
import type { Runner } from './runner.ts';
import { sampleAttempt, sampleFacts, sampleFinding } from './sample-facts.ts';

export interface AssessorSubject {
  make(): Assessor;
  /** Facts beside the suite's own, of the failures the assessor is made for. */
  readonly facts?: readonly IncidentFacts[];
}

/** The promises of `Assessor`. */
export function testAssessor(runner: Runner, subject: AssessorSubject): void {
  const facts = [...variety(), ...(subject.facts ?? [])];
  runner.describe('Assessor', () => {
    runner.it('is pure: the same facts give the same assessment, and the facts stay as they are', async () => {
      const assessor = subject.make();
      assertPure((input) => assessor.assess(input), facts);
    });

    runner.it('gives a whole number from 1 to 10', async () => {
      const assessor = subject.make();
      for (const one of facts) {
        const { severity } = assessor.assess(one);
        assert.ok(
          Number.isInteger(severity) && severity >= 1 && severity <= 10,
          `severity ${severity} of ${about(one)}`,
        );
      }
    });

    runner.it('keeps every factor, so that their sum explains the severity', async () => {
      const assessor = subject.make();
      for (const one of facts) assertExplained(assessor.assess(one), one);
    });

    runner.it('names the failure it assessed', async () => {
      const { signature } = subject.make().assess(sampleFacts());
      assert.ok(signature.length > 0, 'a signature is not empty');
    });

    runner.it('is at least 9 when it flags a security incident or a risk of data loss', async () => {
      const assessor = subject.make();
      for (const one of facts) {
        const { severity, dataLossRisk, securityIncident } = assessor.assess(one);
        if (dataLossRisk || securityIncident)
          assert.ok(severity >= 9, `severity ${severity} with a flag of ${about(one)}`);
      }
    });

    runner.it('is at least what a failed watch demands', async () => {
      const assessor = subject.make();
      for (const severityAtLeast of [1, 4, 7, 9, 10]) {
        const { severity } = assessor.assess(sampleFacts({ severityAtLeast }));
        assert.ok(severity >= severityAtLeast, `severity ${severity}, at least ${severityAtLeast} was demanded`);
      }
    });

    testMonotony(runner, subject);
  });
}

/** Worse facts of one kind, from good to bad. */
const worsening: Readonly<Record<string, readonly Partial<IncidentFacts>[]>> = {
  'failures in 24 h': [0, 1, 3, 5, 6, 20].map((failures) => ({ history: { failures, recurrence: 0, outcomes: {} } })),
  recurrence: [0, 1, 2, 5].map((recurrence) => ({ history: { failures: 1, recurrence, outcomes: {} } })),
  'failed attempts': [0, 1, 2, 3, 8].map((count) => ({
    attempts: Array.from({ length: count }, () => sampleAttempt('restart')),
  })),
  'error rate': [0, 0.01, 0.1, 0.3, 0.5, 1].map((error_rate) => ({
    metrics: { error_rate },
    findings: [sampleFinding('error-rate', 'telemetry')],
  })),
  health: (['degraded', 'failed'] satisfies Health[]).map((health) => ({ health })),
};

function testMonotony(runner: Runner, subject: AssessorSubject): void {
  for (const [what, steps] of Object.entries(worsening)) {
    runner.it(`never falls when this gets worse: ${what}`, async () => {
      const assessor = subject.make();
      const severities = steps.map((step) => assessor.assess(sampleFacts(step)).severity);
      assert.deepEqual(
        severities,
        [...severities].sort((a, b) => a - b),
      );
    });
  }

  runner.it('never falls with the criticality of the agent', async () => {
    const assessor = subject.make();
    const { agent } = sampleFacts();
    const severities = ([0, 1, 2] satisfies Criticality[]).map(
      (criticality) => assessor.assess(sampleFacts({ agent: { ...agent, criticality } })).severity,
    );
    assert.deepEqual(
      severities,
      [...severities].sort((a, b) => a - b),
    );
  });
}

function assertExplained({ severity, factors }: Assessment, facts: IncidentFacts): void {
  for (const { name, share, text } of factors) {
    assert.ok(name !== '' && text !== '', 'a factor has a name and says why');
    assert.ok(Number.isFinite(share), `the share of ${name} is ${share}`);
  }
  const sum = factors.reduce((total, factor) => total + factor.share, 0);
  const explained = Math.min(10, Math.max(1, sum));
  // Rounding to a whole number explains half a point.
  assert.ok(
    Math.abs(explained - severity) <= 0.5 + 1e-9,
    `the factors make ${sum}, the severity is ${severity} for ${about(facts)}`,
  );
}

/** All combinations of a few good and bad values. */
function variety(): readonly IncidentFacts[] {
  const all: IncidentFacts[] = [];
  for (const health of ['degraded', 'failed'] satisfies Health[]) {
    for (const error_rate of [0, 0.02, 0.4, 1]) {
      for (const failed of [0, 2, 6]) {
        for (const recurrence of [0, 1, 9]) all.push(combined(health, error_rate, failed, recurrence));
      }
    }
  }
  return [...all, ...oddities()];
}

function combined(health: Health, error_rate: number, failed: number, recurrence: number): IncidentFacts {
  return sampleFacts({
    health,
    metrics: { error_rate, p95_latency_ms: 280, p99_latency_ms: 450, cpu_usage: 0.35, memory_usage_mb: 512 },
    findings: [sampleFinding('error-rate', 'telemetry'), sampleFinding('slow', 'telemetry', { implies: 'degraded' })],
    attempts: Array.from({ length: failed }, () => sampleAttempt('restart')),
    history: { failures: failed, recurrence, outcomes: { restart: { healed: 1, failed } } },
  });
}

function oddities(): readonly IncidentFacts[] {
  return [
    sampleFacts({ findings: [], health: 'unknown' }),
    sampleFacts({ findings: [sampleFinding('anomaly', 'telemetry', { strength: 0.73 })], health: 'degraded' }),
    sampleFacts({ findings: [sampleFinding('acme/queue-stuck', 'progress', { strength: 0 })] }),
    sampleFacts({ findings: [sampleFinding('errors', 'errors', { data: { securityIncident: true } })] }),
    sampleFacts({ findings: [sampleFinding('errors', 'errors', { data: { dataLossRisk: true } })] }),
    sampleFacts({ severityAtLeast: 10, history: { failures: 1_000, recurrence: 1_000, outcomes: {} } }),
  ];
}

function about({ health, history, attempts, metrics, findings }: IncidentFacts): string {
  return JSON.stringify({
    health,
    history,
    attempts: attempts.length,
    metrics,
    findings: findings.map((finding) => finding.kind),
  });
}
