import type { DiscoveredAgent, Registration } from '../contracts/index.ts';
import { guardError } from '../contracts/index.ts';
import type { Instance, InstanceId } from '../model/index.ts';
import { unnamedInstance, type Current, type Entry } from './entry.ts';

/** Whether another instance is current after a change. */
export type Turn = 'same' | 'replaced';

/** Retired instances remembered per agent; an older one is `unknown`, and its signals do not count either. */
const retiredMax = 16;
const announcedMax = 4;

/**
 * An orchestrator's word on which instance is current. A new id replaces the known one, with two exceptions while the
 * orchestrator has not listed the current one yet: a retired id (the old one lingers beside its replacement), and a lower
 * generation (its list lags behind a respawn; with `final` the list is complete, nothing lags). Once it has, an older one
 * that it lists has come back, because its replacement failed.
 */
export function applyDiscovered(entry: Entry, agent: DiscoveredAgent, orchestrator: string, final = false): Turn {
  const { instance } = agent;
  const { current, discovered } = entry;
  const isFirst = discovered === undefined && entry.orchestrator === undefined;
  const keeps = current !== undefined && keepsCurrent(entry, current, instance, final);
  const revived = isRevived(discovered?.instance, instance);
  entry.orchestrator = orchestrator;
  entry.listed = true;
  entry.listedAs = instance.id;
  entry.discovered = agent;
  if (keeps) return 'same';
  if (current?.id === instance.id) {
    // From here on its orchestrator's word counts alone: where it was once reached it may not be any more.
    const { told: _told, ...rest } = current;
    entry.current = { ...rest, generation: Math.max(current.generation, instance.generation) };
    return revived ? 'replaced' : 'same';
  }
  if (isFirst && current?.named === true) return meet(entry, current, instance);
  return succeed(entry, current, instance);
}

/** Another instance takes the place of the one before. */
function succeed(entry: Entry, current: Current | undefined, { id, generation }: Instance): Turn {
  // The agent's own name for an instance may have come before the orchestrator's event for it.
  const named = entry.alias === id || entry.announced.some((one) => one.id === id);
  const isBack = entry.retired.includes(id);
  // One that is back calls itself what it was called before.
  const next = isBack ? generation : Math.max(generation, current && !current.anonymous ? current.generation + 1 : 1);
  return replace(entry, { id, generation: next, named, anonymous: false });
}

/**
 * The agent has registered before the orchestrator told of it for the first time: one process, two names. To retire the
 * agent's own name would tell it to stop.
 */
function meet(entry: Entry, current: Current, { id, generation }: Instance): Turn {
  entry.alias = current.id;
  entry.current = { id, generation: Math.max(generation, current.generation), named: false, anonymous: false };
  return 'same';
}

/** It was started again: what was measured of its former life says nothing of the new one. */
function isRevived(before: Instance | undefined, now: Instance): boolean {
  return before?.id === now.id && before.state !== undefined && before.state !== 'running' && now.state === 'running';
}

/** Whether the instance an orchestrator lists is not the one that counts. */
function keepsCurrent(entry: Entry, current: Current, listed: Instance, final: boolean): boolean {
  if (current.id === listed.id || entry.listedAs === current.id) return false;
  return entry.retired.includes(listed.id) || (!final && !current.anonymous && listed.generation < current.generation);
}

/** A registration: sets the endpoint of the instance it names, and makes that instance current if it may be. */
export function applyRegistration(entry: Entry, registration: Registration): Turn {
  const { current } = entry;
  const { id, instance, generation } = registration;
  if (current && generation !== undefined && generation < current.generation) {
    throw guardError('GUARD_AGENT_STALE', { agentId: id, current: current.generation, given: generation });
  }
  if (instance !== undefined && entry.retired.includes(instance)) {
    throw guardError('GUARD_AGENT_RETIRED', { agentId: id, instance });
  }
  const rises = generation !== undefined && current !== undefined && generation > current.generation;
  const turn =
    instance === undefined
      ? registerUnnamed(entry, registration, rises)
      : registerNamed(entry, instance, registration, rises);
  if (turn === 'announced') return 'same';
  entry.registration = registration;
  entry.registeredEndpoint = registration.endpoint ?? entry.registeredEndpoint;
  return turn;
}

