import type { JsonObject } from '../model/index.ts';
import { count, duration, section } from './schema-parts.ts';

/** When errors are a suspicion, and where they come from. */
export const errors: JsonObject = section(
  'When the errors of an agent, reported or found in its log, are suspicious.',
  {
    window: duration(
      '1m',
      'Length of the sliding window. Raise it and slow trickles are seen; lower it and only bursts are.',
      { min: '6s', max: '1h' },
    ),
    min: count(
      10,
      'Errors in the window from which they are a suspicion; cleared below half of it. Raise it for agents that log errors as a matter of course; lower it and single errors count.',
      { minimum: 1, maximum: 1_000_000 },
    ),
    novelMin: count(
      5,
      'The same for errors of one pattern that no agent has shown before; at most `min`. Raise it and new errors are tolerated longer; lower it and they are noticed sooner.',
      { minimum: 1, maximum: 1_000_000 },
    ),
    burst: {
      type: 'number',
      minimum: 1,
      maximum: 1_000,
      default: 5,
      description:
        "Multiple of the agent's usual number of errors from which half of `min` is a suspicion. Raise it and bursts have to be steeper; lower it and ordinary swings count.",
    },
    logs: section('Error lines of the log.', {
      every: duration(
        '30s',
        "How often an agent's log is read, where its orchestrator can give it; 0 never reads it. Raise it and the orchestrator is asked less; lower it and errors are seen sooner.",
        { max: '1h' },
      ),
    }),
  },
);
