/**
 * R15. The incident that taught it: a command of Google's Diskerase with an empty list of machines was read as "all
 * machines", and erased a whole content network.
 */
import { describe, expect, it } from 'vitest';
import { problemsOf } from '../config-kit.ts';
import { faultyWorld } from '../scenarios/faulty-world.ts';
import { healthy } from '../scenarios/rig.ts';

describe('R15: an empty selector matches nothing', () => {
  it('an orchestrator that selects nobody has nobody, and nothing is ever done', async () => {
    const { rig, acts } = await faultyWorld({ agents: [] });
    await rig.clock.advance(120_000);
    expect(rig.guard().agents.list().items).toEqual([]);
    expect(acts).toEqual([]);
    await rig.stop();
  });

  it('a scope that names nobody is refused, or covers nobody', async () => {
    const window = { cron: '0 2 * * *', duration: '1h', reason: 'patches' };
    for (const scope of [{}, { groups: [] }, { agents: [] }, { fleet: false }]) {
      const [found] = await problemsOf({ maintenance: [{ ...window, scope }] });
      expect(found?.path).toMatch(/^maintenance\[0\]\.scope/);
    }
    const { rig, orchestrator, acts } = await faultyWorld();
    await healthy(rig);
    await rig.guard().hold({ scope: { kind: 'group', group: 'no-such' }, reason: 'x', by: 'ann', ttlMs: 3_600_000 });
    orchestrator.crash('web.2');
    await rig.clock.advance(10_000);
    expect(acts).toEqual(['web.2 restart']);
    await rig.stop();
  });

  it('an action that would touch more agents than the one is not taken unless that is allowed', async () => {
    const { rig, orchestrator, acts } = await faultyWorld({ kind: 'workload' });
    await healthy(rig);
    orchestrator.crash('web.2');
    await rig.clock.advance(120_000);
    expect(acts.every((act) => act.startsWith('web.2 '))).toBe(true);
    const allowed = await faultyWorld({ kind: 'workload', config: { ladder: { restartScope: 'workload' } } });
    await healthy(allowed.rig);
    allowed.orchestrator.crash('web.2');
    await allowed.rig.clock.advance(60_000);
    expect(allowed.acts).toEqual(['web.1+web.2+web.3+web.4+web.5 restart']);
    await rig.stop();
    await allowed.rig.stop();
  });
});
