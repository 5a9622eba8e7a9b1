import type { JsonObject } from '../model/index.ts';
import { count, duration, ratio, section } from './schema-parts.ts';

/** Only at the top: it is the guard that doubts itself, not a group. */
export const selfDoubt: JsonObject = section(
  'When the guard suspects itself: starved, cut off or waiting for its store it stretches every timeout up to nine times.',
  {
    every: duration(
      '5s',
      'How often the signs are weighed, the store is asked and the canaries are called. Raise it and doubt comes and goes more slowly; lower it and it follows faster.',
      { min: '500ms', max: '5m' },
    ),
    lag: duration(
      '500ms',
      'A tick this late, or one that took this long, speaks against the guard. Raise it on a slow machine; lower it and a busy guard becomes careful sooner.',
      { min: '20ms', max: '1m' },
    ),
    store: duration(
      '1s',
      'A commit or read of the store that took this long speaks against the guard. Raise it for a store far away; lower it and a slow store makes the guard careful sooner.',
      { min: '10ms', max: '5m' },
    ),
    unanswered: ratio(
      '50%',
      'Share of the agents asked in one round, at least three, that did not answer from which the guard suspects itself. Raise it and it trusts itself longer; lower it and it becomes careful sooner.',
    ),
    tellFrom: count(
      3,
      'Multiplier from which the guard says that it is degraded. Raise it and only heavy doubt is told; lower it and light doubt is, too.',
      { minimum: 1, maximum: 8 },
    ),
    canaries: {
      type: 'array',
      maxItems: 20,
      default: [],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['url'],
        properties: {
          url: {
            type: 'string',
            format: 'uri',
            pattern: '^https?://',
            maxLength: 2_000,
            'x-allowed': 'an http:// or https:// address',
            description: 'Address that answers whenever the network does.',
          },
        },
        description: 'An endpoint that is known to be there.',
      },
      description:
        'Endpoints that are known to be there. While one of them gives no answer the guard believes that it is cut off itself and heals no agent for being silent. Add some that lie where the agents lie; leave them out and only the number of silent agents tells.',
    },
    timeout: duration(
      '2s',
      'A canary that has not answered after this is not reached. Raise it for a slow network; lower it and a bad one is noticed sooner.',
      { min: '10ms', max: '1m' },
    ),
  },
);
