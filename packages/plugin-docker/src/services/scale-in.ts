import type { Slot } from './slots.ts';
import { isUp, isWanted } from './slots.ts';

/**
 * The slots that may go when a service is scaled in. Swarm first lets go what has no node, then evens out its nodes, and
 * on each node takes first what does not run, and then the highest slot; between nodes that are even it decides by chance,
 * so all of these may go.
 */
export function mayGo<S extends Slot>(slots: readonly S[], replicas: number): readonly S[] {
  const ranked = rankedOf(slots);
  const going = ranked.length - replicas;
  if (going <= 0) return [];
  const last = ranked[replicas];
  return ranked.filter(({ rank }, at) => at >= replicas || rank === last?.rank).map(({ slot }) => slot);
}

/** Those that stay longest first; the rank counts the slots of a node. */
function rankedOf<S extends Slot>(slots: readonly S[]): readonly { readonly slot: S; readonly rank: number }[] {
  const onNode = new Map<string, number>();
  const inOrder = slots.toSorted((a, b) => Number(runs(b)) - Number(runs(a)) || Number(a.name) - Number(b.name));
  const ranked = inOrder.map((slot) => {
    const nodeId = nodeOf(slot);
    if (nodeId === undefined) return { slot, rank: Infinity };
    const rank = (onNode.get(nodeId) ?? 0) + 1;
    onNode.set(nodeId, rank);
    return { slot, rank };
  });
  return ranked.sort((a, b) => (a.rank === b.rank ? 0 : a.rank - b.rank));
}

/** Swarm counts a slot to a node when its one task has one, be it that it does not run yet. */
function nodeOf({ tasks }: Slot): string | undefined {
  const [task, another] = tasks.filter(isWanted);
  return another ? undefined : task?.NodeID;
}

function runs({ tasks }: Slot): boolean {
  return tasks.some(isUp);
}
