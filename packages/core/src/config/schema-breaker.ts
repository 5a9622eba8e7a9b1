/** When many failures are one, and the guard stops healing them one by one. */
import type { JsonObject } from '../model/index.ts';
import { count, duration, ratio, section } from './schema-parts.ts';

export const breaker: JsonObject = section(
  'The fleet breaker: it stops the remediation of a group when too many of it are unhealthy at once.',
  {
    threshold: ratio(
      '50%',
      'Share of the group that is unhealthy from which it opens. Raise it and the guard goes on healing in larger failures; lower it and it stops sooner.',
    ),
    least: count(
      3,
      'Unhealthy agents below which it does not open, unless all of the group fail within the window. Raise it and small groups are healed longer; lower it and they stop sooner.',
      { minimum: 2, maximum: 100_000 },
    ),
    window: duration(
      '30s',
      'Failures within this time count as one event. Raise it and slower storms are seen as one; lower it and failures have to be closer together.',
      { min: '1s', max: '1h' },
    ),
    coolDown: duration(
      '2m',
      'Pause after it opened; then one agent is tried with the smallest action. Raise it and the cause gets more time to pass; lower it and healing is tried sooner.',
      { min: '1s', max: '24h' },
    ),
    coolDownCap: duration(
      '30m',
      'The pause doubles with every trial that fails, up to this; at least `coolDown`. Raise it and a lasting outage is left alone longer; lower it and it is tried more often.',
      { min: '1s', max: '7d' },
    ),
  },
);
