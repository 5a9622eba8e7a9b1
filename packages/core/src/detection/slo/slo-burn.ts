import type { BurnPolicy, BurnRate, BurnStatus, Ms, SloFigure, SloObjective, SloPolicy } from '../../model/index.ts';
import { formatDuration } from '../../model/index.ts';
import type { SloRecord } from './slo-record.ts';
import type { Counted } from './slo-tally.ts';

/** An objective of which nothing was heard for this long: what it said last is no longer held against the agent. */
const staleMs: Ms = 300_000;
/** The short window has to hold this share of what the long one has to, or a handful of requests would decide. */
const shortShare = 0.1;

/** Counted for less than this is taken for this long. */
const shortestMs: Ms = 60_000;

/** What a page or ticket is about. */
export interface Burning {
  /** By which the record remembers that it stands. */
  readonly key: string;
  readonly objective: SloObjective;
  readonly rate: BurnRate;
  readonly long: number;
  readonly short: number;
}

/** The share that has to be good. The target of a percentile is met by a share of its samples. */
function targetOf(objective: SloObjective, slo: SloPolicy): number {
  switch (objective) {
    case 'availability':
      return slo.availability;
    case 'errorRate':
      return 1 - slo.errorRate;
    case 'successRate':
      return slo.successRate;
    default:
      return slo.burn.latencyObjective;
  }
}

/**
 * Multi-window multi-burn-rate alerts (Google SRE workbook, chapter 5): burn = share of bad / (1 − target), and a line
 * of the table holds while the long and the short window burn at its factor; of an agent that is known for less than the
 * long window, the unknown part counts as in order. Raised, it stands until one of them is
 * below the factor by `clearBelow`, or nothing was heard for 5 min. A page ends sooner, as soon as the shortest window of
 * the table does not burn at all: an agent that is well again must not be kept from its work by what is over. A page is about the current instance alone; a ticket
 * is about the agent. An outage has an incident of its own: availability only ever makes tickets. Changes nothing: it is
 * also asked by those who only look.
 */
export function judgeBurn(record: SloRecord, slo: SloPolicy, nowMs: Ms): readonly Burning[] {
  const burning: Burning[] = [];
  for (const objective of record.known()) {
    for (const [at, rate] of slo.burn.rates.entries()) {
      if (objective === 'availability' && rate.alert === 'page') continue;
      const key = `${objective}/${at}`;
      const burn = burnOf(record, { objective, rate, slo }, nowMs);
      const stands = record.raised.has(key);
      const heldMs = nowMs - (record.lastMs(objective) ?? nowMs);
      if (!holds(burn, rate, { stands, slo }) && !(stands && isUnknown(burn) && heldMs < staleMs)) continue;
      burning.push({ key, objective, rate, long: burn.long ?? rate.factor, short: burn.short ?? rate.factor });
    }
  }
  return burning;
}

/** The objectives of an agent as they are shown. */
export function figuresOf(record: SloRecord, slo: SloPolicy, nowMs: Ms): readonly SloFigure[] {
  const { windowMs, rates } = slo.burn;
  return [...record.known()].flatMap((objective) => {
    const counted = record.read(objective, { windowMs, nowMs });
    if (counted.total <= 0) return [];
    const target = targetOf(objective, slo);
    const budgetLeft = budgetLeftOf(objective, { counted, target }, slo.burn);
    const burn = rates.map((rate, at): BurnStatus => {
      const { long, short } = burnOf(record, { objective, rate, slo }, nowMs);
      return {
        ...rate,
        ...(long === undefined ? {} : { long }),
        ...(short === undefined ? {} : { short }),
        raised: record.raised.has(`${objective}/${at}`),
      };
    });
    return [
      {
        objective,
        target,
        good: 1 - counted.bad / counted.total,
        ...counted,
        overMs: Math.min(
          windowMs,
          objective === 'availability' ? counted.total : record.coveredMs(objective, nowMs, false),
        ),
        ...(budgetLeft === undefined ? {} : { budgetLeft }),
        burn,
      },
    ];
  });
}

/**
 * Availability has a budget of time, the same however long the agent was seen: 43 min of 30 days at 99.9 %. The others
 * have a share of what there was, and with less than the minimum there is no saying.
 */
function budgetLeftOf(
  objective: SloObjective,
  of: { readonly counted: Counted; readonly target: number },
  burn: BurnPolicy,
): number | undefined {
  const { total, bad } = of.counted;
  const allowed = (1 - of.target) * (objective === 'availability' ? burn.windowMs : total);
  if (allowed <= 0 || (objective !== 'availability' && total < leastOf(objective, burn))) return undefined;
  return 1 - bad / allowed;
}

interface Burn {
  readonly long?: number | undefined;
  readonly short?: number | undefined;
  /** Of a page: in the shortest window of the table. */
  readonly recent?: number | undefined;
}

function burnOf(
  record: SloRecord,
  of: { readonly objective: SloObjective; readonly rate: BurnRate; readonly slo: SloPolicy },
  nowMs: Ms,
): Burn {
  const { objective, rate, slo } = of;
  const ofInstance = rate.alert === 'page';
  const allowed = 1 - targetOf(objective, slo);
  const least = leastOf(objective, slo.burn);
  if (allowed <= 0) return {};
  const over = (windowMs: Ms, atLeast: number): number | undefined => {
    const { total, bad } = record.read(objective, { windowMs, nowMs }, ofInstance);
    if (objective === 'availability') return bad / windowMs / allowed;
    return total < atLeast || total <= 0 ? undefined : bad / total / allowed;
  };
  // What was counted for a minute has not burnt an hour's budget: the rest of the long window has its part of it.
  const coveredMs = objective === 'availability' ? rate.longMs : record.coveredMs(objective, nowMs, ofInstance);
  const part = Math.min(1, Math.max(coveredMs, shortestMs) / rate.longMs);
  const long = over(rate.longMs, least);
  const recentMs = Math.min(...slo.burn.rates.map(({ shortMs }) => shortMs));
  return {
    recent: ofInstance ? over(recentMs, least * shortShare) : undefined,
    long: long === undefined ? undefined : long * part,
    short: over(rate.shortMs, least * shortShare),
  };
}

/** Requests are counted against `minRequests`; tasks and samples of a percentile are fewer by nature. */
function leastOf(objective: SloObjective, { minRequests, minSamples }: BurnPolicy): number {
  return objective === 'errorRate' ? minRequests : minSamples;
}

function holds(
  { long, short, recent = 1 }: Burn,
  { factor }: BurnRate,
  { stands, slo }: { readonly stands: boolean; readonly slo: SloPolicy },
): boolean {
  const from = stands ? factor * (1 - slo.clearBelow) : factor;
  return long !== undefined && short !== undefined && long >= from && short >= from && recent >= 1;
}

function isUnknown({ long, short }: Burn): boolean {
  return long === undefined || short === undefined;
}

const names: { readonly [O in SloObjective]: string } = {
  availability: 'availability',
  errorRate: 'error rate',
  successRate: 'success rate',
  latencyP95: 'p95 latency',
  latencyP99: 'p99 latency',
};

/** `error budget (error rate) burns 20× as fast as it may (1h, 5m)` */
export function burnText({ objective, rate, long, short }: Burning): string {
  const times = Number(Math.min(long, short).toPrecision(2));
  const windows = `${formatDuration(rate.longMs)}, ${formatDuration(rate.shortMs)}`;
  return `its ${names[objective]} uses up the error budget ${times}× as fast as it may (over ${windows}; ${rate.alert} from ${rate.factor}×)`;
}
