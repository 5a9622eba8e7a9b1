/** What is foreseen, and what is done about it. */
import type { JsonObject, MetricName } from '../model/index.ts';
import { choice, count, duration, ratio, section } from './schema-parts.ts';

/** Figures that have a level; counters only ever rise. */
const levels: readonly MetricName[] = [
  'memory_usage_mb',
  'cpu_usage',
  'avg_latency_ms',
  'p95_latency_ms',
  'p99_latency_ms',
  'error_rate',
  'requests_per_second',
];

const limit = (metric: MetricName): JsonObject => ({
  type: 'number',
  exclusiveMinimum: 0,
  maximum: 1e12,
  ...(metric === 'cpu_usage' ? { default: 1 } : {}),
  description: `Value of ${metric} at which the agent is out of it. Raise it and less is foreseen; lower it and more is.`,
});

export const trends = section(
  'When a figure that rises is a suspicion: it would reach its limit. Memory needs a limit, from here, from the label memory-limit-mb or from the orchestrator; the lowest holds.',
  {
    window: duration(
      '2h',
      'Figures older than this are forgotten; it is divided into 120 buckets. Raise it and slow leaks are seen in figures that scatter; lower it and fast ones are seen sooner.',
      { min: '2m', max: '7d' },
    ),
    minSamples: count(
      30,
      'Fewer buckets with a figure say nothing. Raise it and less is foreseen, more surely; lower it and it is foreseen sooner.',
      { minimum: 30, maximum: 119 },
    ),
    confidence: ratio(
      '99%',
      'Confidence of the bounds of the slope, from 50% to 99.99%. Raise it and only clear trends count; lower it and vague ones do, too.',
    ),
    within: duration(
      '1h',
      'It is a suspicion when the limit will be reached within this, also if it rises as slowly as it may. Raise it and it is told earlier, less surely; lower it and it is told later.',
      { min: '10s', max: '7d' },
    ),
    limits: section(
      'Limits by figure; a figure without one is not looked at.',
      Object.fromEntries(levels.map((metric) => [metric, limit(metric)])),
    ),
  },
);

export const prediction = section('What is done about what is foreseen.', {
  mode: choice(
    ['off', 'suggest', 'act'],
    'off',
    'off: it is told that a figure will run out; suggest: and what would be done; act: the agent is restarted before, once, in a quiet moment, as far as all other rules allow.',
  ),
  within: duration(
    '30m',
    'Nothing is done earlier than this before the limit is reached. Raise it and more quiet moments are found; lower it and agents live longer.',
    { min: '10s', max: '24h' },
  ),
  margin: duration(
    '5m',
    'A quiet moment is not waited for beyond this before the limit is reached; shorter than `within`. Raise it and busy agents are restarted earlier; lower it and they are left to work longer.',
    { max: '24h' },
  ),
  metrics: {
    type: 'array',
    items: { type: 'string', enum: [...levels] },
    minItems: 1,
    uniqueItems: true,
    default: ['memory_usage_mb'],
    description:
      'Figures whose exhaustion ends an agent, so that it may be restarted before. Add one and the guard acts on it, too.',
  },
  quiet: section(
    'What a quiet moment is: all of it that the agent reports holds. An agent that reports none of it is never known to be quiet.',
    {
      activeTasks: count(
        0,
        'At most this many tasks in hand. Raise it and more moments are quiet; lower it and fewer are.',
        { maximum: 1_000_000 },
      ),
      queueDepth: count(
        0,
        'At most this many tasks waiting. Raise it and more moments are quiet; lower it and fewer are.',
        { maximum: 1_000_000_000 },
      ),
      cpu: {
        type: 'number',
        minimum: 0,
        maximum: 1_000,
        default: 0.5,
        description:
          'At most this share of a processor in use. Raise it and more moments are quiet; lower it and fewer are.',
      },
      requestsPerSecond: {
        type: 'number',
        minimum: 0,
        maximum: 1e9,
        description:
          'At most this many requests per second; left out, it is not asked about. Raise it and more moments are quiet; lower it and fewer are.',
      },
    },
  ),
});
