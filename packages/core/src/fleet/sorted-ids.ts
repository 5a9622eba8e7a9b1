/**
 * Ids in order of their characters, for paging. Adding and removing are cheap; the order is mended at the next look:
 * only what is new is sorted and then merged, so that a fleet that changes little costs little to list.
 */
export class SortedIds {
  #sorted: string[] = [];
  readonly #added = new Set<string>();
  readonly #removed = new Set<string>();

  add(id: string): void {
    if (!this.#removed.delete(id)) this.#added.add(id);
  }

  remove(id: string): void {
    if (!this.#added.delete(id)) this.#removed.add(id);
  }

  /** Ids after `after`, in order; everything without it. */
  *from(after?: string): Generator<string> {
    this.#mend();
    const sorted = this.#sorted;
    for (let at = after === undefined ? 0 : firstAfter(sorted, after); at < sorted.length; at += 1) {
      yield sorted[at] as string;
    }
  }

  #mend(): void {
    if (this.#added.size === 0 && this.#removed.size === 0) return;
    const kept = this.#removed.size === 0 ? this.#sorted : this.#sorted.filter((id) => !this.#removed.has(id));
    this.#sorted = merged(kept, [...this.#added].sort());
    this.#added.clear();
    this.#removed.clear();
  }
}

function merged(left: readonly string[], right: readonly string[]): string[] {
  const all: string[] = [];
  let at = 0;
  for (const id of right) {
    while (at < left.length && (left[at] as string) < id) all.push(left[at++] as string);
    all.push(id);
  }
  while (at < left.length) all.push(left[at++] as string);
  return all;
}

/** Index of the first id greater than `after` (binary search). */
function firstAfter(sorted: readonly string[], after: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
