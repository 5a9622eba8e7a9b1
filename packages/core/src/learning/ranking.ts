import type { Random } from '../contracts/call.ts';
import type { Draw, EpochMs } from '../model/index.ts';

type Doing = Draw['rung'];

/** Outcomes of a rung for a signature, each counted less the older it is; the figures hold for the moment `at`. */
export interface Tally {
  readonly healed: number;
  readonly failed: number;
  readonly at: EpochMs;
}

export type Tallies = { readonly [R in Doing]?: Tally };

/** An outcome counts 2 % less with every day. */
const decayPerDay = 0.98;
const dayMs = 86_400_000;

/**
 * What is believed of a rung before anything is known, as Beta(α, β): the ladder's own opinion that the stronger remedy
 * heals more often.
 */
const priors: { readonly [R in Doing]: readonly [alpha: number, beta: number] } = {
  restart: [2, 2],
  recreate: [3, 2],
  respawn: [4, 2],
};

export const rankedRungs: readonly Doing[] = ['restart', 'recreate', 'respawn'];

/** The tally as of a later moment. A moment before (the wall clock was set back) changes nothing. */
export function agedTo(tally: Tally, now: EpochMs): Tally {
  const weight = decayPerDay ** (Math.max(0, now - tally.at) / dayMs);
  return { healed: tally.healed * weight, failed: tally.failed * weight, at: Math.max(now, tally.at) };
}

/** The tallies after one more outcome. */
export function counted(tallies: Tallies, rung: Doing, verdict: 'healed' | 'failed', now: EpochMs): Tallies {
  const aged = agedTo(tallies[rung] ?? { healed: 0, failed: 0, at: now }, now);
  return { ...tallies, [rung]: { ...aged, [verdict]: aged[verdict] + 1 } };
}

/**
 * Thompson sampling: for every rung one draw from Beta(α + healed, β + failed). A rung little is known of draws widely
 * and so gets its turn. The same sequence gives the same draws.
 */
export function drawChances(tallies: Tallies, now: EpochMs, random: Random): readonly Draw[] {
  return rankedRungs.map((rung) => {
    const { healed, failed } = agedTo(tallies[rung] ?? { healed: 0, failed: 0, at: now }, now);
    const [alpha, beta] = priors[rung];
    const chance = drawBeta(alpha + healed, beta + failed, random.fork(rung));
    return { rung, chance, healed, failed };
  });
}

/** X/(X+Y) with X ~ Gamma(α), Y ~ Gamma(β) is distributed as Beta(α, β). */
function drawBeta(alpha: number, beta: number, random: Random): number {
  const x = drawGamma(alpha, random);
  const y = drawGamma(beta, random);
  return x / (x + y);
}

/** Marsaglia and Tsang, "A simple method for generating gamma variables" (2000), for shapes of at least 1. */
function drawGamma(shape: number, random: Random): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = drawNormal(random);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - random.next();
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Box and Muller (1958). */
function drawNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
