import type { SimulationResult } from './simulate.ts';
import { simulate } from './simulate.ts';

/** Runs a search for a smaller scenario may cost. */
const runsMax = 60;

/**
 * Leaves out scheduled faults one after another while the same promise is still broken.
 * @returns the smallest run found.
 */
export async function shrink(failed: SimulationResult): Promise<SimulationResult> {
  const broken = failed.violations[0]?.invariant;
  let smallest = failed;
  let runs = 0;
  for (let again = true; again && runs < runsMax;) {
    again = false;
    for (const { id } of [...smallest.scenario.faults].reverse()) {
      if (runs >= runsMax) break;
      runs += 1;
      const keep = smallest.scenario.faults.map((fault) => fault.id).filter((other) => other !== id);
      const tried = await simulate(failed.seed, { keep });
      if (tried.violations[0]?.invariant !== broken) continue;
      smallest = tried;
      again = true;
    }
  }
  return smallest;
}
