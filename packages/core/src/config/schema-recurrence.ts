/** Sections about failures that come back: error budgets that burn, agents that flap, healings that do not last. */
import type { JsonObject } from '../model/index.ts';
import { choice, count, duration, ratio, section } from './schema-parts.ts';

const rate: JsonObject = {
  type: 'object',
  additionalProperties: false,
  required: ['alert', 'factor', 'long', 'short'],
  properties: {
    alert: choice(
      ['page', 'ticket'],
      undefined,
      'page: a suspicion that opens an incident; ticket: a remark on the agent that never leads to an action.',
    ),
    factor: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 100_000,
      description:
        'How many times as fast as it may the budget has to burn, in both windows. Raise it and only heavy burning counts; lower it and slow burning does.',
    },
    long: {
      type: ['string', 'number'],
      'x-duration': { min: '1m', max: '30d' },
      description:
        'The long window; it keeps a short peak from alerting. Raise it and alerts come later; lower it and they come sooner.',
    },
    short: {
      type: ['string', 'number'],
      'x-duration': { min: '1m', max: '30d' },
      description:
        'The short window, shorter than the long one; it ends the alert soon after the burning. Raise it and alerts last longer; lower it and they end sooner.',
    },
  },
  description: 'One line of the table: it alerts while both windows burn.',
};

export const burn: JsonObject = section('Error budgets, and alerts on how fast they burn.', {
  window: duration(
    '30d',
    'Time over which the budget is counted. Raise it and a bad day is remembered longer; lower it and it is forgotten sooner.',
    { min: '1h', max: '30d' },
  ),
  latencyObjective: ratio(
    '99%',
    'Share of the reported percentiles that has to meet `latencyP95` and `latencyP99`. Raise it and slow moments burn more; lower it and they burn less.',
  ),
  minRequests: count(
    100,
    'Requests that a long window has to hold before it says anything; a short one a tenth of it. Raise it and quiet agents never alert; lower it and a few failed requests do.',
    { minimum: 1, maximum: 1_000_000_000 },
  ),
  minSamples: count(
    20,
    'The same for tasks, and for reports of a percentile. Raise it and agents that report seldom never alert; lower it and a few bad reports do.',
    { minimum: 1, maximum: 1_000_000 },
  ),
  rates: {
    type: 'array',
    items: rate,
    maxItems: 16,
    default: [
      { alert: 'page', factor: 14.4, long: '1h', short: '5m' },
      { alert: 'page', factor: 6, long: '6h', short: '30m' },
      { alert: 'ticket', factor: 3, long: '24h', short: '2h' },
      { alert: 'ticket', factor: 1, long: '3d', short: '6h' },
    ],
    description: 'The table of alerts; a list replaces the default one, and an empty one switches them off.',
  },
});

export const flapping: JsonObject = section(
  'When an agent counts as flapping: failing and recovering by itself, again and again.',
  {
    window: duration(
      '30m',
      'Changes between good and bad are counted over this time. Raise it and slow flapping is seen; lower it and only quick flapping is.',
      { min: '1m', max: '24h' },
    ),
    high: count(
      6,
      'Changes in the window from which it flaps. Raise it and more is tolerated; lower it and it is called flapping sooner.',
      { minimum: 2, maximum: 64 },
    ),
    low: count(
      2,
      'Changes in the window down to which it goes on flapping; less than `high`. Raise it and an agent counts as stable sooner; lower it and it has to prove itself longer.',
      { minimum: 0, maximum: 63 },
    ),
  },
);

export const recurrence: JsonObject = section('When a failure that comes back is a case for people.', {
  defectAfter: count(
    3,
    'Healings of one failure of an agent within `defectWindow` from which it is a defect: severity rises, and people are told each time. Raise it and it stays quiet longer; lower it and people hear sooner.',
    { minimum: 2, maximum: 100 },
  ),
  defectWindow: duration(
    '24h',
    'Time over which healings are counted. Raise it and slow recurrence is seen; lower it and only quick recurrence is.',
    { min: '1m', max: '30d' },
  ),
  movesMax: count(
    3,
    'Times an agent is recreated or respawned for one failure within `movesWindow`; when the failure has followed it as often, it is not moved any more and a person is asked. Raise it and the guard tries longer; lower it and people are asked sooner.',
    { minimum: 1, maximum: 100 },
  ),
  movesWindow: duration(
    '6h',
    'Time over which moves are counted. Raise it and slow recurrence is seen; lower it and only quick recurrence is.',
    { min: '1m', max: '30d' },
  ),
});
