/**
 * R10. The incident that taught it: a fleet that was restarted in step after an outage brought its database down again,
 * at every multiple of the same pause.
 */
import { describe, expect, it } from 'vitest';
import { fakeWorld, healthy } from '../scenarios/rig.ts';

/** Pauses between the end of a failed attempt and the beginning of the next, in ms. */
async function pauses(seed: number): Promise<readonly number[]> {
  const { rig, kill } = await fakeWorld(
    {
      gate: {
        settle: '5s',
        attempts: [{ max: 50, per: '1h' }],
        backoff: { base: '8s', cap: '20s' },
        budgets: { group: { least: 100 }, global: { least: 100 } },
      },
      watch: { every: '1s', for: '2s' },
      severity: { escalateFailures: 1_000 },
    },
    undefined,
    seed,
  );
  await healthy(rig);
  for (let times = 0; times < 60; times += 1) {
    const state = rig.guard().agents.get('web.2').agent.instance?.state;
    if (state === 'running') kill('web.2');
    await rig.clock.advance(1_000);
  }
  const lines = (await Promise.all((await rig.incidents()).map((incident) => rig.timeline(incident)))).flat();
  const sorted = lines.sort((a, b) => a.at - b.at);
  const found: number[] = [];
  let endedAt: number | undefined;
  for (const { type, at, data } of sorted) {
    if (type === 'attempt-ended' && data?.['verdict'] === 'failed') endedAt = at;
    if (type !== 'attempt-started' || endedAt === undefined) continue;
    found.push(at - endedAt);
    endedAt = undefined;
  }
  await rig.stop();
  return found;
}

describe('R10: backoff with full jitter', () => {
  it('draws each pause anew below a ceiling that doubles, and no two guards keep step', async () => {
    const all = [await pauses(1), await pauses(2), await pauses(3)];
    for (const one of all) {
      expect(one.length).toBeGreaterThan(0);
      // Ceiling 8 s, 16 s, 20 s …, and half a second until the next tick sees it.
      for (const [turn, pause] of one.entries())
        expect(pause).toBeLessThanOrEqual(Math.min(20_000, 8_000 * 2 ** turn) + 500);
    }
    expect(new Set(all.map(([first]) => first)).size).toBeGreaterThan(1);
  });
});
