/** Budgets that many agents share. */
import type { JsonObject } from '../model/index.ts';
import { count, duration, ratio, section } from './schema-parts.ts';

const weights = 'a restart weighs 1, a recreate 2, a respawn 4';

export const groupBudget: JsonObject = section(`What the recoveries of one group may cost together: ${weights}.`, {
  share: ratio(
    '10%',
    'Weight at once, as a share of the number of agents. Raise it and large groups are healed faster; lower it and a fault that heals badly does less harm.',
  ),
  least: count(
    7,
    'Weight at once, however small the group is; 7 is one whole ladder. Raise it and small groups are healed longer; lower it and a person is told sooner. A budget under 4 can never pay a respawn.',
    { minimum: 1, maximum: 100_000 },
  ),
  per: duration(
    '10m',
    'Time in which the whole budget fills up again. Raise it and recoveries are fewer; lower it and they are more.',
    { min: '1s', max: '30d' },
  ),
});

const globalBudget: JsonObject = section(`What all recoveries of the guard may cost together: ${weights}.`, {
  share: ratio(
    '10%',
    'Weight at once, as a share of the number of agents in the fleet. Raise it and large failures are healed faster; lower it and people are told of them sooner.',
  ),
  least: count(
    20,
    'Weight at once, however small the fleet is. Raise it and small fleets are healed longer; lower it and a person is told sooner. A budget under 4 can never pay a respawn.',
    { minimum: 1, maximum: 100_000 },
  ),
  per: duration(
    '1h',
    'Time in which the whole budget fills up again. Raise it and recoveries are fewer; lower it and they are more.',
    { min: '1s', max: '30d' },
  ),
});

type Members = { readonly [name: string]: JsonObject };

/** The gate at the top of the file, which alone may say what holds for the whole fleet. */
export function withGlobalBudget(gate: JsonObject): JsonObject {
  const members = gate['properties'] as Members;
  const budgets = members['budgets'] as JsonObject;
  const both = { ...(budgets['properties'] as Members), global: globalBudget };
  return { ...gate, properties: { ...members, budgets: { ...budgets, properties: both } } };
}
