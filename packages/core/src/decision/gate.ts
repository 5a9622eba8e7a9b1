import type { GateVerdict, RuleResult } from '../model/index.ts';
import type { GateFacts, GateRule } from './gate-facts.ts';
import { gateRules } from './gate-rules.ts';

/**
 * Asks every rule and gives the strongest answer: a refusal before a wait, of waits the longest, of equals the first.
 * All answers are kept for the explanation.
 */
export function askGate(facts: GateFacts, rules: readonly GateRule[] = gateRules): GateVerdict {
  const results = rules.map((rule) => answer(rule, facts));
  const refused = results.find((result) => result.verdict === 'refuse');
  if (refused) return { verdict: 'refuse', reason: refused.reason, rules: results };
  const waits = results.filter((result) => result.verdict === 'wait');
  const first = waits[0];
  if (first) {
    const longest = waits.reduce((a, b) => ((b.untilMs ?? 0) > (a.untilMs ?? 0) ? b : a), first);
    return { verdict: 'wait', untilMs: longest.untilMs ?? facts.now, reason: longest.reason, rules: results };
  }
  return {
    verdict: 'proceed',
    reason: { code: 'proceed', text: `All ${results.length} rules of the gate allow it.` },
    rules: results,
  };
}

function answer(rule: GateRule, facts: GateFacts): RuleResult {
  const objection = rule.check(facts);
  if (!objection) return { rule: rule.name, verdict: 'proceed', reason: { code: 'proceed', text: rule.says } };
  const { until, ...reason } = objection;
  if (until === undefined) return { rule: rule.name, verdict: 'refuse', reason };
  return { rule: rule.name, verdict: 'wait', untilMs: Math.max(until, facts.now), reason };
}
