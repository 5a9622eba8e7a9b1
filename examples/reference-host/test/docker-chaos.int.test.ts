import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { DockerCampaign } from '../../../tools/chaos/docker/campaign.ts';
import { faultKinds } from '../../../tools/chaos/docker/faults.ts';
import { testEngine } from './docker/engine.ts';

/** The campaign runs an engine of its own, for which it has to be root; whoever has none here is not asked for one. */
const can = testEngine() !== undefined && has('dockerd') && has('ip');

function has(program: string): boolean {
  try {
    execFileSync('which', [program]);
    return true;
  } catch {
    return false;
  }
}

describe.runIf(can)('every fault that a container can have', () => {
  it('heals, once and by itself, and nobody else is touched', { timeout: 300_000 }, async () => {
    const said: string[] = [];
    const injections = faultKinds.length;
    const campaign = new DockerCampaign({
      injections,
      fleet: 6,
      seed: 20,
      limits: ['raised'],
      say: (line) => said.push(line),
    });
    const [run] = (await campaign.run()).runs;
    const none = { wrong: [], lost: [], duplicated: [], leftovers: [], unhealed: [], unexplained: [] };
    expect({ ...run?.violations, said }).toEqual({ ...none, said });
    expect(run?.injections).toBe(injections);
    expect(Object.keys(run?.kinds ?? {})).toHaveLength(injections);
  });
});
