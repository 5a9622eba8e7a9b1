import { choice, duration, section } from './schema-parts.ts';

/** Section that says when a replica takes the place of a primary. */
export const failover = section('When a replica takes the place of a primary that has failed.', {
  when: choice(
    ['off', 'after-restart', 'at-once'],
    'off',
    'off: never by itself; after-restart: when a restart did not heal the primary, or severity asks for more than one; at-once: as soon as two kinds of evidence or its exit prove that it has failed. Take at-once where a restart takes longer than callers can wait.',
  ),
  maxLag: duration(
    '5s',
    'Furthest a replica may be behind to be promoted; what it had not taken over is lost. Raise it and a replica is found more often; lower it and less can be lost.',
    { max: '24h' },
  ),
  rest: duration(
    '30m',
    'Pause of the group after a failover has settled, which it has when the watch over it has passed. Raise it and a failure that goes along is noticed sooner; lower it and a second primary that fails is replaced sooner.',
    { max: '7d' },
  ),
});
