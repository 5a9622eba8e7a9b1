import type { ContainerFacts } from '../engine/engine.ts';

/** What a container can have in common with another one, in which it lives then, and the mode that says so. */
const modes = { network: 'NetworkMode', 'process space': 'PidMode', 'shared memory': 'IpcMode' } as const;
export type Space = keyof typeof modes;

/** Id of the container that a mode points at; the engine has made one of whatever it was given. */
export function hostOf(mode: string | null | undefined): string | undefined {
  return /^container:(.+)$/.exec(mode ?? '')?.[1];
}

/** The spaces of one container in which another lives. */
export function spacesOf({ HostConfig }: Pick<ContainerFacts, 'HostConfig'>, hostId: string): readonly Space[] {
  return (Object.keys(modes) as Space[]).filter((space) => hostOf(HostConfig[modes[space]]) === hostId);
}
