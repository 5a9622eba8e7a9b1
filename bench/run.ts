/**
 * Runs the benchmarks: `npm run bench -- [--short] [--filter <text>]`. One JSON object a line on standard output;
 * everything else goes to standard error.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Bench, createContext, type Measurement, registeredBenches } from './harness.ts';

const root = join(import.meta.dirname, '..');

function benchFiles(): string[] {
  const packages = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name, 'bench'));
  return [...packages, join(root, 'bench')]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
    .filter((file) => file.endsWith('.bench.ts'))
    .sort();
}

/** Four significant digits: more would pretend a precision that a benchmark does not have. */
const round = (value: number): number => Number(value.toPrecision(4));

function toLine(name: string, { value, unit, baseline, better }: Measurement): string {
  if (!(baseline > 0) || !Number.isFinite(value)) throw new RangeError(`value ${value}, baseline ${baseline}`);
  return JSON.stringify({
    name,
    value: round(value),
    unit,
    baseline: round(baseline),
    ratio: round(value / baseline),
    better,
  });
}

async function runOne({ name, body }: Bench, short: boolean): Promise<boolean> {
  try {
    console.log(toLine(name, await body(createContext(short))));
    return true;
  } catch (error) {
    console.error(`bench ${name} failed:`, error);
    return false;
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { short: { type: 'boolean', default: false }, filter: { type: 'string' } } });
  for (const file of benchFiles()) await import(pathToFileURL(file).href);
  const chosen = registeredBenches().filter(({ name }) => name.includes(values.filter ?? ''));
  if (chosen.length === 0)
    console.error(values.filter ? `no benchmark matches "${values.filter}"` : 'no benchmark yet');
  let failed = 0;
  for (const one of chosen) if (!(await runOne(one, values.short))) failed += 1;
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
