/**
 * Fault campaigns against real components: `npm run chaos -- process [--kills 50]` and `npm run chaos -- docker
 * [--injections 300] [--fleet 20] [--limits raised|default|both] [--kinds oom,port]`, both with `[--seed N] [--json]`;
 * and who heals what beside us: `npm run chaos -- compare [--rounds 4] [--kinds oom,hang] [--json]`.
 * Progress goes to standard error, the report to standard output. Exit code 1 when anything happened that must not.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Comparison } from './compare/comparison.ts';
import { type ComparedKind, comparedKinds } from './compare/faults.ts';
import { allHealed, comparisonTable } from './compare/report.ts';
import { DockerCampaign, type DockerCampaignOptions } from './docker/campaign.ts';
import { type FaultKind, faultKinds } from './docker/faults.ts';
import type { Limits } from './docker/limits.ts';
import * as dockerReport from './docker/report.ts';
import { ProcessCampaign } from './process-campaign.ts';
import { passed, table } from './report.ts';

const usage = [
  'usage: npm run chaos -- process [--kills 50] [--seed N] [--json]',
  '       npm run chaos -- docker [--injections 300] [--fleet 20] [--limits both] [--kinds oom,port] [--seed N] [--json]',
  '       npm run chaos -- compare [--rounds 4] [--kinds oom,hang] [--json]',
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

function comparison(rounds: number, kinds: readonly ComparedKind[]): Campaign {
  const both = new Comparison({ rounds, kinds, say });
  return {
    run: async () => {
      const report = await both.run();
      return { text: comparisonTable(report), json: report, ok: allHealed(report) };
    },
    close: () => both.close(),
  };
}

function isCompared(name: string): name is ComparedKind {
  return comparedKinds.includes(name as ComparedKind);
}

function isKind(name: string): name is FaultKind {
  return faultKinds.includes(name as FaultKind);
}

const options = {
  kills: { type: 'string', default: '50' },
  injections: { type: 'string', default: '300' },
  fleet: { type: 'string', default: '20' },
  rounds: { type: 'string', default: '4' },
  limits: { type: 'string', default: 'both' },
  kinds: { type: 'string' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  json: { type: 'boolean', default: false },
} as const;

function asked(): ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>> | undefined {
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (thrown) {
    // An option that there is not.
    console.error((thrown as Error).message);
    return undefined;
  }
}

/** `undefined`: what was asked for makes no sense. */
function chosen(): { readonly campaign: Campaign; readonly json: boolean } | undefined {
  const given = asked();
  const campaign = given && campaignOf(given.positionals.join(), given.values);
  return campaign && { campaign, json: given.values.json };
}

interface Values {
  readonly kills: string;
  readonly injections: string;
  readonly fleet: string;
  readonly rounds: string;
  readonly limits: string;
  readonly kinds?: string | undefined;
  readonly seed: string;
}

function campaignOf(name: string, values: Values): Campaign | undefined {
  const [kills, injections, fleet, rounds, seed] = [
    values.kills,
    values.injections,
    values.fleet,
    values.rounds,
    values.seed,
  ].map(Number) as [number, number, number, number, number];
  if (![kills, injections, fleet, rounds, seed].every((one) => Number.isInteger(one) && one >= 0)) return undefined;
  const kinds = values.kinds?.split(',');
  if (name === 'process') return kills > 0 ? processCampaign(kills, seed) : undefined;
  if (name === 'compare') {
    const compared = kinds ?? comparedKinds;
    return rounds > 0 && compared.every(isCompared) ? comparison(rounds, compared) : undefined;
  }
  const limits = limitsOf[values.limits];
  const injected = kinds ?? faultKinds;
  if (name !== 'docker' || injections < 1 || fleet < 6 || !limits || !injected.every(isKind)) return undefined;
  return dockerCampaign({ injections, fleet, seed, limits, kinds: injected });
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
