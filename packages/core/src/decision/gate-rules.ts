import { formatDuration, stillByHand, windowReason } from '../model/index.ts';
import { attempts, globalBudget, groupBudget, inFlight } from './gate-budgets.ts';
import { evidence } from './gate-evidence.ts';
import { failover } from './gate-failover.ts';
import type { GateFacts, GateRule, Objection } from './gate-facts.ts';
import { askAgainMs } from './gate-facts.ts';
import { follows } from './gate-follows.ts';
import { quiet } from './gate-forecast.ts';
import { rollout } from './gate-rollout.ts';
import { dependency, fleetBreaker, partition } from './gate-storm.ts';

/** The rules of the gate, in the order in which a person would ask them. */
export const gateRules: readonly GateRule[] = [
  { name: 'owner', says: 'This guard owns the group.', check: owner },
  { name: 'mode', says: 'The mode of the group allows acting.', check: mode },
  { name: 'hold', says: 'No hold covers the agent.', check: hold },
  { name: 'maintenance', says: 'No window of maintenance is open for it.', check: maintenance },
  { name: 'settled', says: 'The guard has seen the whole fleet since its start.', check: settled },
  { name: 'dependency', says: 'What it depends on is well.', check: dependency },
  { name: 'partition', says: 'It is not merely silent together with many others.', check: partition },
  { name: 'fleet-breaker', says: 'The fleet breaker of the group lets it through.', check: fleetBreaker },
  { name: 'one-recovery', says: 'No other recovery touches the same agents.', check: oneRecovery },
  { name: 'selected', says: 'The action touches selected agents only.', check: selected },
  { name: 'scope', says: 'The action stays within the allowed scope.', check: scope },
  { name: 'operator', says: 'Nobody stopped the instance by hand.', check: byHand },
  { name: 'rollout', says: 'No rollout touches it.', check: rollout },
  {
    name: 'evidence',
    says: 'What stands against it suffices: two kinds of evidence, a proven exit, or one kind that has lasted.',
    check: evidence,
  },
  {
    name: 'failover',
    says: 'No replica takes over, or the old primary is fenced and the replica fit.',
    check: failover,
  },
  { name: 'progress', says: 'It reports no progress that would speak for it.', check: progress },
  { name: 'quiet', says: 'It is quiet enough, or nothing is gained by waiting.', check: quiet },
  { name: 'follows-workload', says: 'The failure has not followed it from instance to instance.', check: follows },
  { name: 'backoff', says: 'The last attempt is long enough ago.', check: backoff },
  { name: 'attempts', says: 'The agent has attempts left.', check: attempts },
  { name: 'group-budget', says: 'The group can afford the recovery.', check: groupBudget },
  { name: 'global-budget', says: 'The fleet can afford the recovery.', check: globalBudget },
  { name: 'in-flight', says: 'Few enough recoveries are under way, of the group and over all.', check: inFlight },
];

function owner({ owned, now }: GateFacts): Objection | undefined {
  if (owned) return undefined;
  const text = 'This guard does not own the group now.';
  return { until: now + askAgainMs, code: 'lease-lost', text, remedy: 'Another guard will act.' };
}

function mode({ ordered, policy, rung, now, agent }: GateFacts): Objection | undefined {
  if (ordered || policy.mode === 'auto' || policy.mode === 'approve') return undefined;
  return {
    until: now + askAgainMs,
    code: policy.mode === 'observe' ? 'mode-observe' : 'mode-dry-run',
    text: `Group ${agent.group} is in mode ${policy.mode}; the guard would ${rung} ${agent.id}.`,
    remedy: `Set groups.${agent.group}.mode to auto or approve.`,
  };
}

function hold({ hold: held, now }: GateFacts): Objection | undefined {
  if (!held || held.kind === 'window') return undefined;
  const text = `${held.by} holds it for another ${formatDuration(held.until - now)}: ${held.reason}.`;
  return { until: held.until, code: 'hold', text, remedy: `Release hold ${held.id}.` };
}

function maintenance({ hold: held, now }: GateFacts): Objection | undefined {
  if (held?.kind !== 'window') return undefined;
  const { code, text, remedy = '' } = windowReason(held, now);
  return { until: held.until, code, text, remedy };
}

function settled({ settled: done, settledAt, now }: GateFacts): Objection | undefined {
  if (done) return undefined;
  const text = 'The guard is getting to know the fleet (again).';
  const remedy = 'It settles by itself, once the inventory can be read and its agents were heard or asked.';
  return { until: Math.max(settledAt, now + 250), code: 'settling', text, remedy };
}

function oneRecovery({ inRecovery, now }: GateFacts): Objection | undefined {
  if (inRecovery.length === 0) return undefined;
  const text = `Under recovery already: ${inRecovery.join(', ')}.`;
  return { until: now + 1_000, code: 'recovery-in-progress', text, remedy: 'It is asked again when that is over.' };
}

function selected({ unselected }: GateFacts): Objection | undefined {
  if (unselected.length === 0) return undefined;
  const text = `The action would touch agents that are not selected: ${unselected.join(', ')}.`;
  return { code: 'affects-unselected', text, remedy: 'Select them too, or allow only actions on one instance.' };
}

function scope({ affects, policy, promotion }: GateFacts): Objection | undefined {
  // A failover touches two by its nature, and was asked for by the policy.
  if (affects.length <= 1 || promotion || policy.ladder.restartScope === 'workload') return undefined;
  const text = `The action would touch ${affects.length} agents: ${affects.join(', ')}.`;
  return { code: 'affects-unselected', text, remedy: 'Set ladder.restartScope to workload to allow it.' };
}

function byHand({ agent, ordered, now, stoppedBeside = [] }: GateFacts): Objection | undefined {
  const [beside] = stoppedBeside;
  if (beside !== undefined) {
    const text = `It would touch ${beside} as well, which somebody stopped by hand; that is left alone.`;
    return { until: now + askAgainMs, code: 'stopped-by-operator', text, remedy: `Start ${beside} again.` };
  }
  const how = stillByHand(agent.instance);
  if (ordered || how === undefined) return undefined;
  const text = `Somebody ${how} ${agent.id} by hand; it is left alone.`;
  return { until: now + askAgainMs, code: 'stopped-by-operator', text, remedy: 'Start it again, or order a respawn.' };
}

/** Busy is not dead (R07): slowness alone is no reason while work advances. */
function progress(facts: GateFacts): Objection | undefined {
  const { findings, now, agent, progressAgoMs, policy } = facts;
  if (facts.ordered || facts.begun || facts.health === 'failed' || progressAgoMs === undefined) return undefined;
  const reasons = findings.filter((finding) => finding.kind !== 'not-ready' && finding.kind !== 'flapping');
  if (reasons.length === 0 || reasons.some((finding) => finding.kind !== 'slow' && finding.data?.['slow'] !== true))
    return undefined;
  const { progressWindowMs } = policy.gate;
  if (progressAgoMs > progressWindowMs) return undefined;
  return {
    until: now + Math.max(1_000, progressWindowMs - progressAgoMs),
    code: 'progress-veto',
    text: `${agent.id} is slow, but its work advanced ${formatDuration(progressAgoMs)} ago.`,
    remedy: 'Progress that stands still, or further evidence.',
  };
}

function backoff({ begun, now, notBefore }: GateFacts): Objection | undefined {
  if (begun || now >= notBefore) return undefined;
  const text = `The next attempt waits another ${formatDuration(notBefore - now)}.`;
  return { until: notBefore, code: 'backoff', text, remedy: 'Nothing to do; the wait is drawn with jitter.' };
}
