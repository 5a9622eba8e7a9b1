/**
 * Fault campaigns against real components: `npm run chaos -- process [--kills 50]` and `npm run chaos -- docker
 * [--injections 300] [--fleet 20] [--limits raised|default|both] [--kinds oom,port]`, both with `[--seed N] [--json]`.
 * Progress goes to standard error, the report to standard output. Exit code 1 when anything happened that must not.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DockerCampaign, type DockerCampaignOptions } from './docker/campaign.ts';
import { type FaultKind, faultKinds } from './docker/faults.ts';
import type { Limits } from './docker/limits.ts';
import * as dockerReport from './docker/report.ts';
import { ProcessCampaign } from './process-campaign.ts';
import { passed, table } from './report.ts';

const usage = [
  'usage: npm run chaos -- process [--kills 50] [--seed N] [--json]',
  '       npm run chaos -- docker [--injections 300] [--fleet 20] [--limits both] [--kinds oom,port] [--seed N] [--json]',
].join('\n');

const limitsOf: { readonly [name: string]: readonly Limits[] } = {
  raised: ['raised'],
  default: ['default'],
  both: ['raised', 'default'],
};

interface Campaign {
  /** The report as text and as JSON, and whether all was well. */
  run(): Promise<{ readonly text: string; readonly json: object; readonly ok: boolean }>;
  close(): Promise<void>;
}

const say = (line: string): void => console.error(line);

function processCampaign(kills: number, seed: number): Campaign {
  const campaign = new ProcessCampaign({ kills, seed, say });
  return {
    run: async () => {
      const report = await campaign.run();
      return { text: table(report), json: report, ok: passed(report) };
    },
    close: () => campaign.close(),
  };
}

function dockerCampaign(options: Omit<DockerCampaignOptions, 'say'>): Campaign {
  const campaign = new DockerCampaign({ ...options, say });
  return {
    run: async () => {
      const report = await campaign.run();
      return { text: dockerReport.table(report), json: report, ok: dockerReport.passed(report) };
    },
    close: () => campaign.close(),
  };
}

function isKind(name: string): name is FaultKind {
  return faultKinds.includes(name as FaultKind);
}

/** `undefined`: what was asked for makes no sense. */
function chosen(): { readonly campaign: Campaign; readonly json: boolean } | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kills: { type: 'string', default: '50' },
      injections: { type: 'string', default: '300' },
      fleet: { type: 'string', default: '20' },
      limits: { type: 'string', default: 'both' },
      kinds: { type: 'string', default: faultKinds.join() },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [kills, injections, fleet] = [values.kills, values.injections, values.fleet].map(Number) as [
    number,
    number,
    number,
  ];
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
  const limits = limitsOf[values.limits];
  const kinds = values.kinds.split(',');
  if (![kills, injections, fleet, seed].every((one) => Number.isInteger(one) && one >= 0)) return undefined;
  const { json } = values;
  if (positionals.join() === 'process' && kills > 0) return { json, campaign: processCampaign(kills, seed) };
  if (positionals.join() !== 'docker' || injections < 1 || fleet < 6 || !limits || !kinds.every(isKind))
    return undefined;
  return { json, campaign: dockerCampaign({ injections, fleet, seed, limits, kinds }) };
}

async function main(): Promise<number> {
  const choice = chosen();
  if (!choice) {
    console.error(usage);
    return 2;
  }
  if (!existsSync('/proc/self/environ')) {
    console.error('A campaign looks at processes in /proc, which this system does not have.');
    return 2;
  }
  const { campaign, json } = choice;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void campaign.close().finally(() => process.exit(130)));
  const report = await campaign.run();
  console.log(json ? JSON.stringify(report.json, null, 2) : report.text);
  return report.ok ? 0 : 1;
}

process.exitCode = await main();
