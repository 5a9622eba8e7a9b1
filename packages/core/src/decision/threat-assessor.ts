import type { Assessor, IncidentFacts } from '../contracts/index.ts';
import type { Assessment, Factor, Reason } from '../model/index.ts';
import { signatureOf } from '../model/index.ts';
import { ask } from '../runtime/expression.ts';
import { factorsOf } from './factors.ts';
import type { UseWhen } from './use-when.ts';
import { expressionFacts, ruleFailed, useWhen } from './use-when.ts';

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
 *     + a defect: healed often, and back      (1)
 *     + criticality of the agent             (0–2)
 *     + anomaly                              (at most 3; never alone a reason to act, R22)
 *     + blast: dependants, share of the group (at most 1.4)
 *     + a failure nobody knows               (1)
 *     + what the user's rules add
 *
 * rounded and clamped to 1–10; at least `severityAtLeast` after a failed watch, and at least 9 with a flag or more
 * failures than the policy's limit. Monotone in each term. Before the clamp the shares add up to the severity, which
 * is rounded to a whole number. A flag that was raised stays raised for the whole incident.
 */
export const threatAssessor: Assessor = {
  assess(facts: IncidentFacts): Assessment {
    const table = useWhen(facts);
    const rules = severityRules(facts);
    const unknown = isUnknown(facts, table);
    const factors = [
      ...factorsOf.map((factor) => factor(facts)).filter((factor) => factor !== undefined),
      ...(unknown ? [unknownFactor] : []),
      ...table.lines.flatMap(({ name, add, reason }) =>
        add === undefined ? [] : [{ name, share: add, text: reason }],
      ),
      ...rules.factors,
    ];
    const flagged = (flag: Flag): boolean =>
      rules.flags.has(flag) ||
      facts.flagged?.[flag] === true ||
      facts.findings.some((finding) => finding.data?.[flag] === true);
    const flags = { dataLossRisk: flagged('dataLossRisk'), securityIncident: flagged('securityIncident') };
    const sum = factors.reduce((total, factor) => total + factor.share, 0);
    let severity = Math.min(10, Math.max(1, Math.round(sum)));
    for (const lift of liftsOf(facts, { ...flags, why: rules.flags })) {
      if (lift.to <= severity) continue;
      factors.push({ name: lift.name, share: lift.to - severity, text: lift.text });
      severity = lift.to;
    }
    const remarks = [...rules.remarks, ...table.remarks];
    return {
      severity,
      factors,
      ...flags,
      signature: signatureOf(facts.findings),
      ...(unknown ? { unknown } : {}),
      ...(remarks.length > 0 ? { remarks } : {}),
    };
  },
};

type Flag = 'dataLossRisk' | 'securityIncident';

interface Ruled {
  readonly factors: readonly Factor[];
  /** Flags with the sentence of the first rule that raised them. */
  readonly flags: ReadonlyMap<Flag, string>;
  readonly remarks: readonly Reason[];
}

/** The user's rules. One that cannot be evaluated raises its flag, because nobody can rule it out, and adds nothing. */
function severityRules(facts: IncidentFacts): Ruled {
  const { rules } = facts.policy.severity;
  const about = expressionFacts(facts);
  const factors: Factor[] = [];
  const flags = new Map<Flag, string>();
  const remarks: Reason[] = [];
  for (const [at, rule] of rules.entries()) {
    const answer = ask(rule.when, about);
    const name = `severity.rules[${at}]`;
    if (!answer.known) remarks.push(ruleFailed(name, answer.why, rule.set !== undefined));
    const holds = answer.known && answer.holds;
    if (rule.set !== undefined && (holds || !answer.known) && !flags.has(rule.set)) flags.set(rule.set, rule.reason);
    if (rule.add !== undefined && holds) factors.push({ name, share: rule.add, text: rule.reason });
  }
  return { factors, flags, remarks };
}

const unknownFactor: Factor = { name: 'unknown', share: 1, text: 'nobody has seen this failure before' };

/**
 * A failure is unknown when a plugin's detector suspects what neither a detector of the guard nor a line of the table
 * knows, and the ledger has no outcome of it.
 */
function isUnknown({ findings, history }: IncidentFacts, { lines }: UseWhen): boolean {
  if (Object.keys(history.outcomes).length > 0) return false;
  if (lines.some((line) => line.kind !== undefined || line.signature !== undefined)) return false;
  return findings.some((finding) => finding.kind.includes('/') || finding.signature === 'unknown');
}

interface Lift {
  readonly name: string;
  readonly to: number;
  readonly text: string;
}

function liftsOf(
  facts: IncidentFacts,
  flags: { readonly [F in Flag]: boolean } & { readonly why: ReadonlyMap<Flag, string> },
): readonly Lift[] {
  const { severityAtLeast: floor, history, policy } = facts;
  const { escalateFailures: limit } = policy.severity;
  const lifts: Lift[] = [];
  if (floor > 1)
    lifts.push({
      name: 'ladder',
      to: Math.min(10, floor),
      text: `the last attempt did not heal it: at least ${floor}`,
    });
  if (flags.dataLossRisk)
    lifts.push({ name: 'data-loss-risk', to: critical, text: flags.why.get('dataLossRisk') ?? 'data may be lost' });
  if (flags.securityIncident)
    lifts.push({
      name: 'security-incident',
      to: critical,
      text: flags.why.get('securityIncident') ?? 'a security incident is suspected',
    });
  if (history.failures > limit) {
    lifts.push({
      name: 'failures',
      to: critical,
      text: `${history.failures} failures in 24 h (more than ${limit})`,
    });
  }
  return lifts;
}
