/**
 * Takes in what is observed: heartbeats and other signals as they come, and probes, which the guard asks itself. Hands
 * everything over once a tick as one batch. Judges nothing.
 */
export type { CollectorOptions, Instruction } from './collector.ts';
export { Collector } from './collector.ts';
export type { KnownEndpoint, MonitoredFleet } from './ports.ts';
export type { ProbeAnswer, Prober, ProbeRequest } from './prober.ts';
export type { AskOptions, ProbeSchedulerOptions } from './probe-scheduler.ts';
export { ProbeScheduler } from './probe-scheduler.ts';
export type { HttpProberOptions } from './http-prober.ts';
export { HttpProber } from './http-prober.ts';
export type { CheckedEndpoint, EndpointPolicyOptions } from './endpoint-policy.ts';
export { EndpointPolicy } from './endpoint-policy.ts';
