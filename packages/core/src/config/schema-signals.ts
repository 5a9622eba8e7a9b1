import type { JsonObject } from '../model/index.ts';
import { choice, count, duration, path, ratio, section } from './schema-parts.ts';
import { probeWay, tls } from './schema-probes.ts';
import { severityRules } from './schema-judgement.ts';
import { burn } from './schema-recurrence.ts';

/** Sections that say when an agent is suspected. */
export const heartbeat = section('When an agent that sends no heartbeat is suspected.', {
  expect: choice(
    ['auto', 'required', 'off'],
    'auto',
    'Whether heartbeats are expected. auto: the timeout is armed by the first one; required: from the registration on; off: never. Take required when every agent is known to send them, off for agents that only answer probes.',
  ),
  every: duration(
    '30s',
    'How often the agents send a heartbeat. Raise it and failures are seen later; lower it and the agents send more.',
    { min: '100ms', max: '1h' },
  ),
  timeout: duration(
    '90s',
    'Silence after which an agent is suspected; longer than `every`. Raise it and failures are seen later; lower it and a short pause of an agent counts as a failure.',
    { min: '200ms', max: '24h' },
  ),
  detector: choice(
    ['fixed', 'phi'],
    'phi',
    'How silence is judged. fixed: after `timeout`; phi: also sooner, as soon as it is unusual for the very agent, if two questions are not answered either. Take fixed when agents send heartbeats at no regular times.',
  ),
  pause: duration(
    '3s',
    'With phi, a heartbeat may be this late without being unusual. Raise it for agents that stand still now and then, as for a collection of garbage; lower it and silence is noticed sooner.',
    { max: '1h' },
  ),
  stalledFor: duration(
    '10m',
    'An agent that reports work in hand (`activeTasks`, `queueDepth`) and no advance (`lastProgressAt`, completed tasks) for this long is suspected. Raise it when single tasks take long; lower it and work that stands still is noticed sooner.',
    { min: '1s', max: '7d' },
  ),
  silentFor: duration(
    '10m',
    'An agent that is silent but answers probes may be restarted after this. Raise it and such agents are left alone longer; lower it and they are restarted sooner.',
    { min: '1s', max: '24h' },
  ),
});

function probe(what: string, preset: { readonly path: string; readonly every: string }): JsonObject {
  return section(`The ${what} probe.`, {
    ...probeWay(what),
    path: path(preset.path, `Path of the ${what} probe on the agent's endpoint; an empty text switches the probe off.`),
    every: duration(
      preset.every,
      `Pause between two ${what} probes. Raise it and failures are seen later; lower it and the agents answer more requests.`,
      { min: '100ms', max: '1h' },
    ),
    timeout: duration(
      '2s',
      'An answer later than this counts as none; shorter than `every`. Raise it for agents that answer slowly; lower it and slowness counts as failure sooner.',
      { min: '10ms', max: '5m' },
    ),
    failures: count(
      3,
      'Consecutive failures until the probe counts as down. Raise it and a flapping agent is tolerated longer; lower it and a single lost packet counts more.',
      { minimum: 1, maximum: 100 },
    ),
    successes: count(
      2,
      'Consecutive successes until it counts as up again. Raise it and a recovery is believed later; lower it and it is believed sooner.',
      { minimum: 1, maximum: 100 },
    ),
  });
}

export const probes = section('How agents are asked.', {
  health: section(
    'The active check that confirms a suspicion; an agent without it (404) is asked at the liveness path.',
    {
      ...probeWay('health'),
      path: path('/health', 'Path of the check; an empty text means the liveness path.'),
      timeout: duration(
        '2s',
        'An answer later than this counts as none. Raise it for agents that answer slowly; lower it and suspicions are confirmed sooner.',
        { min: '10ms', max: '5m' },
      ),
    },
  ),
  liveness: probe('liveness', { path: '/health/live', every: '10s' }),
  readiness: probe('readiness', { path: '/health/ready', every: '10s' }),
  performance: probe('performance', { path: '/health/performance', every: '30s' }),
  tls,
  startGrace: duration(
    '30s',
    'After the start of an instance failed probes do not count for this long. Raise it for agents that start slowly; lower it and a failed start is seen sooner.',
    { max: '1h' },
  ),
  jitter: ratio(
    '10%',
    'Share by which every interval is spread. Raise it and a large fleet is asked more evenly; lower it and intervals are kept more exactly.',
  ),
});

/** Only at the top: whom the guard may call is not a matter of a group. */
export const allowedNetworks: JsonObject = {
  type: 'array',
  items: { type: 'string', maxLength: 64 },
  maxItems: 1_000,
  default: ['127.0.0.0/8', '::1/128'],
  description:
    'Networks, as CIDR, in which agents may register an endpoint by themselves; addresses found by an orchestrator or written in this file are allowed without it. Add a network and the guard calls what registers from there; leave one out and such registrations are refused.',
};

export const slo = section(
  'Service level objectives. Missing one is a suspicion of being degraded, never of having failed.',
  {
    availability: ratio(
      '99.9%',
      'Share of 30 days in which an agent is to be up. Raise it and the error budget shrinks; lower it and more downtime is in order.',
    ),
    latencyP95: duration(
      '200ms',
      '95th percentile of the response time. Raise it and slowness is tolerated; lower it and it is noticed sooner.',
    ),
    latencyP99: duration(
      '500ms',
      '99th percentile of the response time; at least `latencyP95`. Raise it and slow outliers are tolerated; lower it and they are noticed.',
    ),
    errorRate: ratio(
      '0.1%',
      'Share of requests that may fail. Raise it and more errors are in order; lower it and fewer are.',
    ),
    successRate: ratio(
      '99.5%',
      'Share of tasks that are to be completed. Raise it and fewer failed tasks are in order; lower it and more are.',
    ),
    for: duration(
      '1m',
      'An objective must be missed for this long before it is a suspicion. Raise it and short peaks are ignored; lower it and they count.',
      { max: '24h' },
    ),
    clearBelow: ratio(
      '10%',
      'The suspicion is cleared once the figure is better than the objective by this share. Raise it and it is cleared later but does not flap; lower it and it is cleared sooner.',
    ),
    errorRateFactor: {
      type: 'number',
      minimum: 1,
      maximum: 10_000,
      default: 10,
      description:
        'A suspicion is raised from this multiple of `errorRate`. Raise it and only heavy error rates count; lower it and every missed objective does.',
    },
    latencyFactor: {
      type: 'number',
      minimum: 1,
      maximum: 1_000,
      default: 1.25,
      description:
        'A suspicion is raised from this multiple of the latency objectives. Raise it and only heavy slowness counts; lower it and every missed objective does.',
    },
    burn,
  },
);

export const severity = section('When an incident is too severe for the guard alone.', {
  escalateFailures: count(
    5,
    'More failures of an agent in 24 h than this go to a person. Raise it and the guard tries longer by itself; lower it and people are called sooner.',
    { maximum: 1_000 },
  ),
  rules: severityRules,
});
