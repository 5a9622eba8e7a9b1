import { type Logger, messageOf } from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine, ListedContainer } from '../engine/engine.ts';
import { inspectEach } from './inspect-each.ts';
import type { Roster } from './roster.ts';
import { hostOf, type Space, spacesOf } from './spaces.ts';

/** A container that lives in another one. */
export interface Sharer {
  readonly id: string;
  readonly name: string;
  readonly isRunning: boolean;
  readonly hostId: string;
  readonly space: Space;
}

interface Parts {
  readonly engine: Engine;
  readonly roster: Roster;
  readonly log: Logger;
}

/** Those that live in the network of one of these containers, which the list of the engine tells, agents or not. */
export async function networkSharers({ engine }: Parts, hostIds: readonly string[]): Promise<readonly Sharer[]> {
  return inNetworks(await engine.containers({}), hostIds);
}

/** Those that live in one of these containers in any way. Each that is no agent is looked at, for the list tells of networks alone. */
export async function sharers(parts: Parts, hostIds: readonly string[]): Promise<readonly Sharer[]> {
  const listed = await parts.engine.containers({});
  const members = listed.flatMap(({ Id }) => parts.roster.member(Id)?.facts ?? []);
  const strangers = await lookAt(
    parts,
    listed.map(({ Id }) => Id).filter((id) => !parts.roster.member(id)),
  );
  const others = [...members, ...strangers].flatMap((one) =>
    hostIds.flatMap((hostId) => spacesOf(one, hostId).map((space) => shared(one, hostId, space))),
  );
  return [...inNetworks(listed, hostIds), ...others.filter(({ space }) => space !== 'network')];
}

/** An engine that is stuck on some of them keeps nobody from being healed. */
async function lookAt(parts: Parts, ids: readonly string[]): Promise<readonly ContainerFacts[]> {
  try {
    return (await inspectEach(parts, ids)).facts;
  } catch (error) {
    parts.log.warn({ why: messageOf(error) }, 'who else lives in a container could not be found out');
    return [];
  }
}

function inNetworks(listed: readonly ListedContainer[], hostIds: readonly string[]): readonly Sharer[] {
  return listed.flatMap(({ Id: id, Names, State, HostConfig: { NetworkMode } }) => {
    const hostId = hostOf(NetworkMode);
    if (hostId === undefined || !hostIds.includes(hostId)) return [];
    return [{ id, name: Names[0]?.slice(1) ?? id, isRunning: State === 'running', hostId, space: 'network' }];
  });
}

function shared({ Id: id, Name, State }: ContainerFacts, hostId: string, space: Space): Sharer {
  return { id, name: Name.slice(1), isRunning: State.Running, hostId, space };
}

/** They and where they live, as the beginning of a sentence that goes on with the name of the host. */
export function inWords(some: readonly Sharer[]): string {
  const each = (of: 'name' | 'space'): string => [...new Set(some.map((sharer) => sharer[of]))].join(', ');
  return `${each('name')} lives in the ${each('space')} of`;
}
