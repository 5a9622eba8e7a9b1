/**
 * Labels through which an agent's own description may shape its policy. Orchestrators strip their prefix
 * (`praetorian.` on Docker, `praetorian.dev/` on Kubernetes). For what is safety a label can only narrow.
 */
import {
  type Criticality,
  isId,
  type Mode,
  type Ms,
  parseDuration,
  parseRatio,
  type ProbeName,
  type ProbeType,
  type Ratio,
  type Role,
  strictestMode,
} from '../model/index.ts';
import type { PartialSections } from './document.ts';

export type Labels = { readonly [key: string]: string };

/** Every label and what it does; the table of the docs is made from this. */
export const labelTable = {
  mode: 'observe, dry-run, approve or auto; the strictest of group, label and agent holds. Anything else counts as observe.',
  heartbeat: 'auto, required or off: whether heartbeats are expected.',
  'health-path': 'Path of the active check.',
  'liveness-path': 'Path of the liveness probe.',
  'readiness-path': 'Path of the readiness probe.',
  'performance-path': 'Path of the performance probe.',
  'health-type': 'auto, http, https or tcp: the way the active check goes. A label can never name a command.',
  'liveness-type': 'auto, http, https or tcp: the way the liveness probe goes.',
  'readiness-type': 'auto, http, https or tcp: the way the readiness probe goes.',
  'performance-type': 'auto, http or https: the way the performance probe goes.',
  'health-port': 'Port of the active check, 1–65535.',
  'liveness-port': 'Port of the liveness probe, 1–65535.',
  'readiness-port': 'Port of the readiness probe, 1–65535.',
  'performance-port': 'Port of the performance probe, 1–65535.',
  'memory-limit-mb': 'Memory, in MB, at which the agent ends; from it the guard foresees that a leak reaches it.',
  'stop-timeout':
    'Time the agent gets to end by itself before it is killed, 0 to 10m: `grace` of restart, recreate and respawn. Where that is longer than two thirds of the `timeout` of a rung, it gets those, or the `grace` of the config if that is longer.',
  'slo-availability': 'Share of the time the agent is to be up, 99.9% or 0.999.',
  'slo-latency-p95':
    'Target of the 95th percentile of the response time, 1ms to 1h. The one of the 99th is raised to it if it is smaller.',
  'slo-latency-p99':
    'Target of the 99th percentile of the response time, 1ms to 1h, and not below slo-latency-p95. The one of the 95th is lowered to it if it is greater.',
  'slo-error-rate': 'Share of requests that may fail, 0.1% or 0.001.',
  'slo-success-rate': 'Share of tasks that are to be completed, 99.5% or 0.995.',
  'restart-scope': 'instance: actions may touch this agent alone. A label cannot widen the scope.',
  criticality: '0, 1 or 2: how much its loss hurts.',
  'depends-on': 'Ids of agents it cannot work without, separated by commas.',
  role: 'primary or replica.',
} as const satisfies Labels;

type LabelName = keyof typeof labelTable;

/** Those that change the policy; the others describe the agent. */
export const policyLabels = [
  'mode',
  'heartbeat',
  'health-path',
  'liveness-path',
  'readiness-path',
  'performance-path',
  'health-type',
  'liveness-type',
  'readiness-type',
  'performance-type',
  'health-port',
  'liveness-port',
  'readiness-port',
  'performance-port',
  'memory-limit-mb',
  'stop-timeout',
  'slo-availability',
  'slo-latency-p95',
  'slo-latency-p99',
  'slo-error-rate',
  'slo-success-rate',
  'restart-scope',
] as const satisfies readonly LabelName[];

const modes: readonly string[] = ['observe', 'dry-run', 'approve', 'auto'];
const isPath = (text: string): boolean => text.length <= 500 && /^(\/[!-~]*)?$/.test(text);
// Never a command: whoever describes the agent must not choose what the guard runs.
const isType = (text: string): boolean => ['auto', 'http', 'https', 'tcp'].includes(text);
const isPort = (text: string): boolean => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;
/** Longer figures mean nothing, and labels come from outside. */
const longestFigure = 32;
const isShare = (text: string): boolean => text.length <= longestFigure && parseRatio(text) !== undefined;
const isWithin = (text: string, leastMs: Ms, mostMs: Ms): boolean => {
  const ms = text.length <= longestFigure ? parseDuration(text) : undefined;
  return ms !== undefined && ms >= leastMs && ms <= mostMs;
};
const longestStopMs: Ms = 600_000;
const isLatency = (text: string): boolean => isWithin(text, 1, 3_600_000);

