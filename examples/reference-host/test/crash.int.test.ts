import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ProcessCampaign } from '../../../tools/chaos/process-campaign.ts';

// The campaign finds processes by their environment in /proc, which only Linux has.
describe.skipIf(!existsSync('/proc/self/environ'))(
  'a guard that is killed ten times in the middle of recoveries',
  () => {
    it('does nothing twice, loses nothing and leaves nobody behind', { timeout: 180_000 }, async () => {
      const said: string[] = [];
      const report = await new ProcessCampaign({ kills: 10, seed: 20, say: (line) => said.push(line) }).run();
      const none = { doneTwice: [], lost: [], orphans: [], died: [], bystanders: [], unhealed: [] };
      expect({ ...report.violations, said }).toEqual({ ...none, said });
      expect(report.failedAttempts).toEqual([]);
      // An agent that hung and whose silence the crash made the guard forget is known by probes alone: the first rung at
      // most is then the guard's to take (R06), the next a person's.
      expect(report.escalated.filter((text) => !text.includes('single-evidence'))).toEqual([]);
      expect(report.kills).toBe(10);
      expect(report.inRecovery).toBeGreaterThanOrEqual(5);
    });
  },
);
