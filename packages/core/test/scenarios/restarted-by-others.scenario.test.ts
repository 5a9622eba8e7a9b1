import { describe, expect, it } from 'vitest';
import { createGuardRig, FakeOrchestrator } from '../../src/testing/index.ts';
import { healthy, quick, resolved } from './rig.ts';

describe('an agent that its orchestrator has restarted again and again before it gave up', () => {
  it('is healed by one restart: what was before it does not fail the watch', async () => {
    let orchestrator: FakeOrchestrator | undefined;
    const rig = await createGuardRig({
      orchestrator: (clock) =>
        (orchestrator = new FakeOrchestrator({
          clock,
          agents: ['web.1', 'web.2', 'web.3'].map((id) => ({ id, group: 'web', endpoint: `http://127.0.0.1/${id}` })),
          takesMs: { restart: 300, recreate: 800, respawn: 1_500 },
        })),
      agents: ['web.1', 'web.2', 'web.3'],
      groupOf: () => 'web',
      config: quick,
    });
    await healthy(rig);
    const world = orchestrator as FakeOrchestrator;
    for (let time = 0; time < 3; time += 1) {
      world.world.turn('web.1', 'running', { event: 'restarted' });
      await rig.clock.advance(20_000);
    }
    expect(rig.guard().agents.get('web.1').findings).toMatchObject([{ kind: 'restarting' }]);
    world.crash('web.1', { exitCode: 1 });
    expect(await resolved(rig)).toMatchObject({ outcome: 'healed', attempts: [{ verdict: 'healed' }] });
    expect(world.executed.map(({ action }) => action.kind)).toEqual(['restart']);
    expect(rig.guard().agents.get('web.1')).toMatchObject({ health: 'healthy', findings: [] });
    await rig.stop();
  });
});
