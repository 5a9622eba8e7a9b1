/** Sections that say how a failure is judged: rules that users write without code, and what was learned. */
import type { JsonObject } from '../model/index.ts';
import { choice, section } from './schema-parts.ts';

const expression: JsonObject = {
  type: 'string',
  minLength: 1,
  maxLength: 1_000,
  description:
    'Expression in CEL that is true or false. It may ask about finding, agent, metrics, health, signature, failures, recurrence and attempts; glob("*text*") compares with a pattern. One that asks about finding holds if it holds for any of them.',
};

const pattern = (of: string): JsonObject => ({
  type: 'string',
  minLength: 1,
  maxLength: 200,
  description: `Pattern over ${of}; * stands for any run of characters.`,
});

const add: JsonObject = {
  type: 'number',
  exclusiveMinimum: 0,
  maximum: 9,
  description:
    'Added to severity, once. Raise it and stronger remedies are taken; lower it and gentler ones are. Severity is never lowered by a rule.',
};

const reason: JsonObject = {
  type: 'string',
  minLength: 1,
  maxLength: 300,
  description: 'The sentence that people read in incidents and explanations.',
};

export const severityRules: JsonObject = {
  type: 'array',
  maxItems: 100,
  default: [],
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['when', 'reason'],
    properties: {
      when: expression,
      set: choice(
        ['dataLossRisk', 'securityIncident'],
        undefined,
        'Flag that is raised. dataLossRisk: nothing is done before a person approved it; securityIncident: the agent is isolated, and nothing more is done before a person approved it. A rule that cannot be evaluated raises its flag.',
      ),
      add,
      reason,
    },
    description: 'One rule; it sets a flag, adds to severity, or both.',
  },
  description: 'Rules that raise flags or severity. The list of a group or an agent replaces the one above it.',
};

const rungNames = ['restart', 'recreate', 'respawn'];

export const useWhen: JsonObject = {
  type: 'array',
  maxItems: 100,
  default: [],
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'reason'],
    properties: {
      name: {
        type: 'string',
        pattern: '^[a-z][a-z0-9-]{0,63}$',
        'x-allowed': 'a small letter followed by up to 63 small letters, digits or -',
        description: 'Name of the line. The name of a built-in line replaces that line.',
      },
      kind: pattern('the kind of a finding'),
      signature: pattern('the signature of a finding'),
      label: pattern('a label of the agent, written key=value'),
      when: expression,
      least: choice(rungNames, undefined, 'The ladder is entered on this rung or above.'),
      prefer: choice(
        rungNames,
        undefined,
        'The ladder is entered on this gentler rung, at most one below that of the severity, before anything was tried.',
      ),
      approve: { type: 'boolean', description: 'Whether a person has to approve every plan.' },
      add,
      reason,
    },
    description:
      'One line: to which failures it applies (kind, signature, label, when; all that are given must hold) and what it changes.',
  },
  description:
    'Lines of the table "use when", before the built-in ones. The list of a group or an agent replaces the one above it.',
};

export const alternative: JsonObject = choice(
  ['older-checkpoint', 'without-state', 'none'],
  'older-checkpoint',
  'What is tried once more when a respawn with restored state did not heal, because the state may be at fault. older-checkpoint: a respawn with a checkpoint from before the suspect ones, if there is one; without-state: a respawn with nothing restored; none: a person is told at once.',
);

/** A rung's own pace; left out, that of the ladder and of the gate holds. */
export function ownPace(name: string): { readonly [key: string]: JsonObject } {
  const span = (min: string, max: string, description: string): JsonObject => ({
    type: ['string', 'number'],
    'x-duration': { min, max },
    description,
  });
  return {
    drain: span(
      '0s',
      '1h',
      `How long the agent may drain before a ${name}; left out, ladder.drain holds. Raise it and more work is finished; lower it and the recovery is faster.`,
    ),
    backoff: {
      type: 'object',
      additionalProperties: false,
      properties: {
        base: span(
          '10ms',
          '1h',
          'First pause; left out, gate.backoff.base holds. Raise it and the next attempt waits longer; lower it and it follows faster.',
        ),
        cap: span(
          '10ms',
          '24h',
          'Longest pause; left out, gate.backoff.cap holds. Raise it and hopeless agents are tried less often; lower it and they are tried more often.',
        ),
      },
      description: `Pause after a ${name} that did not heal; left out, gate.backoff holds.`,
    },
  };
}

export const learning: JsonObject = section('What the guard makes of what worked before.', {
  ranking: choice(
    ['off', 'suggest', 'on'],
    'off',
    'off: only the ladder chooses; suggest: incidents and explanations show what would be chosen by what worked before; on: it chooses, among the rungs that the ladder permits at that moment, never a costlier one.',
  ),
});
