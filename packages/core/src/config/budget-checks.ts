/** Rules for budgets that a schema cannot say. */
import type { ConfigDocument, Sections } from './document.ts';
import type { Found } from './problem.ts';

/** Weight of the heaviest rung, a respawn (R09). */
const heaviest = 4;

/** A budget that can never pay a rung of its ladder would leave the incident waiting for ever. */
export const budgetRules = (['group', 'global'] as const).map((name) => ({
  path: ['gate', 'budgets', name, 'least'],
  holds: ({ gate }: Sections): boolean => gate.budgets[name].least >= heaviest,
  found: ({ gate }: Sections): string => String(gate.budgets[name].least),
  allowed: (): string => `at least ${heaviest}, the weight of a respawn`,
  remedy: 'with less the ladder could never be climbed; to keep the guard from acting set the mode observe',
}));

/** A budget belongs to the group: an agent that set its own would spend what its siblings count on. */
export function budgetChecks({ agents }: ConfigDocument): Found[] {
  return Object.entries(agents)
    .filter(([, agent]) => agent.gate?.budgets !== undefined)
    .map(([id]) => ({
      path: ['agents', id, 'gate', 'budgets'],
      found: 'a budget of a single agent',
      allowed: 'nothing',
      remedy: 'set gate.budgets at the top or in the group; gate.attempts limits the single agent',
    }));
}