function registerUnnamed(entry: Entry, registration: Registration, rises: boolean): Turn {
  const { current } = entry;
  if (current && !rises) return 'same';
  const generation = registration.generation ?? 1;
  return replace(entry, {
    id: current?.anonymous === false ? `${unnamedInstance}-${generation}` : unnamedInstance,
    generation,
    named: false,
    anonymous: true,
  });
}

function registerNamed(
  entry: Entry,
  instance: InstanceId,
  registration: Registration,
  rises: boolean,
): Turn | 'announced' {
  const { current } = entry;
  const next: Current = {
    id: instance,
    generation: registration.generation ?? current?.generation ?? 1,
    named: true,
    anonymous: false,
  };
  if (!current) return replace(entry, next);
  if (current.id === instance) {
    entry.current = { ...current, generation: next.generation, named: true };
    return 'same';
  }
  if (entry.alias === instance) return 'same';
  if (rises || entry.orchestrator === undefined || current.anonymous) return replace(entry, next);
  if (current.named) return announce(entry, instance, registration.endpoint);
  // The orchestrator names it otherwise than the agent does: one process, two names.
  if (entry.alias !== undefined) entry.retired = remembered(entry.retired, entry.alias);
  entry.alias = instance;
  entry.registeredEndpoint = undefined;
  return 'same';
}

/** Another instance beside the current one: remembered until an orchestrator or a control plane makes it current. */
function announce(entry: Entry, id: InstanceId, endpoint: string | undefined): 'announced' {
  const others = entry.announced.filter((one) => one.id !== id).slice(1 - announcedMax);
  entry.announced = [...others, endpoint === undefined ? { id } : { id, endpoint }];
  return 'announced';
}

/** Where an instance that is not current said it is to be reached. */
export function announcedEndpoint(entry: Entry, id: InstanceId): string | undefined {
  return entry.announced.find((one) => one.id === id)?.endpoint;
}

/** A control plane's word: the instance is current from now on. */
export function adopt(entry: Entry, instance: Instance): Turn {
  const { current } = entry;
  if (current && instance.generation < current.generation) {
    throw guardError('GUARD_AGENT_STALE', {
      agentId: entry.id,
      current: current.generation,
      given: instance.generation,
    });
  }
  if (current?.id !== instance.id) {
    const named = entry.announced.some(({ id }) => id === instance.id);
    return replace(entry, {
      id: instance.id,
      generation: instance.generation,
      named,
      anonymous: false,
      told: instance,
    });
  }
  entry.current = { ...current, generation: instance.generation, told: { ...current.told, ...instance } };
  return 'same';
}

/** The instance no longer counts. If it was current, the one the orchestrator lists takes its place, if there is one. */
export function retire(entry: Entry, instanceId: InstanceId): Turn {
  entry.announced = entry.announced.filter(({ id }) => id !== instanceId);
  if (entry.current?.id !== instanceId) {
    entry.retired = remembered(entry.retired, instanceId);
    return 'same';
  }
  const listed = entry.discovered?.instance;
  if (listed && listed.id !== instanceId) {
    return replace(entry, { id: listed.id, generation: listed.generation, named: true, anonymous: false });
  }
  leaveCurrent(entry);
  entry.current = undefined;
  return 'replaced';
}

function replace(entry: Entry, next: Current): 'replaced' {
  const endpoint =
    announcedEndpoint(entry, next.id) ?? (entry.alias === next.id ? entry.registeredEndpoint : undefined);
  const back = entry.former?.id === next.id ? entry.former.alias : undefined;
  leaveCurrent(entry, next.id);
  entry.announced = entry.announced.filter(({ id }) => id !== next.id);
  entry.registeredEndpoint = endpoint;
  entry.alias = back;
  entry.retired = entry.retired.filter((id) => id !== next.id && id !== back);
  entry.current = next;
  return 'replaced';
}

function leaveCurrent(entry: Entry, nextId?: InstanceId): void {
  const { current, alias } = entry;
  if (current && current.id !== nextId) entry.retired = remembered(entry.retired, current.id);
  if (alias !== undefined && alias !== nextId) entry.retired = remembered(entry.retired, alias);
  entry.former = current && alias !== undefined && alias !== nextId ? { id: current.id, alias } : undefined;
  entry.alias = undefined;
  entry.registeredEndpoint = undefined;
}

function remembered(retired: readonly InstanceId[], id: InstanceId): readonly InstanceId[] {
  return [...retired.filter((known) => known !== id), id].slice(-retiredMax);
}
