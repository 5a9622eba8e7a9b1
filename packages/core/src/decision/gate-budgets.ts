import { formatDuration } from '../model/index.ts';
import type { GateFacts, Objection } from './gate-facts.ts';

/**
 * Recoveries at once over all groups and orchestrators, so that no storm lets the guard overrun the infrastructure it
 * works on. Those that stand still because their orchestrator is not known again take nobody's turn.
 */
const inFlightMax = 10;

/** The durable budget (R09). An exhausted budget is not waited for in silence: a person is told. */
export function attempts(facts: GateFacts): Objection | undefined {
  const { budget, agent, now } = facts;
  if (isPaid(facts) || budget.allowed) return undefined;
  const { limit } = budget;
  const number = limit?.max === 1 ? 'its one attempt' : `${limit?.max} attempts`;
  const spent = limit ? `${number} in ${formatDuration(limit.perMs)}` : 'its attempts';
  const text = `${agent.id} has used up ${spent}; the next would be allowed in ${formatDuration(budget.at - now)}.`;
  return { code: 'attempt-budget-exhausted', text, remedy: 'Heal it by hand, or raise gate.attempts.' };
}

/** What the recoveries of the whole group may cost. It is waited for; people are told once. */
export function groupBudget(facts: GateFacts): Objection | undefined {
  const { groupBudget: answer, rung, agent, now } = facts;
  if (isPaid(facts) || answer.allowed) return undefined;
  const { most, weight, limit } = answer;
  const left = formatDuration(answer.at - now);
  const text = `A ${rung} (weight ${weight}) does not fit into what is left of the budget of group ${agent.group} (${most} in ${formatDuration(limit.perMs)}); it fits in ${left}.`;
  const remedy = 'Heal by hand, wait, or raise gate.budgets.group.';
  return { until: answer.at, code: 'group-budget-exhausted', text, remedy };
}

/** The same over the whole fleet. */
export function globalBudget(facts: GateFacts): Objection | undefined {
  const { globalBudget: answer, rung, now } = facts;
  if (isPaid(facts) || answer.allowed) return undefined;
  const { most, weight, limit } = answer;
  const left = formatDuration(answer.at - now);
  const text = `A ${rung} (weight ${weight}) does not fit into what is left of the budget of the fleet (${most} in ${formatDuration(limit.perMs)}); it fits in ${left}.`;
  const remedy = 'Heal by hand, wait, or raise gate.budgets.global.';
  return { until: answer.at, code: 'global-budget-exhausted', text, remedy };
}

/** Both limits hold: the share of the group, and the number over everything. */
export function inFlight(facts: GateFacts): Objection | undefined {
  const { begun, groupSize, groupInFlight, globalInFlight, policy, agent, now } = facts;
  if (begun) return undefined;
  const max = Math.max(1, Math.floor(groupSize * policy.gate.inFlight));
  if (groupInFlight >= max) {
    const text = `${groupInFlight} of at most ${max} recoveries of group ${agent.group} are under way.`;
    return { until: now + 1_000, code: 'group-in-flight', text, remedy: 'Raise gate.inFlight to allow more at once.' };
  }
  if (globalInFlight < inFlightMax) return undefined;
  const text = `${globalInFlight} of at most ${inFlightMax} recoveries are under way over all groups.`;
  return { until: now + 5_000, code: 'global-in-flight', text, remedy: 'Nothing to do; they take turns.' };
}

/** Its place was taken when it began, or it needs none. */
function isPaid({ begun, charged }: GateFacts): boolean {
  return begun && charged !== true;
}
