import type { ContainerFleet } from '../../../examples/reference-host/test/docker/container-fleet.ts';

/** Groups of the fleet. Some faults need a container that is made for them. */
export const groupSizes = (fleet: number): { readonly [group: string]: number } => {
  const special = Math.max(1, Math.round(fleet * 0.15));
  const rest = fleet - 2 * special;
  return { gates: special, archives: special, workers: Math.ceil(rest / 2), planners: Math.floor(rest / 2) };
};

/** An image of its own for an agent of the group `archives`. */
export function imageOf(fleet: ContainerFleet, agentId: string): string {
  return `${fleet.image.split(':')[0] ?? ''}-${agentId.replace('.', '-')}:1`;
}
