/**
 * Simulates whole guards, one for each seed: `npm run sim -- --seeds 100 [--from 1] [--keep 3,7] [--twice] [--replay] [--verbose]`.
 * A failure is made smaller and printed with the end of its log and the command that repeats it.
 */
import { parseArgs } from 'node:util';
import { describeFault } from '../src/testing/simulation/scenario.ts';
import { shrink } from '../src/testing/simulation/shrink.ts';
import type { SimulationResult } from '../src/testing/simulation/simulate.ts';
import { simulate } from '../src/testing/simulation/simulate.ts';

const tail = 40;
/** Every life of the guard is replayed as well in one seed of so many; `--replay` does it in each. */
const replayEvery = 10;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
    keep: { type: 'string' },
    twice: { type: 'boolean', default: false },
    replay: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
  },
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function report(result: SimulationResult): void {
  const { seed, scenario, violations, log } = result;
  const keep = scenario.faults.map((fault) => fault.id).join(',');
  say(`\nseed ${seed} breaks ${[...new Set(violations.map((one) => one.invariant))].join(', ')}:`);
  for (const { invariant, text } of violations.slice(0, 10)) say(`  ${invariant}: ${text}`);
  say(
    `fleet: ${scenario.orchestrator}, ${scenario.groups.map((one) => `${one.id} ${one.agents.length} ${one.mode}`).join('; ')}`,
  );
  say(`faults that suffice:`);
  for (const fault of scenario.faults) say(`  ${describeFault(fault)}`);
  const first = log.findIndex((line) => line.includes('VIOLATION'));
  const end = first < 0 ? log.length : first + 1;
  say(`log:`);
  for (const line of values.verbose ? log : log.slice(Math.max(0, end - tail), end)) say(`  ${line}`);
  say(`repeat: npm run sim -- --from ${seed} --seeds 1 --keep ${keep || '0'} --verbose\n`);
}

const keep = values.keep?.split(',').map(Number);
const from = Number(values.from);
const seeds = Number(values.seeds);
const startCpu = process.cpuUsage();
const startMs = Date.now();
let failed = 0;
let passedMs = 0;
for (let seed = from; seed < from + seeds; seed += 1) {
  const result = await simulate(seed, { ...(keep ? { keep } : {}), replay: values.replay || seed % replayEvery === 0 });
  passedMs += result.passedMs;
  if (values.twice && (await simulate(seed, keep ? { keep } : {})).digest !== result.digest) {
    failed += 1;
    say(`seed ${seed} breaks I9: two runs differ; repeat: npm run sim -- --from ${seed} --seeds 1 --twice`);
  }
  if (result.violations.length === 0) {
    if (values.verbose) for (const line of keep ? result.log : [`seed ${seed}: kept`]) say(line);
    continue;
  }
  failed += 1;
  report(keep || values['no-shrink'] ? result : await shrink(result));
}
const wallS = (Date.now() - startMs) / 1_000;
const { user, system } = process.cpuUsage(startCpu);
const cpuS = (user + system) / 1_000_000;
say(
  `${seeds} seeds, ${failed} failed; ${(passedMs / 3_600_000).toFixed(1)} h virtual in ${wallS.toFixed(1)} s: ` +
    `${(seeds / wallS).toFixed(2)} seeds/s, ${(cpuS / seeds).toFixed(2)} s of CPU a seed`,
);
process.exitCode = failed === 0 ? 0 : 1;
