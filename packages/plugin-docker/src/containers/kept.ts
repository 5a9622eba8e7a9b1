import type { EpochMs } from '@praetorian-guard/core/plugin';
import type { Kept } from './book.ts';

/**
 * What is kept once a replacement is complete. What was kept for the container that is replaced now, which had not proven
 * itself yet, is kept for the new one; so is what was left of replacements that nobody finishes any more.
 */
export function keptFor(
  kept: readonly Kept[],
  { key, by, now }: { readonly key: string; readonly by: string; readonly now: EpochMs },
): readonly Kept[] {
  const replaced = kept.find((one) => one.key === key)?.containerId;
  const isFor = (one: Kept): boolean => one.key === key || one.by === '' || one.by === replaced;
  return kept.map((one) => (isFor(one) ? { ...one, by, since: now } : one));
}

/** Of several that are kept the oldest stays: those after it were replaced before they had proven themselves. */
export function notWorthKeeping(kept: readonly Kept[]): readonly Kept[] {
  return kept.filter(({ by }) => by !== '').slice(1);
}