/** Whether a label can be used, also beside the others of the agent. */
const accepts: { readonly [N in LabelName]: (text: string, labels: Labels) => boolean } = {
  mode: (text) => modes.includes(text),
  heartbeat: (text) => ['auto', 'required', 'off'].includes(text),
  'health-path': isPath,
  'liveness-path': isPath,
  'readiness-path': isPath,
  'performance-path': isPath,
  'health-type': isType,
  'liveness-type': isType,
  'readiness-type': isType,
  'performance-type': (text) => text !== 'tcp' && isType(text),
  'health-port': isPort,
  'liveness-port': isPort,
  'readiness-port': isPort,
  'performance-port': isPort,
  'memory-limit-mb': (text) => /^[1-9]\d{0,8}$/.test(text),
  'stop-timeout': (text) => isWithin(text, 0, longestStopMs),
  'slo-availability': isShare,
  'slo-latency-p95': isLatency,
  'slo-latency-p99': (text, labels) =>
    isLatency(text) && Number(parseDuration(text)) >= (durationOf(labels, 'slo-latency-p95') ?? 0),
  'slo-error-rate': isShare,
  'slo-success-rate': isShare,
  'restart-scope': (text) => text === 'instance' || text === 'workload',
  criticality: (text) => ['0', '1', '2'].includes(text),
  'depends-on': (text) => splitIds(text).every(isId),
  role: (text) => text === 'primary' || text === 'replica',
};

/** The labels of an agent that the guard cannot use, as sentences for the log. */
export function labelProblems(labels: Labels): string[] {
  return (Object.keys(labelTable) as LabelName[]).flatMap((name) => {
    const value = labels[name];
    if (value === undefined || accepts[name](value, labels)) return [];
    return [`label ${name}: found ${JSON.stringify(value.slice(0, 80))}, allowed: ${labelTable[name]}`];
  });
}

/** What labels say of the agent itself. */
export function agentOfLabels(labels: Labels): {
  readonly criticality?: Criticality;
  readonly dependsOn?: readonly string[];
  readonly role?: Role;
} {
  const { role } = labels;
  const criticality = usable(labels, 'criticality');
  const dependsOn = usable(labels, 'depends-on');
  return {
    ...(criticality === undefined ? {} : { criticality: Number(criticality) as Criticality }),
    ...(role === 'primary' || role === 'replica' ? { role } : {}),
    ...(dependsOn === undefined ? {} : { dependsOn: splitIds(dependsOn) }),
  };
}

/** Who cannot write the mode right meant to be careful: nothing is done to the agent. */
export function modeOfLabels(labels: Labels, mode: Mode): Mode {
  const label = labels['mode'];
  if (label === undefined) return mode;
  return strictestMode(mode, (usable(labels, 'mode') as Mode | undefined) ?? 'observe');
}

/** What labels change in the sections of a policy. */
export function sectionsOfLabels(labels: Labels): PartialSections {
  const expect = usable(labels, 'heartbeat') as 'auto' | 'required' | 'off' | undefined;
  const memory = usable(labels, 'memory-limit-mb');
  const probes = (['health', 'liveness', 'readiness', 'performance'] as const).flatMap((probe) => {
    const way = wayOfLabels(labels, probe);
    return Object.keys(way).length === 0 ? [] : [[probe, way] as const];
  });
  const slo = sloOfLabels(labels);
  return {
    ...(expect === undefined ? {} : { heartbeat: { expect } }),
    ...(Object.keys(slo).length === 0 ? {} : { slo }),
    ...(memory === undefined ? {} : { trends: { limits: { memory_usage_mb: Number(memory) } } }),
    ...(probes.length === 0 ? {} : { probes: Object.fromEntries(probes) }),
    ...(labels['restart-scope'] === 'instance' ? { ladder: { restartScope: 'instance' as const } } : {}),
  };
}

/** The targets of the agent. */
export function sloOfLabels(labels: Labels): NonNullable<PartialSections['slo']> {
  const availability = shareOf(labels, 'slo-availability');
  const latencyP95 = durationOf(labels, 'slo-latency-p95');
  const latencyP99 = durationOf(labels, 'slo-latency-p99');
  const errorRate = shareOf(labels, 'slo-error-rate');
  const successRate = shareOf(labels, 'slo-success-rate');
  return {
    ...(availability === undefined ? {} : { availability }),
    ...(latencyP95 === undefined ? {} : { latencyP95 }),
    ...(latencyP99 === undefined ? {} : { latencyP99 }),
    ...(errorRate === undefined ? {} : { errorRate }),
    ...(successRate === undefined ? {} : { successRate }),
  };
}

/** How long the agent wants to have to end by itself. */
export function stopTimeoutOf(labels: Labels): Ms | undefined {
  return durationOf(labels, 'stop-timeout');
}

function wayOfLabels(
  labels: Labels,
  probe: ProbeName,
): { readonly path?: string; readonly type?: ProbeType; readonly port?: number } {
  const path = usable(labels, `${probe}-path`);
  const type = usable(labels, `${probe}-type`) as ProbeType | undefined;
  const port = usable(labels, `${probe}-port`);
  return {
    ...(path === undefined ? {} : { path }),
    ...(type === undefined ? {} : { type }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}

function usable(labels: Labels, name: LabelName): string | undefined {
  const value = labels[name];
  return value !== undefined && accepts[name](value, labels) ? value : undefined;
}

function durationOf(labels: Labels, name: LabelName): Ms | undefined {
  const text = usable(labels, name);
  return text === undefined ? undefined : parseDuration(text);
}

function shareOf(labels: Labels, name: LabelName): Ratio | undefined {
  const text = usable(labels, name);
  return text === undefined ? undefined : parseRatio(text);
}

function splitIds(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
