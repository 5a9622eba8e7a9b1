import type { SignalDraft } from '../contracts/index.ts';
import { isId, type LifecycleEvent, type ProbeName, type ProbeOutcome } from '../model/index.ts';
import { heartbeatProblem, isAmount, isCount, metricsProblem, problem } from './heartbeat-check.ts';

const probes: readonly unknown[] = ['health', 'liveness', 'readiness', 'performance'] satisfies ProbeName[];
const outcomes: readonly unknown[] = ['up', 'down', 'unknown'] satisfies ProbeOutcome[];
const events: readonly unknown[] = [
  'started',
  'died',
  'oom-killed',
  'unhealthy',
  'healthy',
  'stopped',
  'paused',
  'restarted',
  'removed',
] satisfies LifecycleEvent[];

const messageMax = 4_096;

type Fields = { readonly [field: string]: unknown };

/** Which field of a signal is not valid, and why; `undefined` when all are. */
export function draftProblem(draft: unknown): string | undefined {
  if (typeof draft !== 'object' || draft === null) return 'the signal has to be an object';
  const fields = draft as Fields;
  const { agentId, instanceId, at } = fields;
  if (!isId(agentId)) return problem('agentId', agentId, 'an id of 1–200 characters of A–Z a–z 0–9 . _ : ~ -');
  if (instanceId !== undefined && !isId(instanceId)) return problem('instanceId', instanceId, 'an id');
  if (at !== undefined && !isAmount(at)) return problem('at', at, 'milliseconds since 1970');
  return kindProblem(fields);
}

function kindProblem(fields: Fields): string | undefined {
  switch (fields['kind'] as SignalDraft['kind']) {
    case 'heartbeat':
      return heartbeatProblem({ ...fields, instance: fields['instanceId'] });
    case 'probe':
      return probeProblem(fields);
    case 'metrics':
      return fields['metrics'] === undefined
        ? problem('metrics', undefined, 'an object')
        : metricsProblem(fields['metrics']);
    case 'error':
      return errorProblem(fields);
    case 'lifecycle':
      return lifecycleProblem(fields);
    default:
      return problem('kind', fields['kind'], 'heartbeat, probe, metrics, error or lifecycle');
  }
}

function probeProblem({ probe, outcome, latencyMs, statusCode, metrics }: Fields): string | undefined {
  if (!probes.includes(probe)) return problem('probe', probe, 'health, liveness, readiness or performance');
  if (!outcomes.includes(outcome)) return problem('outcome', outcome, 'up, down or unknown');
  if (!isAmount(latencyMs)) return problem('latencyMs', latencyMs, 'milliseconds from 0');
  if (statusCode !== undefined && !isCount(statusCode)) return problem('statusCode', statusCode, 'an HTTP status');
  return metricsProblem(metrics);
}

function errorProblem({ message, type, count }: Fields): string | undefined {
  if (typeof message !== 'string' || message.length > messageMax) {
    return problem('message', message, `a text of at most ${messageMax} characters`);
  }
  if (type !== undefined && (typeof type !== 'string' || type.length > 200))
    return problem('type', type, 'a text of at most 200 characters');
  if (!isCount(count) || count < 1) return problem('count', count, 'a whole number from 1');
  return undefined;
}

function lifecycleProblem({ event, exitCode, exitSignal, lastsInMs }: Fields): string | undefined {
  if (!events.includes(event)) return problem('event', event, `one of ${events.join(', ')}`);
  if (exitCode !== undefined && !Number.isSafeInteger(exitCode)) return problem('exitCode', exitCode, 'a whole number');
  if (exitSignal !== undefined && typeof exitSignal !== 'string')
    return problem('exitSignal', exitSignal, 'the name of a signal');
  if (lastsInMs !== undefined && !isAmount(lastsInMs)) return problem('lastsInMs', lastsInMs, 'milliseconds from 0');
  return undefined;
}
