import type { Incident } from '@praetorian-guard/core';
import type { EngineEvent } from '../../../examples/reference-host/test/docker/engine-log.ts';
import { attemptsOf } from '../checks.ts';

/** While this lasts an agent is broken, or the campaign itself has its hands on it. */
export interface Window {
  readonly agentId: string;
  readonly from: number;
  readonly to: number;
}

/** What somebody does to a container by the API; how it ends by itself is none of them. */
const deeds = new Set(['kill', 'stop', 'restart', 'create', 'start', 'pause', 'unpause', 'rename', 'destroy']);
/** What was begun for a broken agent may come to its end when it has just become well. */
const trailingMs = 1_000;

/** Deeds on agents that nothing was wrong with. What was replaced and kept may be removed whenever its time is over. */
export function wrongActions(events: readonly EngineEvent[], windows: readonly Window[]): readonly string[] {
  const wrong = events.filter(({ action, name, agentId, at }) => {
    if (!deeds.has(action) || agentId === undefined || name.startsWith('praetorian-kept.')) return false;
    return !windows.some((one) => one.agentId === agentId && at >= one.from && at <= one.to + trailingMs);
  });
  return wrong.map(({ agentId, action, at }) => `${agentId}: ${action} at ${new Date(at).toISOString()}`);
}

interface Deed {
  readonly kind: string;
  readonly succeeded: boolean;
}

const starting = new Set(['restart', 'recreate', 'respawn']);

/** Steps that start a container, as they were journaled; those that were over before belong to a fault of before. */
function deedsOf(incident: Incident, since: number): readonly Deed[] {
  const steps = attemptsOf(incident).flatMap((attempt) => attempt.steps);
  return steps.flatMap((step) => {
    if (!('effect' in step) || step.effect.type !== 'action') return [];
    if (step.state === 'finished' && step.receipt.at < since) return [];
    const { kind } = step.effect.intent.action;
    const succeeded = step.state === 'finished' && step.receipt.result === 'succeeded';
    return starting.has(kind) ? [{ kind, succeeded }] : [];
  });
}

export interface Told {
  readonly agentId: string;
  /** When the fault was done. */
  readonly since: number;
  /** Of the agent, in the window of its fault. */
  readonly events: readonly EngineEvent[];
  /** Those that were open in it. */
  readonly incidents: readonly Incident[];
  /** Starts that the campaign made itself. */
  readonly ownStarts: number;
  /** How often the guard said that a container it had made was stuck in the engine, and is made again. */
  readonly stuck: number;
}

/** Whether the engine saw each journaled action once, and no other. */
export function countActions({ agentId, since, events, incidents, ownStarts, stuck }: Told): {
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
} {
  const begun = incidents.flatMap((incident) => deedsOf(incident, since));
  const succeeded = begun.filter((deed) => deed.succeeded);
  const failedToReplace = begun.filter((deed) => deed.kind !== 'restart' && !deed.succeeded).length;
  const starts = events.filter(({ action }) => action === 'start').length - ownStarts;
  const creates = events.filter(({ action }) => action === 'create');
  const thrownAway = creates.filter((event) => wasThrownAway(event, events)).slice(0, stuck);
  const made = creates.filter((event) => !thrownAway.includes(event));
  const keys = made.map(({ key }) => key ?? 'no key');
  const twice = keys.filter((key, at) => keys.indexOf(key) !== at);
  const lost = starts < succeeded.length ? [`${agentId}: ${succeeded.length} actions succeeded, ${starts} starts`] : [];
  // One that does not start gives way to the old one, which is started again.
  const most = begun.length + failedToReplace;
  const tooMany = starts > most ? [`${agentId}: ${starts} starts, ${begun.length} actions were journaled`] : [];
  return { lost, duplicated: [...tooMany, ...twice.map((key) => `${agentId}: made twice for ${key}`)] };
}

/** Made, never started, and removed before anything else was made for the same action: that it could not be started showed. */
function wasThrownAway({ containerId, key, at }: EngineEvent, events: readonly EngineEvent[]): boolean {
  const own = events.filter((event) => event.containerId === containerId);
  const removed = own.find(({ action }) => action === 'destroy');
  if (!removed || own.some(({ action }) => action === 'start')) return false;
  return !events.some(
    (other) => other.action === 'create' && other.key === key && other.at > at && other.at < removed.at,
  );
}

export interface Standing {
  readonly agentId: string | undefined;
  readonly name: string;
  readonly state: string;
}

/** What nobody needs of what is there at rest: an agent has one container that runs, and one that is kept at most. */
export function leftovers(standing: readonly Standing[], agentIds: readonly string[]): readonly string[] {
  const left: string[] = [];
  for (const agentId of agentIds) {
    const mine = standing.filter((one) => one.agentId === agentId);
    const kept = mine.filter(({ name }) => name.startsWith('/praetorian-kept.'));
    const others = mine.filter((one) => !kept.includes(one));
    if (others.length !== 1) left.push(`${agentId} has ${others.length} containers: ${namesOf(others)}`);
    if (kept.length > 1) left.push(`${agentId} has ${kept.length} kept containers: ${namesOf(kept)}`);
    const alive = kept.filter(({ state }) => state !== 'exited');
    if (alive.length > 0) left.push(`${agentId} keeps one that is not ended: ${namesOf(alive)}`);
  }
  const strangers = standing.filter(({ agentId }) => agentId === undefined || !agentIds.includes(agentId));
  return [...left, ...strangers.map(({ name }) => `${name} belongs to no agent`)];
}

function namesOf(some: readonly Standing[]): string {
  return some.map(({ name, state }) => `${name.slice(1)} (${state})`).join(', ');
}
