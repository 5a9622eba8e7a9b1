/**
 * Takes in what is observed: heartbeats and other signals as they come, and probes, which the guard asks itself. Hands
 * everything over once a tick as one batch. Judges nothing.
 */
export { Collector } from './collector.ts';
export type { ProbeAnswer, Prober, ProbeRequest } from './prober.ts';
export { ProbeScheduler } from './probe-scheduler.ts';
export { errorOfLine } from './log-lines.ts';
export { HttpProber } from './http-prober.ts';
export { CommandProber } from './command-prober.ts';
export { SelfDoubt } from './self-doubt.ts';
export { EndpointPolicy } from './endpoint-policy.ts';
