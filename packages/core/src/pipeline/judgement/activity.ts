import type { SignsOfLife } from '../../contracts/index.ts';
import type { GateFacts } from '../../decision/gate-facts.ts';
import type { AgentSight } from '../members/view.ts';

/** What an agent does now, for the gate, as far as it says; what it does not report is missing, not zero. */
export function activityOf({
  progress,
  metrics,
  figuresAgoMs,
}: AgentSight): Pick<GateFacts, 'activity' | 'figuresAgoMs'> {
  const { activeTasks, queueDepth } = progress ?? {};
  const { cpu_usage: cpu, requests_per_second: requestsPerSecond } = metrics;
  return {
    activity: {
      ...(activeTasks === undefined ? {} : { activeTasks }),
      ...(queueDepth === undefined ? {} : { queueDepth }),
      ...(cpu === undefined ? {} : { cpu }),
      ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
    },
    ...(figuresAgoMs === undefined ? {} : { figuresAgoMs }),
  };
}

/** By what the agent shows that it runs. */
export function signsOf({ beats, answeredAgoMs, heardAgoMs }: AgentSight): SignsOfLife {
  return { beats, answers: answeredAgoMs !== undefined, ...(heardAgoMs === undefined ? {} : { heardAgoMs }) };
}
