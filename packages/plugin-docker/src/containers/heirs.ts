import type { AgentId } from '@praetorian-guard/core/plugin';
import type { Book, Kept } from './book.ts';
import type { ContainerBefore } from './intent-parts.ts';
import type { Member } from './member.ts';
import type { Roster } from './roster.ts';

/** Who is the agent when this container is retired: the newest of the others, or the one that it replaced. */
export function afterwards(
  { roster, book }: { readonly roster: Roster; readonly book: Book },
  agentId: AgentId,
  containerId: string,
): Pick<ContainerBefore, 'heir' | 'back'> {
  const heir = heirOf(roster.containers(agentId), containerId);
  if (heir) return { heir: heir.facts.Id };
  const back = keptFor(book, agentId, containerId);
  return back ? { back: back.containerId } : {};
}

/** The newest running container beside this one. One that was made and never started is nobody's heir. */
export function heirOf(members: readonly Member[], containerId: string): Member | undefined {
  return members
    .filter(({ facts }) => facts.Id !== containerId && facts.State.Status !== 'created')
    .toSorted(
      (a, b) => Number(b.facts.State.Running) - Number(a.facts.State.Running) || b.generation - a.generation,
    )[0];
}

/** The container that another one replaced, while it is kept. */
function keptFor(book: Book, agentId: AgentId, by: string): Kept | undefined {
  return book.get(agentId).kept?.find((one) => one.by === by);
}

/** Whether the one that came after a container, and would be left of the two, has ended. */
export function isSucceededByDead(roster: Roster, containerId: string, heirId: string): boolean {
  const [old, heir] = [roster.member(containerId), roster.member(heirId)];
  return heir?.ending !== undefined && heir.generation > (old?.generation ?? 0);
}

/** Whether it names an instance of the agent that there was. */
export function isFormer(book: Book, agentId: AgentId, instanceId: string): boolean {
  const entry = book.get(agentId);
  const short = instanceId.slice(agentId.length + 1);
  if (!instanceId.startsWith(`${agentId}~`) || short === '') return false;
  return Object.entries(entry.generations).some(
    ([id, generation]) => id.startsWith(short) || `${generation}` === short,
  );
}
