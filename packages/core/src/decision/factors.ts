import type { IncidentFacts } from '../contracts/index.ts';
import type { Factor } from '../model/index.ts';

type FactorOf = (facts: IncidentFacts) => Factor | undefined;

const health: FactorOf = (facts) =>
  facts.health === 'failed'
    ? { name: 'health', share: 2, text: 'it has failed' }
    : { name: 'health', share: 1, text: 'it is degraded' };

const attempts: FactorOf = (facts) => {
  const failed = facts.attempts.filter((attempt) => attempt.verdict === 'failed').length;
  return failed === 0
    ? undefined
    : { name: 'attempts', share: Math.min(4, failed), text: `${failed} attempts did not heal it` };
};

/** Kinds that speak of requests that fail. */
const errorKinds: ReadonlySet<string> = new Set(['error-rate', 'errors', 'slo-burn']);

const errors: FactorOf = ({ metrics, findings }) => {
  // A figure from before the failure would count errors that are not part of it: only with a finding that speaks of errors.
  const rate = findings.some((finding) => errorKinds.has(finding.kind)) ? metrics.error_rate : undefined;
  if (rate === undefined || rate === 0) return undefined;
  return {
    name: 'error-rate',
    share: Math.min(3, 6 * rate),
    text: `${(rate * 100).toFixed(1)} % of its requests fail`,
  };
};

const latency: FactorOf = ({ metrics, findings, policy, health: state }) => {
  const { latencyP95Ms, latencyP99Ms } = policy.slo;
  if (findings.some((finding) => finding.kind === 'slow')) {
    const over95 = (metrics.p95_latency_ms ?? 0) > latencyP95Ms;
    const over99 = (metrics.p99_latency_ms ?? 0) > latencyP99Ms;
    const share = Math.max(1, Number(over95) + Number(over99));
    const targets = [over95 ? 'p95' : '', over99 ? 'p99' : ''].filter((name) => name !== '').join(' and ');
    return { name: 'latency', share, text: `its answers are slower than the target${targets && ` of ${targets}`}` };
  }
  // An agent that takes a request and never answers is slower than any target; one that refuses is not slow but gone.
  const hangs = state === 'failed' && findings.some((finding) => finding.data?.['timedOut'] === true);
  return hangs ? { name: 'latency', share: 1, text: 'it takes requests and does not answer them' } : undefined;
};

/** Each time a flapping agent fails counts as once more, though it is one incident. */
const recurrence: FactorOf = ({ history, findings }) => {
  const changes = findings.find(({ kind }) => kind === 'flapping')?.data?.['changes'];
  const flaps = typeof changes === 'number' ? Math.floor(changes / 2) : 0;
  const times = history.recurrence + flaps;
  if (times === 0) return undefined;
  const text = flaps === 0 ? `the same failure ${timesOf(times)} in 24 h` : `it flaps, and failed ${timesOf(times)}`;
  return { name: 'recurrence', share: Math.min(2, times), text };
};

/** What was healed often and comes back is not healed by what was tried (R20). */
const defect: FactorOf = ({ history }) =>
  history.defect && {
    name: 'defect',
    share: 1,
    text: `it is a defect, healed ${history.defect.healings} times and back again`,
  };

const criticality: FactorOf = ({ agent }) =>
  agent.criticality === 0
    ? undefined
    : { name: 'criticality', share: agent.criticality, text: 'the agent is important' };

/** Anomaly is capped, so that unusual figures alone stay in the lowest band (R22). */
const anomaly: FactorOf = ({ findings }) => {
  const strongest = Math.max(
    0,
    ...findings.filter((finding) => finding.kind === 'anomaly').map((finding) => finding.strength),
  );
  return strongest === 0
    ? undefined
    : { name: 'anomaly', share: 3 * Math.min(1, strongest), text: 'its figures are unusual' };
};

/**
 * How far it reaches: a quarter for each agent that cannot work without it, at most 1; and up to 0.4 for the share of
 * its group that suffers too. The second is small on purpose: what many suffer has a common cause, and stronger
 * remedies for each of them do not help (R01).
 */
const blast: FactorOf = ({ reach }) => {
  if (!reach) return undefined;
  const { groupSize, unhealthy, dependants } = reach;
  const others = Math.max(0, groupSize - 1);
  const share = Math.min(1, dependants / 4) + (others === 0 ? 0 : 0.4 * Math.min(1, unhealthy / others));
  if (share === 0) return undefined;
  const texts = [
    dependants > 0 ? `${dependants} agents depend on it` : '',
    unhealthy > 0 ? `${unhealthy} of ${others} others of its group suffer too` : '',
  ];
  return { name: 'blast', share, text: texts.filter((text) => text !== '').join(', ') };
};

/** The measured factors of severity, each monotone in what it measures. */
export const factorsOf: readonly FactorOf[] = [
  health,
  attempts,
  errors,
  latency,
  recurrence,
  defect,
  criticality,
  anomaly,
  blast,
];

function timesOf(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
