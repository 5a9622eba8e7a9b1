/** Times in which nothing is repaired, because people are at work. */
import type { JsonObject } from '../model/index.ts';
import { flag, idName } from './schema-parts.ts';

const names = (description: string): JsonObject => ({
  type: 'array',
  items: idName,
  minItems: 1,
  maxItems: 1_000,
  uniqueItems: true,
  description,
});

/** Only at the top: a window may cover groups and agents that this file does not name. */
export const maintenance: JsonObject = {
  type: 'array',
  maxItems: 200,
  default: [],
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['cron', 'duration', 'scope', 'reason'],
    properties: {
      cron: {
        type: 'string',
        minLength: 1,
        maxLength: 200,
        description: 'When it begins: minute, hour, day of the month, month, day of the week, as cron has them.',
      },
      timeZone: {
        type: 'string',
        minLength: 1,
        maxLength: 100,
        default: 'UTC',
        description: 'Time zone of `cron`, for example Europe/Berlin; changes to and from summer time are followed.',
      },
      duration: {
        type: ['string', 'number'],
        'x-duration': { min: '1m', max: '30d' },
        description:
          'How long it lasts from there. Raise it and nothing is repaired for longer; lower it and the guard takes over sooner.',
      },
      scope: {
        type: 'object',
        additionalProperties: false,
        properties: {
          fleet: { type: 'boolean', const: true, description: 'The whole fleet.' },
          groups: names('Every agent of these groups.'),
          agents: names('These agents.'),
        },
        description: 'Whom it covers. One that names nobody covers nobody and is refused.',
      },
      reason: {
        type: 'string',
        minLength: 1,
        maxLength: 300,
        description: 'What is going on; it is shown wherever the window keeps the guard from acting.',
      },
      paging: flag(
        false,
        'Whether people are told of new incidents all the same. Monitoring goes on and the end of an incident is told in any case.',
      ),
    },
    description: 'A window that comes again and again.',
  },
  description:
    'Windows of maintenance: the agents in them are watched and not repaired, and nobody is called for them.',
};
