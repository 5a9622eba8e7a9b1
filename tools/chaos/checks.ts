import { isDeepStrictEqual } from 'node:util';
import type { Attempt, Incident, StepRecord, TimelineEntry } from '@praetorian-guard/core/plugin';
import type { FleetProcess, Overlap } from './world.ts';

/** What the host has on record after a crash. */
export interface Recorded {
  readonly incident: Incident;
  readonly timeline: readonly TimelineEntry[];
}

/** A process that an action is to start, as it was journaled before it was started. */
interface Birth {
  readonly key: string;
  readonly mode: string;
}

/** What the world shows of starts. */
export interface Starts {
  readonly processes: readonly FleetProcess[];
  readonly overlaps: readonly Overlap[];
  /** How often each instance began to listen. */
  readonly listened: ReadonlyMap<string, number>;
}

/**
 * Whether any action was done twice. Each process carries the key that was journaled before it was started, so each
 * start has to be the one start of exactly one journaled step, or the first of its agent; a key that two processes
 * carry, or a process whose key no step knows, is a start too many.
 */
export function doneTwice(records: readonly Recorded[], starts: Starts): readonly string[] {
  const attempts = records.flatMap(({ incident }) => attemptsOf(incident));
  const births = new Map(attempts.flatMap((attempt) => birthsOf(attempt)).map((birth) => [birth.key, birth]));
  return [
    ...startedTwice(starts),
    ...startedByNobody(starts.processes, births),
    ...livedTogether(starts, births),
    ...attempts.flatMap((attempt) => replacedTwice(attempt, starts.processes)),
    ...records.flatMap(journaledTwice),
  ];
}

function startedTwice({ processes, listened }: Starts): readonly string[] {
  const pids = new Map<string, FleetProcess[]>();
  for (const one of processes) pids.set(one.key, [...(pids.get(one.key) ?? []), one]);
  const twice = [...pids.values()].filter((some) => some.length > 1);
  return [
    ...twice.map(
      (some) =>
        `${some[0]?.instanceId} was started ${some.length} times: pids ${some.map(({ pid }) => pid).join(', ')}`,
    ),
    ...[...listened]
      .filter(([, count]) => count > 1)
      .map(([id, count]) => `${id} says in its log that it started ${count} times`),
  ];
}

function startedByNobody(processes: readonly FleetProcess[], births: ReadonlyMap<string, Birth>): readonly string[] {
  return processes
    .filter(({ key, generation }) => generation > 1 && !births.has(key))
    .map(({ instanceId, pid }) => `${instanceId} (pid ${pid}) was started by no journaled step`);
}

/** Two processes of one agent at once are right only while a new one is brought up beside the old. */
function livedTogether({ overlaps, processes }: Starts, births: ReadonlyMap<string, Birth>): readonly string[] {
  return overlaps.flatMap(({ agentId, keys }) => {
    const together = processes.filter(({ key }) => keys.includes(key)).sort((a, b) => a.generation - b.generation);
    const newest = births.get(together.at(-1)?.key ?? '');
    if (keys.length === 2 && newest?.mode === 'beside') return [];
    return [`${agentId} had ${together.map(({ instanceId }) => instanceId).join(' and ')} at the same time`];
  });
}

function replacedTwice(attempt: Attempt, processes: readonly FleetProcess[]): readonly string[] {
  const keys = new Set(birthsOf(attempt).map(({ key }) => key));
  const brought = processes.filter(({ key }) => keys.has(key));
  if (brought.length < 2) return [];
  return [`one attempt (${attempt.plan.rung}) brought ${brought.map(({ instanceId }) => instanceId).join(' and ')}`];
}

/** The journal itself: each step is begun once and finished once, and the lines are numbered without a gap. */
function journaledTwice({ incident, timeline }: Recorded): readonly string[] {
  const begun = timeline.filter(({ type }) => type === 'step-started').map(({ data }) => data?.['key'] as string);
  const twice = begun.filter((key, at) => begun.indexOf(key) !== at);
  const gaps = timeline.filter(({ seq }, at) => seq !== at + 1);
  return [
    ...twice.map((key) => `${incident.id} began step ${key} twice`),
    ...(gaps.length > 0 ? [`${incident.id} has a gap in its timeline at line ${gaps[0]?.seq}`] : []),
  ];
}

/** What was heard of an incident before and is not on record now. */
export function lost(id: string, heard: readonly TimelineEntry[], now: Recorded | undefined): readonly string[] {
  if (!now) return [`${id} is gone`];
  return heard
    .filter((entry) => !now.timeline.some((kept) => kept.seq === entry.seq && isDeepStrictEqual(kept, entry)))
    .map((entry) => `${id} has lost line ${entry.seq} (${entry.type})`);
}

export function attemptsOf(incident: Incident): readonly Attempt[] {
  const current = 'attempt' in incident && incident.attempt ? [incident.attempt] : [];
  return [...incident.attempts, ...current];
}

function birthsOf(attempt: Attempt): readonly Birth[] {
  return attempt.steps.flatMap((step) => birthOf(step) ?? []);
}

function birthOf(step: StepRecord): Birth | undefined {
  if (!('effect' in step) || step.effect.type !== 'action') return undefined;
  const { action, before } = step.effect.intent;
  const birth = before['birth'] as { readonly key: string } | undefined;
  return birth && { key: birth.key, mode: action.kind === 'respawn' ? action.mode : 'in-place' };
}
