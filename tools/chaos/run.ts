/**
 * Fault campaigns against real components: `npm run chaos -- process [--kills 50] [--seed N] [--json]`.
 * Progress goes to standard error, the report to standard output. Exit code 1 when anything happened that must not.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ProcessCampaign } from './process-campaign.ts';
import { passed, table } from './report.ts';

const usage = 'usage: npm run chaos -- process [--kills 50] [--seed N] [--json]';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kills: { type: 'string', default: '50' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const kills = Number(values.kills);
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
  if (positionals.join() !== 'process' || !Number.isInteger(kills) || kills < 1 || !Number.isInteger(seed)) {
    console.error(usage);
    return 2;
  }
  if (!existsSync('/proc/self/environ')) {
    console.error('chaos process reads the environment of processes from /proc, which this system does not have.');
    return 2;
  }
  const campaign = new ProcessCampaign({ kills, seed, say: (line) => console.error(line) });
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void campaign.close().finally(() => process.exit(130)));
  const report = await campaign.run();
  console.log(values.json ? JSON.stringify(report, null, 2) : table(report));
  return passed(report) ? 0 : 1;
}

process.exitCode = await main();
