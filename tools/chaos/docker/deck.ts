import type { Random } from '@praetorian-guard/core/plugin';
import { eligible, type Fault, type FaultKind, faults } from './faults.ts';
import type { Target } from './injector.ts';
import type { Limits } from './limits.ts';

export interface DeckOptions {
  readonly agentIds: readonly string[];
  readonly kinds: readonly FaultKind[];
  /** Faults in all. */
  readonly injections: number;
  readonly limits: Limits;
  readonly random: Random;
}

const patienceMs = { raised: 90_000, default: 25_000 } as const;

/** What is done next, and to whom. */
export class Deck {
  readonly #o: DeckOptions;
  #kinds: FaultKind[] = [];

  constructor(options: DeckOptions) {
    this.#o = options;
  }

  /**
   * A batch of faults on agents of different groups; one that disturbs guard or engine comes last, and alone of its kind.
   * `done`: faults so far.
   */
  draw(done: number): readonly Target[] {
    const { agentIds, injections, kinds, limits, random } = this.#o;
    const width = Math.min(4, Math.max(2, Math.floor(agentIds.length / 4)), injections - done);
    const batch: Target[] = [];
    const groups = new Set<string>();
    for (let tries = 0; batch.length < width && tries < 3 * kinds.length; tries += 1) {
      const kind = this.#next();
      const free = eligible(kind, agentIds).filter((agentId) => !groups.has(agentId.split('.')[0] ?? ''));
      if (free.length === 0 || (disturbs(kind) && batch.some((target) => disturbs(target.kind)))) {
        this.#kinds.unshift(kind);
        continue;
      }
      const agentId = free[random.integer(free.length)] as string;
      groups.add(agentId.split('.')[0] ?? '');
      batch.push({ number: done + batch.length + 1, kind, agentId, patienceMs: patienceMs[limits] });
    }
    return batch.toSorted((a, b) => Number(disturbs(a.kind)) - Number(disturbs(b.kind)));
  }

  /** Every kind once before any comes again. */
  #next(): FaultKind {
    if (this.#kinds.length === 0) {
      const kinds = [...this.#o.kinds];
      while (kinds.length > 0) this.#kinds.push(...kinds.splice(this.#o.random.integer(kinds.length), 1));
    }
    return this.#kinds.pop() as FaultKind;
  }
}

function disturbs(kind: FaultKind): boolean {
  return (faults[kind] as Fault).disturb !== undefined;
}
