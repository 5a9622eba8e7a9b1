import type { Action, Instance } from '@praetorian-guard/core/plugin';
import type { Harness } from './harness.ts';

/** Options of a container that its engine starts whenever it has ended. */
export const always = { HostConfig: { RestartPolicy: { Name: 'always' } } };

export function recreate(agentId: string, { id }: Instance) {
  return { kind: 'recreate', agentId, instanceId: id, graceMs: 1_000 } as const satisfies Action;
}

/** What there is of an agent, its name written as `web`: `/web running`. */
export async function statesOf(harness: Harness, name: string): Promise<string[]> {
  return (await harness.containers()).map(({ Names, State }) => `${Names[0]?.replace(name, 'web')} ${State}`);
}
