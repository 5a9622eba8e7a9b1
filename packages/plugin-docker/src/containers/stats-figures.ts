import type { AgentMetrics, EpochMs } from '@praetorian-guard/core/plugin';
import type { ContainerStats } from '../engine/engine.ts';

/** What is kept of a container's statistics, to be compared with the next. */
export interface Sample {
  /** By the engine's clock. */
  readonly at: EpochMs;
  /** Processor time used since the container's start, ns. */
  readonly cpuNs?: number;
  readonly memoryBytes?: number;
}

/** Statistics as an engine may send them: of a container that has ended, hardly anything. */
type Sent = {
  readonly read?: string;
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number } };
  readonly memory_stats?: { readonly usage?: number; readonly stats?: { readonly [name: string]: number } };
};

/** `undefined` when the container does not run: its figures are zero then, and mean nothing. */
export function sampleOf(stats: ContainerStats): Sample | undefined {
  const { read, cpu_stats: cpu, memory_stats: memory } = stats as Sent;
  // The engine writes the year 1 for a sample that was never taken.
  const at = Date.parse(read ?? '');
  if (!(at > 0)) return undefined;
  const cpuNs = cpu?.cpu_usage?.total_usage ?? 0;
  const memoryBytes = bytesOf(memory);
  return {
    at,
    ...(cpuNs > 0 ? { cpuNs } : {}),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}

/** As `docker stats` shows it: without the pages of files that the kernel takes back when it needs them. */
function bytesOf(memory: Sent['memory_stats']): number | undefined {
  const usage = memory?.usage ?? 0;
  if (usage <= 0) return undefined;
  // cgroup v1 has both names, of which only this one counts the groups below.
  const spare = memory?.stats?.['total_inactive_file'] ?? memory?.stats?.['inactive_file'] ?? 0;
  return spare < usage ? usage - spare : usage;
}

/** The metrics of an agent from its container's sample and the one before; what cannot be said is left out. */
export function figuresOf(sample: Sample, before: Sample | undefined): AgentMetrics {
  const cpu = before ? shareOf(sample, before) : undefined;
  const { memoryBytes } = sample;
  return {
    ...(cpu === undefined ? {} : { cpu_usage: cpu }),
    ...(memoryBytes === undefined ? {} : { memory_usage_mb: memoryBytes / 1024 ** 2 }),
  };
}

/** Share of one processor, between two samples of one run of the container. */
function shareOf(sample: Sample, before: Sample): number | undefined {
  if (sample.cpuNs === undefined || before.cpuNs === undefined) return undefined;
  const passedNs = (sample.at - before.at) * 1e6;
  const usedNs = sample.cpuNs - before.cpuNs;
  return passedNs > 0 && usedNs >= 0 ? usedNs / passedNs : undefined;
}
