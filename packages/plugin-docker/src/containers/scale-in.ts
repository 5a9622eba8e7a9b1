import type { IntentsParts } from './intent-parts.ts';
import type { Member } from './member.ts';
import { inWords, sharers } from './sharing.ts';

/** Why some containers must not be ended and removed for good. `undefined`: nothing speaks against it. */
export async function removalObjection(
  parts: IntentsParts,
  members: readonly Member[],
): Promise<{ readonly text: string; readonly remedy: string } | undefined> {
  for (const { agentId, facts, ending, leaving } of members) {
    if (facts.State.Paused)
      return { text: `The container of ${agentId} is paused.`, remedy: 'Unpause it, or remove it by hand.' };
    if (leaving) return { text: `Somebody is stopping the container of ${agentId}.`, remedy: 'Try again later.' };
    // A person may want to look into it, and with it all that it has written would be gone.
    if (ending?.kind === 'left') {
      const text = `The container of ${agentId} is not to be removed: ${ending.detail}.`;
      return { text, remedy: 'Start it, or remove it by hand.' };
    }
  }
  if (members.length === 0) return undefined;
  const hosts = new Map(members.map(({ agentId, facts }) => [facts.Id, agentId]));
  const [sharer] = await sharers(parts, [...hosts.keys()]);
  if (!sharer) return undefined;
  const text = `${inWords([sharer])} ${hosts.get(sharer.hostId)}, and would be cut off.`;
  return { text, remedy: 'Remove it first, by hand.' };
}
