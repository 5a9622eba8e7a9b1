import { describe, expect, it } from 'vitest';
import type { Random } from '../../contracts/index.ts';
import { seededRandom } from '../../runtime/seeded-random.ts';
import { MetricTrend, type TrendSettings } from './metric-trend.ts';
import { normalQuantile } from './theil-sen.ts';

const minute = 60_000;
const hour = 60 * minute;
const settings: TrendSettings = {
  limit: 512,
  windowMs: 2 * hour,
  withinMs: hour,
  minSamples: 30,
  z: normalQuantile(0.99),
};

type Figures = (atMs: number) => number;

/** Of the normal distribution (Box, Muller). */
const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

const tooth = (atMs: number, everyMs: number): number => (atMs / everyMs) % 1;

interface Lived {
  /** Times at which something began to be foretold. */
  readonly alarms: readonly number[];
  /** When the limit was reached. */
  readonly endMs: number | undefined;
  /** Since when it was foretold without a break, at the end. */
  readonly foretoldMs: number | undefined;
}

/** A report every half a minute, until the limit is reached. */
function live(figures: Figures, forMs: number): Lived {
  const trend = new MetricTrend(settings.windowMs, 0);
  const alarms: number[] = [];
  let foretoldMs: number | undefined;
  for (let atMs = 0; atMs < forMs; atMs += minute / 2) {
    const value = Math.max(1, figures(atMs));
    if (value >= settings.limit) return { alarms, endMs: atMs, foretoldMs };
    if (trend.add(value, atMs, settings)) trend.look(atMs, settings);
    if (trend.foretold && foretoldMs === undefined) alarms.push(atMs);
    foretoldMs = trend.foretold ? (foretoldMs ?? atMs) : undefined;
  }
  return { alarms, endMs: undefined, foretoldMs };
}

/** Kinds of agents that are well; each draws its own level and noise. */
const sound: { readonly [name: string]: (random: Random) => Figures } = {
  'white noise': (random) => {
    const [level, noise] = [100 + random.next() * 330, 2 + random.next() * 20];
    return () => level + noise * normal(random);
  },
  'noise just below the limit': (random) => {
    const noise = 2 + random.next() * 6;
    return () => Math.min(511, 470 + noise * normal(random));
  },
  'noise that remembers (autocorrelation 0.9)': (random) => {
    let drift = 0;
    return () => 250 + (drift = 0.9 * drift + 8 * normal(random));
  },
  'collections of garbage, every 20 s to 15 min': (random) => {
    const [everyMs, height] = [(20 + random.next() * 880) * 1_000, 50 + random.next() * 250];
    return (atMs) => 150 + height * tooth(atMs, everyMs) + 2 * normal(random);
  },
  'a day of more and less work': (random) => {
    const height = 50 + random.next() * 150;
    return (atMs) => 250 + height * Math.sin((2 * Math.PI * atMs) / (24 * hour)) + 4 * normal(random);
  },
  'steps up and down': (random) => {
    let level = 200;
    return () => {
      if (random.next() < 0.003) level = 150 + random.next() * 250;
      return level + 3 * normal(random);
    };
  },
};

describe('of agents that are well', () => {
  // Measured over 250 agent-days of each kind: none; 1 of noise with an autocorrelation of 0.97.
  it.each(Object.keys(sound))('nothing is foretold: %s, 25 agent-days', (name) => {
    const make = sound[name] as (random: Random) => Figures;
    let alarms = 0;
    for (let seed = 1; seed <= 25; seed += 1) {
      const random = seededRandom(`${name}/${seed}`, { now: () => 0 });
      alarms += live(make(random), 24 * hour).alarms.length;
    }
    expect(alarms).toBe(0);
  });

  it('a cache that fills and then stays is no leak', () => {
    const figures: Figures = (atMs) => 80 + 250 * (1 - Math.exp(-atMs / (40 * minute)));
    expect(live(figures, 24 * hour).alarms).toEqual([]);
  });

  it('what came back from a height once is not foretold below it again', () => {
    const slow: Figures = (atMs) => 100 + 320 * tooth(atMs, 3 * hour);
    const { alarms } = live(slow, 48 * hour);
    expect(alarms.filter((atMs) => atMs > 3 * hour)).toEqual([]);
  });
});

describe('a leak', () => {
  it.each([
    ['slow', 20, 2, undefined],
    ['of 60 MB an hour in noise', 60, 5, undefined],
    ['of 100 MB an hour in more noise', 100, 10, undefined],
    ['fast', 400, 5, undefined],
    ['under collections of garbage every minute', 100, 5, minute],
    ['under collections of garbage every ten minutes', 60, 5, 10 * minute],
  ])('%s is foretold in time, and taken back never', (name, mbPerHour, noise, garbageMs) => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const random = seededRandom(`${name}/${seed}`, { now: () => 0 });
      const { endMs, foretoldMs } = live(
        (atMs) =>
          100 +
          (mbPerHour * atMs) / hour +
          noise * normal(random) +
          (garbageMs === undefined ? 0 : 100 * tooth(atMs, garbageMs)),
        72 * hour,
      );
      expect(endMs).toBeDefined();
      expect((endMs as number) - (foretoldMs ?? Infinity)).toBeGreaterThan(15 * minute);
    }
  });

  it('is foretold with figures that are right', () => {
    const trend = new MetricTrend(settings.windowMs, 0);
    const random = seededRandom('figures', { now: () => 0 });
    let atMs = 0;
    for (; !trend.foretold; atMs += minute / 2) {
      const value = 100 + (120 * atMs) / hour + 3 * normal(random);
      if (trend.add(value, atMs, settings)) trend.look(atMs, settings);
    }
    const endMs = ((512 - 100) / 120) * hour;
    const { timeToLimitMs, atLeastMs, atMostMs, slope, lowerSlope } = trend.foretold;
    expect(Math.abs(atMs + timeToLimitMs - endMs)).toBeLessThan(10 * minute);
    expect(atLeastMs).toBeLessThanOrEqual(timeToLimitMs);
    expect(atMostMs).toBeGreaterThanOrEqual(timeToLimitMs);
    expect(atMostMs).toBeLessThanOrEqual(settings.withinMs);
    expect(slope * hour).toBeCloseTo(120, -1);
    expect(lowerSlope).toBeLessThanOrEqual(slope);
  });

  it('needs thirty buckets with a figure; those without one are no figures of zero', () => {
    const trend = new MetricTrend(settings.windowMs, 0);
    // Every fourth minute only: thirty of them take two hours.
    for (let atMs = 0; atMs < 29 * 4 * minute; atMs += 4 * minute)
      if (trend.add(300 + atMs / minute, atMs, settings)) trend.look(atMs, settings);
    expect(trend.foretold).toBeUndefined();
  });

  it('of which nothing was heard for long is forgotten', () => {
    const trend = new MetricTrend(settings.windowMs, 0);
    let atMs = 0;
    for (; !trend.foretold; atMs += minute / 2)
      if (trend.add(100 + (120 * atMs) / hour, atMs, settings)) trend.look(atMs, settings);
    expect(trend.forget(atMs + minute)).toBe(false);
    expect(trend.forget(trend.staleMs)).toBe(true);
    expect(trend.foretold).toBeUndefined();
  });
});
