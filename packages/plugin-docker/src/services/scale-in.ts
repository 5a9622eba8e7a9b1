import type { Slot } from './slots.ts';
import { isUp } from './slots.ts';

/**
 * The slots that may go when a service is scaled in. Swarm first lets go what does not run, then evens out its nodes, and
 * on each node takes the highest slot first; between nodes that are even it decides by chance, so all of these may go.
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
    const nodeId = slot.tasks.findLast(isUp)?.NodeID;
    if (nodeId === undefined) return { slot, rank: Infinity };
    const rank = (onNode.get(nodeId) ?? 0) + 1;
    onNode.set(nodeId, rank);
    return { slot, rank };
  });
  return ranked.sort((a, b) => (a.rank === b.rank ? 0 : a.rank - b.rank));
}

function runs({ tasks }: Slot): boolean {
  return tasks.some(isUp);
}
