import type { IncidentFacts } from '../contracts/index.ts';
import type { Assessment, Capability, LearnedChoice, Rung } from '../model/index.ts';
import { bandOf, capabilityFor, foreseenOnly, rungs } from '../model/index.ts';
import { wasFailedOver } from './failover-plan.ts';
import { isProven } from './proof.ts';
import type { UseWhen } from './use-when.ts';

type Doing = Exclude<Rung, 'escalate'>;

/** The rung a band begins on. */
const entryOf: Readonly<Record<ReturnType<typeof bandOf>, Rung>> = {
  low: 'restart',
  medium: 'recreate',
  high: 'respawn',
  critical: 'escalate',
};

/** Decayed outcomes a rung needs before it may be chosen instead of the ladder's. */
const leastTrials = 5;

export interface Entry {
  readonly rung: Rung;
  /** Why it is not the rung of the band, for the sentence. */
  readonly because: string;
  readonly learned?: LearnedChoice;
}

/**
 * Where the ladder is entered. In this order:
 *
 * 1. Severity gives the rung of its band; in band critical nothing below changes it: a person decides.
 * 2. A line with `least` lifts it.
 * 3. Without one, a line with `prefer` lowers it by one rung at most (R16), before anything of the incident failed.
 * 4. What was learned may choose a gentler rung that neither a `least` nor a failed attempt forbids (R23); it never
 *    chooses a costlier one.
 * 5. What is only foreseen is answered by the smallest action, whatever the rest says.
 * 6. Where one kind of evidence speaks alone it is a restart at most, if that is to be had (R06).
 * 7. After failed attempts it is at least the rung above the last that failed, and a fresh instance for one that is
 *    isolated or whose place as the primary was taken.
 */
export function entryRung(
  facts: IncidentFacts,
  assessment: Assessment,
  of: { readonly table: UseWhen; readonly can: readonly Capability[] },
): Entry {
  const { table, can } = of;
  // A restart leaves one that is isolated out of reach, and who was primary is not to come back as it was.
  const least = facts.isolated || wasFailedOver(facts) ? 'recreate' : 'restart';
  const band = higher(entryOf[bandOf(assessment.severity)], least);
  const above = aboveFailed(facts);
  if (band === 'escalate' || above > 0) return { rung: higher(band, rungs[above] as Rung), because: '' };
  if (least !== 'restart') return { rung: band, because: '' };
  if (foreseenOnly(facts.findings)) return { rung: 'restart', because: '' };
  const { rung: ladder, because } = byTable(band, table);
  if (ladder !== 'restart' && !isProven(facts.findings, 0) && capabilityFor(can, 'restart'))
    return { rung: 'restart', because: `; not ${ladder}: only one kind of evidence speaks against it` };
  const learned = choose(facts, { ladder, floor: rank(table.least?.least ?? 'restart'), can });
  if (!learned) return { rung: ladder, because };
  const rung = learned.mode === 'on' ? learned.would : ladder;
  return { rung, because: because + learnedText(learned), learned };
}

function byTable(band: Doing, { least, prefer }: UseWhen): { readonly rung: Doing; readonly because: string } {
  if (least?.least && rank(least.least) > rank(band))
    return { rung: least.least, because: `; ${least.name}: ${least.reason}` };
  const lowered = prefer?.prefer ? lower(band, prefer.prefer) : band;
  return { rung: lowered, because: lowered === band ? '' : `; ${prefer?.name}: ${prefer?.reason}` };
}

/** After failed attempts at least the rung above the last that failed. */
function aboveFailed({ attempts }: IncidentFacts): number {
  const failed = attempts.filter((attempt) => attempt.verdict === 'failed').map(({ plan }) => rank(plan.rung));
  return Math.min(rungs.length - 1, Math.max(-1, ...failed) + 1);
}

/** The drawn chances among the rungs that are permitted: from the floor to the ladder's own, and to be had. */
function choose(
  { learned }: IncidentFacts,
  of: { readonly ladder: Doing; readonly floor: number; readonly can: readonly Capability[] },
): LearnedChoice | undefined {
  if (!learned) return undefined;
  const { ladder, floor, can } = of;
  const own = learned.draws.find((draw) => draw.rung === ladder);
  const draws = learned.draws.filter(
    ({ rung }) => rank(rung) >= floor && rank(rung) <= rank(ladder) && capabilityFor(can, rung),
  );
  if (!own) return undefined;
  const better = draws
    .filter((draw) => draw.rung !== ladder && draw.healed + draw.failed >= leastTrials && draw.chance >= own.chance)
    .toSorted((a, b) => b.chance - a.chance || rank(a.rung) - rank(b.rung))[0];
  return { mode: learned.mode, would: better?.rung ?? ladder, ladder, draws };
}

function learnedText({ mode, would, ladder, draws }: LearnedChoice): string {
  if (would === ladder) return '';
  const figures = (rung: Doing): string => {
    const draw = draws.find((one) => one.rung === rung);
    if (!draw) return rung;
    const trials = draw.healed + draw.failed;
    return `${rung} ${draw.chance.toFixed(2)} of ${trials.toFixed(1)} outcomes`;
  };
  const verb = mode === 'on' ? 'chose' : 'would choose';
  return `; what worked before ${verb} a ${would} (drawn: ${figures(would)}, ${figures(ladder)})`;
}

function rank(rung: Rung): number {
  return rungs.indexOf(rung);
}

function higher(a: Rung, b: Rung): Rung {
  return rank(a) >= rank(b) ? a : b;
}

/** At most one rung below the band's. */
function lower(band: Doing, preferred: Doing): Doing {
  return rungs[Math.min(rank(band), Math.max(rank(preferred), rank(band) - 1))] as Doing;
}
