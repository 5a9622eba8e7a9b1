import type { JsonObject } from '../model/index.ts';
import { choice, count, duration, section } from './schema-parts.ts';

/** How people are asked. May stand at the top, in a group and in an agent. */
export const approvals: JsonObject = section(
  'How people approve plans, and how they are reminded of what waits for them. How long a plan waits is gate.approvalTtl.',
  {
    quorum: count(
      1,
      'Number of different persons who have to approve a plan. Raise it and no single person can let a plan through, nor order one alone; lower it and one person suffices. One rejection is enough in any case.',
      { minimum: 1, maximum: 10 },
    ),
    remindEvery: duration(
      '15m',
      'A plan that waits, and an escalated incident nobody acknowledged, are told of again this often; for an escalated one the pause doubles each time, up to a day. 0 never reminds. Raise it and people are disturbed less; lower it and things wait shorter.',
      { max: '7d' },
    ),
    secondTierAfter: duration(
      '30m',
      'After this long without an answer the message goes out as critical, also to the routes of tier 2. 0 never calls a second tier. Raise it and the first tier has longer; lower it and more people are called sooner.',
      { max: '7d' },
    ),
    onExpiry: choice(
      ['escalate', 'reject'],
      'escalate',
      'What becomes of a plan nobody answered. escalate: a person is called and reminded until somebody acknowledges; reject: it counts as rejected, and people are told once.',
    ),
  },
);

/** Only at the top: one key for the whole guard. */
export const keyFile: JsonObject = {
  type: 'string',
  minLength: 1,
  maxLength: 4_000,
  description:
    'File with the key that signs approvals, relative to this file; made at the first start, readable by the owner alone. Left out, it lies in the folder of the store; a store that forgets at a restart needs none. Guards that share a store need the same key, so there it has to be set and the file has to exist.',
};
