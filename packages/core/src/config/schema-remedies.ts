import { breaker } from './schema-breaker.ts';
import type { JsonObject } from '../model/index.ts';
import { groupBudget } from './schema-budgets.ts';
import { alternative, ownPace, useWhen } from './schema-judgement.ts';
import { choice, count, duration, flag, ratio, section } from './schema-parts.ts';

/** Sections that say what is done about a suspicion, and within which limits. */
function rung(name: string, preset: string, more: { readonly [key: string]: JsonObject } = {}): JsonObject {
  return section(`The rung ${name} of the ladder.`, {
    timeout: duration(
      preset,
      `A ${name} that takes longer has failed and the next rung is taken. Raise it for slow infrastructure; lower it and the ladder climbs sooner.`,
      { min: '1s', max: '2h' },
    ),
    grace: duration(
      '10s',
      'Time the instance gets to end by itself before it is killed; shorter than `timeout`. Raise it for agents that finish their work slowly; lower it and a hung one is gone sooner.',
      { max: '1h' },
    ),
    ...ownPace(name),
    ...more,
  });
}

const restoreState = flag(true, 'Whether the latest usable checkpoint is restored into the new instance.');

const configOverride: JsonObject = {
  type: 'object',
  additionalProperties: false,
  description: 'What a respawned instance gets instead of its old settings. Left out, it gets the old ones.',
  properties: {
    memoryLimit: {
      type: ['string', 'number'],
      'x-bytes': true,
      description:
        'Memory limit: 512m, 2GB (1 GB = 1024³ bytes), a bare number is bytes. Raise it for agents that run out of memory; lower it and they are killed sooner.',
    },
    cpuLimit: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1_024,
      description:
        'Processors the instance may use; 0.5 is half of one. Raise it and it works faster; lower it and others do.',
    },
    timeout: {
      type: ['string', 'number'],
      'x-duration': { min: '1ms' },
      description:
        "The agent's own request timeout, passed on as PRAETORIAN_TIMEOUT_MS; a bare number is seconds. Raise it and slow requests get through; lower it and they fail sooner.",
    },
    image: { type: 'string', minLength: 1, maxLength: 500, description: 'Image to start instead.' },
    command: {
      type: 'array',
      items: { type: 'string' },
      minItems: 1,
      maxItems: 1_000,
      description: 'Command to run instead.',
    },
    env: {
      type: 'object',
      additionalProperties: { type: 'string' },
      propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$', 'x-allowed': 'the name of an environment variable' },
      description: 'Environment variables that are set or replaced.',
    },
  },
};

export const ladder = section('What is done, from the gentlest to the last.', {
  restart: rung('restart', '30s'),
  recreate: rung('recreate', '60s', { restoreState }),
  respawn: rung('respawn', '180s', {
    restoreState,
    mode: choice(
      ['beside', 'in-place'],
      'beside',
      'beside: the new instance starts next to the old one, which is retired once the new one works; in-place: the old one goes first. Take in-place where two cannot live at once.',
    ),
    configOverride,
    alternative,
  }),
  restartScope: choice(
    ['instance', 'workload'],
    'instance',
    'instance: an action touches the failed agent alone; workload: actions that touch a whole workload, healthy agents included, are allowed too.',
  ),
  drain: duration(
    '5s',
    'The agent is asked to drain before a destructive step, for at most this long; 0 asks nothing. Raise it and more work is finished; lower it and the recovery is faster.',
    { max: '1h' },
  ),
  hungGrace: duration(
    '0s',
    'How long an agent that is proven to hang gets to end by itself, where the `grace` of the rung is longer: it cannot use the time. Proven by two of these, while nothing else is heard of it: no heartbeat, no answer to probes, the verdict unhealthy. 0 kills it at once; as long as `grace`, and there is no difference. Raise it for agents that still write something down when they are told to end; lower it and a hung one is replaced sooner.',
    { max: '1h' },
  ),
  safeState: choice(
    ['isolate', 'leave'],
    'isolate',
    'What is left behind when no rung helped: isolate takes the agent out of the routes, leave changes nothing. A person is told in any case.',
  ),
  useWhen,
});

export const gate = section('Limits within which the guard may act.', {
  attempts: {
    type: 'array',
    minItems: 1,
    maxItems: 8,
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['max', 'per'],
      properties: {
        max: {
          type: 'integer',
          minimum: 1,
          maximum: 1_000,
          description:
            'Attempts, whatever the rung. At least 1: a budget of 0 never pays a rung; to keep the guard from acting set the mode observe.',
        },
        per: {
          type: ['string', 'number'],
          'x-duration': { min: '1s', max: '30d' },
          description: 'In any window of this length.',
        },
      },
    },
    default: [
      { max: 3, per: '10m' },
      { max: 8, per: '24h' },
    ],
    description:
      'Attempts that an agent may have; every limit of the list holds. Raise them and the guard tries longer; lower them and a person is called sooner.',
  },
  budgets: section('What recoveries may cost together.', { group: groupBudget }),
  backoff: section('Pause between two attempts on one agent: doubled each time, with full jitter.', {
    base: duration('5s', 'First pause. Raise it and attempts are fewer; lower it and they follow faster.', {
      min: '10ms',
      max: '1h',
    }),
    cap: duration(
      '5m',
      'Longest pause; at least `base`. Raise it and hopeless agents are tried less often; lower it and they are tried more often.',
      { min: '10ms', max: '24h' },
    ),
    resetAfter: duration(
      '10m',
      'The pause starts from `base` again after this long in good health. Raise it and a flapping agent waits longer; lower it and it is forgiven sooner.',
      { min: '1s', max: '7d' },
    ),
  }),
  settle: duration(
    '30s',
    'Nothing is done for this long after the start of the guard, and not before the whole fleet was seen. Raise it for fleets that report slowly; lower it and the guard acts sooner.',
    { max: '1h' },
  ),
  inFlight: ratio(
    '10%',
    'Share of a group that may be in recovery at once; one always may. Raise it and a large failure is healed faster; lower it and more of the group is left alone.',
  ),
  progressWindow: duration(
    '2m',
    'Progress within this window vetoes a restart for slowness. Raise it for agents with long tasks; lower it and slow agents are restarted sooner.',
    { max: '24h' },
  ),
  breaker,
  approvalTtl: duration(
    '1h',
    'An approval that nobody decides expires after this and goes to a person again. Raise it and requests stay open longer; lower it and stale ones go sooner.',
    { min: '10s', max: '7d' },
  ),
});

export const watch = section('How closely an agent is watched after a recovery.', {
  every: duration(
    '10s',
    'Pause between two checks; at most `for`. Raise it and the agent is asked less; lower it and a relapse is seen sooner.',
    { min: '100ms', max: '1h' },
  ),
  for: duration(
    '5m',
    'The agent must stay healthy for this long before the incident is resolved. Raise it and recoveries are proven better; lower it and incidents are closed sooner.',
    { min: '200ms', max: '24h' },
  ),
});

export const checkpoints = section("Backups of the agents' state.", {
  keep: count(
    5,
    'Checkpoints kept per agent. Raise it and older states can be restored; lower it and less is stored.',
    { minimum: 1, maximum: 1_000 },
  ),
  maxAge: duration(
    '24h',
    'Older checkpoints are not restored. Raise it and old state is better than none; lower it and only fresh state is restored.',
    { min: '1s', max: '365d' },
  ),
  every: duration(
    '5m',
    'How often the guard asks the agent for its state; 0 takes only what the agent sends. Raise it and more is lost at a respawn; lower it and the agents answer more.',
    { max: '30d' },
  ),
});
