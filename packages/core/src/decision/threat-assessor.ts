import type { Assessor, IncidentFacts } from '../contracts/index.ts';
import type { Assessment, Factor } from '../model/index.ts';
import { signatureOf } from '../model/index.ts';

/** Severity from which a person decides. */
const critical = 9;

/**
 * The built-in assessor `threat`. Severity is a sum of shares, each kept:
 *
 *     degraded 1 | failed 2
 *     + failed attempts in the incident      (at most 4)
 *     + min(3, 6 · error rate)
 *     + latency over its targets             (at most 2)
 *     + recurrence of the signature in 24 h  (at most 2)
 *     + criticality of the agent             (0–2)
 *     + anomaly                              (at most 3; never alone a reason to act, R22)
 *
 * rounded and clamped to 1–10; at least `severityAtLeast` after a failed watch, and at least 9 with a flag or more
 * failures than the policy's limit. Monotone in each term.
 */
export const threatAssessor: Assessor = {
  assess(facts: IncidentFacts): Assessment {
    const factors = [
      healthFactor,
      attemptsFactor,
      errorFactor,
      latencyFactor,
      recurrenceFactor,
      criticalityFactor,
      anomalyFactor,
    ]
      .map((factor) => factor(facts))
      .filter((factor) => factor !== undefined);
    const dataLossRisk = facts.findings.some((finding) => finding.data?.['dataLossRisk'] === true);
    const securityIncident = facts.findings.some((finding) => finding.data?.['securityIncident'] === true);
    const sum = factors.reduce((total, factor) => total + factor.share, 0);
    let severity = Math.min(10, Math.max(1, Math.round(sum)));
    const lifts = liftsOf(facts, dataLossRisk, securityIncident);
    for (const lift of lifts) {
      if (lift.to <= severity) continue;
      factors.push({ name: lift.name, share: lift.to - severity, text: lift.text });
      severity = lift.to;
    }
    return { severity, factors, dataLossRisk, securityIncident, signature: signatureOf(facts.findings) };
  },
};

interface Lift {
  readonly name: string;
  readonly to: number;
  readonly text: string;
}

function liftsOf(facts: IncidentFacts, dataLossRisk: boolean, securityIncident: boolean): readonly Lift[] {
  const lifts: Lift[] = [];
  const floor = facts.severityAtLeast;
  if (floor > 1)
    lifts.push({
      name: 'ladder',
      to: Math.min(10, floor),
      text: `the last attempt did not heal it: at least ${floor}`,
    });
  if (dataLossRisk) lifts.push({ name: 'data-loss-risk', to: critical, text: 'data may be lost' });
  if (securityIncident)
    lifts.push({ name: 'security-incident', to: critical, text: 'a security incident is suspected' });
  const limit = facts.policy.severity.escalateFailures;
  if (facts.history.failures > limit) {
    lifts.push({
      name: 'failures',
      to: critical,
      text: `${facts.history.failures} failures in 24 h (more than ${limit})`,
    });
  }
  return lifts;
}

type FactorOf = (facts: IncidentFacts) => Factor | undefined;

const healthFactor: FactorOf = ({ health }) =>
  health === 'failed'
    ? { name: 'health', share: 2, text: 'it has failed' }
    : { name: 'health', share: 1, text: 'it is degraded' };

const attemptsFactor: FactorOf = ({ attempts }) => {
  const failed = attempts.filter((attempt) => attempt.verdict === 'failed').length;
  return failed === 0
    ? undefined
    : { name: 'attempts', share: Math.min(4, failed), text: `${failed} attempts did not heal it` };
};

const errorFactor: FactorOf = ({ metrics, findings }) => {
  // A figure from before the failure would count errors that are not part of it: only with a finding that speaks of errors.
  const rate = findings.some((finding) => finding.kind === 'error-rate' || finding.kind === 'errors')
    ? metrics.error_rate
    : undefined;
  if (rate === undefined || rate === 0) return undefined;
  return {
    name: 'error-rate',
    share: Math.min(3, 6 * rate),
    text: `${(rate * 100).toFixed(1)} % of its requests fail`,
  };
};

const latencyFactor: FactorOf = ({ metrics, findings, policy, health }) => {
  const { latencyP95Ms, latencyP99Ms } = policy.slo;
  if (findings.some((finding) => finding.kind === 'slow')) {
    const over95 = (metrics.p95_latency_ms ?? 0) > latencyP95Ms;
    const over99 = (metrics.p99_latency_ms ?? 0) > latencyP99Ms;
    const share = Math.max(1, Number(over95) + Number(over99));
    const targets = [over95 ? 'p95' : '', over99 ? 'p99' : ''].filter((name) => name !== '').join(' and ');
    return { name: 'latency', share, text: `its answers are slower than the target${targets && ` of ${targets}`}` };
  }
  // An agent that takes a request and never answers is slower than any target; one that refuses is not slow but gone.
  const hangs = health === 'failed' && findings.some((finding) => finding.data?.['timedOut'] === true);
  return hangs ? { name: 'latency', share: 1, text: 'it takes requests and does not answer them' } : undefined;
};

const recurrenceFactor: FactorOf = ({ history }) =>
  history.recurrence === 0
    ? undefined
    : {
        name: 'recurrence',
        share: Math.min(2, history.recurrence),
        text: `the same failure ${history.recurrence} times in 24 h`,
      };

const criticalityFactor: FactorOf = ({ agent }) =>
  agent.criticality === 0
    ? undefined
    : { name: 'criticality', share: agent.criticality, text: 'the agent is important' };

const anomalyFactor: FactorOf = ({ findings }) => {
  const strongest = Math.max(
    0,
    ...findings.filter((finding) => finding.kind === 'anomaly').map((finding) => finding.strength),
  );
  return strongest === 0 ? undefined : { name: 'anomaly', share: 3 * strongest, text: 'its figures are unusual' };
};
