/**
 * Labels through which an agent's own description may shape its policy. Orchestrators strip their prefix
 * (`praetorian.` on Docker, `praetorian.dev/` on Kubernetes). For what is safety a label can only narrow.
 */
import {
  type Criticality,
  isId,
  type Mode,
  type ProbeName,
  type ProbeType,
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
  'restart-scope',
] as const satisfies readonly LabelName[];

const modes: readonly string[] = ['observe', 'dry-run', 'approve', 'auto'];
const isPath = (text: string): boolean => text.length <= 500 && /^(\/[!-~]*)?$/.test(text);
// Never a command: whoever describes the agent must not choose what the guard runs.
const isType = (text: string): boolean => ['auto', 'http', 'https', 'tcp'].includes(text);
const isPort = (text: string): boolean => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;

const accepts: { readonly [N in LabelName]: (text: string) => boolean } = {
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
  'restart-scope': (text) => text === 'instance' || text === 'workload',
  criticality: (text) => ['0', '1', '2'].includes(text),
  'depends-on': (text) => splitIds(text).every(isId),
  role: (text) => text === 'primary' || text === 'replica',
};

/** The labels of an agent that the guard cannot use, as sentences for the log. */
export function labelProblems(labels: Labels): string[] {
  return (Object.keys(labelTable) as LabelName[]).flatMap((name) => {
    const value = labels[name];
    if (value === undefined || accepts[name](value)) return [];
    return [`label ${name}: found ${JSON.stringify(value.slice(0, 80))}, allowed: ${labelTable[name]}`];
  });
}

/** What labels say of the agent itself. */
export function agentOfLabels(labels: Labels): {
  readonly criticality?: Criticality;
  readonly dependsOn?: readonly string[];
  readonly role?: Role;
} {
  const { criticality, role } = labels;
  const dependsOn = usable(labels, 'depends-on');
  return {
    ...(criticality !== undefined && accepts.criticality(criticality)
      ? { criticality: Number(criticality) as Criticality }
      : {}),
    ...(role === 'primary' || role === 'replica' ? { role } : {}),
    ...(dependsOn === undefined ? {} : { dependsOn: splitIds(dependsOn) }),
  };
}

/** Who cannot write the mode right meant to be careful: nothing is done to the agent. */
export function modeOfLabels(labels: Labels, mode: Mode): Mode {
  const label = labels['mode'];
  if (label === undefined) return mode;
  return strictestMode(mode, accepts.mode(label) ? (label as Mode) : 'observe');
}

/** What labels change in the sections of a policy. */
export function sectionsOfLabels(labels: Labels): PartialSections {
  const expect = usable(labels, 'heartbeat') as 'auto' | 'required' | 'off' | undefined;
  const memory = usable(labels, 'memory-limit-mb');
  const probes = (['health', 'liveness', 'readiness', 'performance'] as const).flatMap((probe) => {
    const way = wayOfLabels(labels, probe);
    return Object.keys(way).length === 0 ? [] : [[probe, way] as const];
  });
  return {
    ...(expect === undefined ? {} : { heartbeat: { expect } }),
    ...(memory === undefined ? {} : { trends: { limits: { memory_usage_mb: Number(memory) } } }),
    ...(probes.length === 0 ? {} : { probes: Object.fromEntries(probes) }),
    ...(labels['restart-scope'] === 'instance' ? { ladder: { restartScope: 'instance' as const } } : {}),
  };
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
  return value !== undefined && accepts[name](value) ? value : undefined;
}

function splitIds(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
