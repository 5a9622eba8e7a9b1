import type { Heartbeat } from '../contracts/index.ts';
import { invalidMetric, isId, type AgentMetrics, type Progress } from '../model/index.ts';

const statuses: readonly unknown[] = [undefined, 'ok', 'degraded', 'draining', 'stopping'];
const roles: readonly unknown[] = [undefined, 'primary', 'replica'];
const versionMax = 200;

/** Which field of a heartbeat is not valid, and why; `undefined` when all are. Fields it does not know are ignored. */
export function heartbeatProblem(beat: unknown): string | undefined {
  if (typeof beat !== 'object' || beat === null || Array.isArray(beat)) return 'the heartbeat has to be an object';
  const { agentId, instance, ...rest } = beat as { readonly [K in keyof Heartbeat]?: unknown };
  if (!isId(agentId)) return problem('agentId', agentId, 'an id of 1–200 characters of A–Z a–z 0–9 . _ : ~ -');
  if (instance !== undefined && !isId(instance)) return problem('instance', instance, 'an id');
  return detailProblem(rest) ?? metricsProblem(rest.metrics) ?? progressProblem(rest.progress);
}

function detailProblem(beat: { readonly [K in keyof Heartbeat]?: unknown }): string | undefined {
  const { seq, at, status, role, epoch, lag, version } = beat;
  if (seq !== undefined && !isCount(seq)) return problem('seq', seq, 'a whole number from 0');
  if (at !== undefined && !isAmount(at)) return problem('at', at, 'milliseconds since 1970');
  if (!statuses.includes(status)) return problem('status', status, 'ok, degraded, draining or stopping');
  if (!roles.includes(role)) return problem('role', role, 'primary or replica');
  if (epoch !== undefined && !isCount(epoch)) return problem('epoch', epoch, 'a whole number from 0');
  if (lag !== undefined && !isAmount(lag)) return problem('lag', lag, 'a number from 0');
  if (version !== undefined && !(typeof version === 'string' && version.length <= versionMax)) {
    return problem('version', version, `a text of at most ${versionMax} characters`);
  }
  return undefined;
}

/** What is wrong with figures from outside; `undefined` when nothing is. */
export function metricsProblem(metrics: unknown): string | undefined {
  if (metrics === undefined) return undefined;
  if (typeof metrics !== 'object' || metrics === null || Array.isArray(metrics))
    return problem('metrics', metrics, 'an object');
  const bad = invalidMetric(metrics);
  if (bad === undefined) return undefined;
  return problem(
    `metrics.${bad}`,
    (metrics as AgentMetrics)[bad],
    bad === 'error_rate' ? 'a number from 0 to 1' : 'a number from 0',
  );
}

function progressProblem(progress: unknown): string | undefined {
  if (progress === undefined) return undefined;
  if (typeof progress !== 'object' || progress === null) return problem('progress', progress, 'an object');
  const { activeTasks, queueDepth, lastProgressAt } = progress as { readonly [K in keyof Progress]?: unknown };
  if (activeTasks !== undefined && !isCount(activeTasks))
    return problem('progress.activeTasks', activeTasks, 'a whole number from 0');
  if (queueDepth !== undefined && !isCount(queueDepth))
    return problem('progress.queueDepth', queueDepth, 'a whole number from 0');
  if (lastProgressAt !== undefined && !isAmount(lastProgressAt)) {
    return problem('progress.lastProgressAt', lastProgressAt, 'milliseconds since 1970');
  }
  return undefined;
}

/** A whole number from 0 that a double holds exactly. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** A finite number from 0. */
export function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** `metrics.error_rate is 7, it has to be a number from 0 to 1`. */
export function problem(field: string, value: unknown, wanted: string): string {
  return `${field} is ${shown(value)}, it has to be ${wanted}`;
}

/** In few words whatever it is: what comes from outside may be long, and nested deeper than calls can be. */
function shown(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 80 ? `${JSON.stringify(value.slice(0, 80))}…` : JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'a list' : 'an object';
}
