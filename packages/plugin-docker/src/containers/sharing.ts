import type { Logger } from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine } from '../engine/engine.ts';
import { inspectEach } from './inspect-each.ts';
import type { Roster } from './roster.ts';

/** What a container can have in common with another one, in which it lives then, and the mode that says so. */
const modes = { network: 'NetworkMode', 'process space': 'PidMode', 'shared memory': 'IpcMode' } as const;
export type Space = keyof typeof modes;

/** A container that lives in another one. */
export interface Sharer {
  readonly id: string;
  readonly name: string;
  readonly isRunning: boolean;
  readonly hostId: string;
  readonly space: Space;
}

/** Id of the container that a mode points at; the engine has made one of whatever it was given. */
export function hostOf(mode: string | null | undefined): string | undefined {
  return /^container:(.+)$/.exec(mode ?? '')?.[1];
}

/** The spaces of one container in which another lives. */
export function spacesOf({ HostConfig }: Pick<ContainerFacts, 'HostConfig'>, hostId: string): readonly Space[] {
  return (Object.keys(modes) as Space[]).filter((space) => hostOf(HostConfig[modes[space]]) === hostId);
}

interface Parts {
  readonly engine: Engine;
  readonly roster: Roster;
  readonly log: Logger;
}

/** Those that live in the network of one of these containers, which the list of the engine tells, agents or not. */
export async function networkSharers({ engine }: Parts, hostIds: readonly string[]): Promise<readonly Sharer[]> {
  return (await engine.containers({})).flatMap(({ Id: id, Names, State, HostConfig: { NetworkMode } }) => {
    const hostId = hostOf(NetworkMode);
    if (hostId === undefined || !hostIds.includes(hostId)) return [];
    return [{ id, name: Names[0]?.slice(1) ?? id, isRunning: State === 'running', hostId, space: 'network' }];
  });
}

/** Those that live in one of these containers in any way. Each that is no agent is looked at, for the list tells of networks alone. */
export async function sharers({ engine, roster, log }: Parts, hostIds: readonly string[]): Promise<readonly Sharer[]> {
  const ids = (await engine.containers({})).map(({ Id }) => Id);
  const strangers = ids.filter((id) => !roster.member(id));
  const { facts } = await inspectEach({ engine, log }, strangers);
  const known = roster.all().map((member) => member.facts);
  return [...known, ...facts].flatMap((one) => {
    const { Id: id, Name, State } = one;
    const shared = { id, name: Name.slice(1), isRunning: State.Running };
    return hostIds.flatMap((hostId) => spacesOf(one, hostId).map((space) => ({ ...shared, hostId, space })));
  });
}

/** They and where they live, as the beginning of a sentence that goes on with the name of the host. */
export function inWords(some: readonly Sharer[]): string {
  const each = (of: 'name' | 'space'): string => [...new Set(some.map((sharer) => sharer[of]))].join(', ');
  return `${each('name')} lives in the ${each('space')} of`;
}
