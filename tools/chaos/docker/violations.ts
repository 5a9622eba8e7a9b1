/** What must never happen, each time it did. */
export interface Violations {
  /** Deeds on agents that nothing was wrong with, or that a person had stopped. */
  readonly wrong: string[];
  readonly lost: string[];
  readonly duplicated: string[];
  readonly leftovers: string[];
  /** Of raised limits: every fault has to heal. */
  readonly unhealed: string[];
  /** Not healed, and for no reason that fits. */
  readonly unexplained: string[];
}

export function noViolations(): Violations {
  return { wrong: [], lost: [], duplicated: [], leftovers: [], unhealed: [], unexplained: [] };
}
