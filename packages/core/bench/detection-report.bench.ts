/**
 * How soon a failure is seen, and how often one is seen that is none: a fixed timeout, phi-accrual alone, and the guard
 * (phi, probes and lifecycle together), on the same simulated fleet. Delays are compared at equal false alarms: the
 * baseline is the shortest fixed timeout that has no more of them. Deterministic: the figures are those of the seed.
 */
import { bench, type BenchContext, type Measurement } from '../../../bench/harness.ts';
import { day, type Report, type Score, simulate } from './detection-world.ts';

/** The timeout of the defaults, in seconds. */
const usualTimeout = 90;
const longestTimeout = 600;

let made: Report | undefined;

function report({ short }: BenchContext): Report {
  made ??= short ? simulate(200, day, 'report') : simulate(1_000, 3 * day, 'report');
  return made;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] as number;
}

/** The shortest fixed timeout that raises no more false alarms. */
function equalTimeout({ fixed }: Report, falseAlarms: number): Score {
  for (let seconds = 1; seconds < longestTimeout; seconds += 1) {
    const score = fixed(seconds);
    if (score.falseAlarms <= falseAlarms) return score;
  }
  throw new RangeError(`no fixed timeout has ${falseAlarms} false alarms at most`);
}

/** The smallest acceptable pause with which phi alone raises no more false alarms than the usual timeout. */
function equalPhi({ phi, fixed }: Report): Score {
  const most = fixed(usualTimeout).falseAlarms;
  for (const score of phi.values()) if (score.falseAlarms <= most) return score;
  throw new RangeError(`phi has more than ${most} false alarms with every pause`);
}

/** Seconds; a failure that is seen at once counts as one tick of the simulation. */
const seconds = (delays: readonly number[], share: number): number => Math.max(1, quantile(delays, share) / 1_000);

function delay(of: (report: Report) => Score, share: number, only: 'delays' | 'hangDelays') {
  return async (ctx: BenchContext): Promise<Measurement> => {
    const whole = report(ctx);
    const subject = of(whole);
    const baseline = equalTimeout(whole, subject.falseAlarms);
    return {
      value: seconds(subject[only], share),
      baseline: seconds(baseline[only], share),
      unit: 's',
      better: 'lower',
    };
  };
}

function falseAlarms(of: (report: Report) => Score) {
  return async (ctx: BenchContext): Promise<Measurement> => {
    const whole = report(ctx);
    // None in the simulated time means fewer than one.
    const rate = (score: Score): number => (1_000 * Math.max(1, score.falseAlarms)) / whole.agentDays;
    return {
      value: rate(of(whole)),
      baseline: rate(whole.fixed(usualTimeout)),
      unit: 'false alarms/1000 agent-days',
      better: 'lower',
    };
  };
}

bench(
  'detection.delay-p50',
  delay(({ guard }) => guard, 0.5, 'delays'),
);
bench(
  'detection.delay-p99',
  delay(({ guard }) => guard, 0.99, 'delays'),
);
bench(
  'detection.delay-p50-of-hangs',
  delay(({ guard }) => guard, 0.5, 'hangDelays'),
);
bench('detection.delay-p50-phi-alone', delay(equalPhi, 0.5, 'delays'));
bench('detection.delay-p99-phi-alone', delay(equalPhi, 0.99, 'delays'));
bench(
  'detection.false-alarms',
  falseAlarms(({ guard }) => guard),
);
bench(
  'detection.false-alarms-phi-alone',
  falseAlarms(({ phi }) => phi.get(3_000) as Score),
);
