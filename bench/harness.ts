/**
 * How a benchmark is written. A file `packages/<package>/bench/<what>.bench.ts` (or `bench/<what>.bench.ts` for what
 * crosses packages) registers one or more:
 *
 *     import { bench } from '../../../bench/harness.ts';
 *
 *     bench('detection.heartbeats', async (ctx) => {
 *       const { value, baseline } = await ctx.sideBySide(() => subject(), () => naive());
 *       return { value, baseline, unit: 'op/s', better: 'higher' };
 *     });
 *
 * `npm run bench` runs them one after another and prints one JSON object a line. `ratio` is value / baseline, and the
 * baseline is measured in the same run on the same machine, never remembered.
 */

export interface Measurement {
  readonly value: number;
  readonly unit: string;
  /** What the value is compared with, measured side by side in this run, in the same unit. */
  readonly baseline: number;
  readonly better: 'higher' | 'lower';
}

export interface BenchContext {
  /** True with `--short`: a smoke run. Use fewer items; `opsPerSecond` and `sideBySide` already use less time. */
  readonly short: boolean;
  /** Calls `run` for the time of one round and returns the calls per second; a promise is awaited. */
  opsPerSecond(run: () => unknown): Promise<number>;
  /** Alternates subject and baseline over several rounds and returns the median calls per second of each. */
  sideBySide(subject: () => unknown, baseline: () => unknown): Promise<{ value: number; baseline: number }>;
  /** The milliseconds that one call takes. */
  milliseconds(run: () => unknown): Promise<number>;
}

export type BenchBody = (ctx: BenchContext) => Promise<Measurement>;

export interface Bench {
  readonly name: string;
  readonly body: BenchBody;
}

const registered: Bench[] = [];

/** Registers a benchmark. The name is `<stage or part>.<what>`, kebab-case, and unique. */
export function bench(name: string, body: BenchBody): void {
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(name))
    throw new TypeError(`bench name "${name}" is not of the form part.what`);
  if (registered.some((one) => one.name === name)) throw new TypeError(`bench name "${name}" is taken`);
  registered.push({ name, body });
}

export function registeredBenches(): readonly Bench[] {
  return registered;
}

export function createContext(short: boolean): BenchContext {
  const roundMs = short ? 30 : 400;
  const rounds = short ? 3 : 7;
  const opsPerSecond = async (run: () => unknown): Promise<number> => {
    await run();
    let calls = 0;
    let took = 0;
    const start = performance.now();
    for (let batch = 1; took < roundMs; batch = Math.min(batch * 2, 1024)) {
      for (let call = 0; call < batch; call += 1) {
        const result = run();
        if (result instanceof Promise) await result;
      }
      calls += batch;
      took = performance.now() - start;
    }
    return (calls / took) * 1000;
  };
  return {
    short,
    opsPerSecond,
    async sideBySide(subject, baseline) {
      const values: number[] = [];
      const baselines: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        values.push(await opsPerSecond(subject));
        baselines.push(await opsPerSecond(baseline));
      }
      return { value: median(values), baseline: median(baselines) };
    },
    async milliseconds(run) {
      const start = performance.now();
      await run();
      return performance.now() - start;
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
