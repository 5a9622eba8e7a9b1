import { describe, expect, it } from 'vitest';
import { faultyWorld } from './faulty-world.ts';
import { healthy } from './rig.ts';

describe('an agent that a person starts again', () => {
  it('gets work again as soon as its probes are answered', async () => {
    const { rig, orchestrator } = await faultyWorld({ config: { groups: { web: { mode: 'observe' } } } });
    await healthy(rig);
    orchestrator.crash('web.2');
    await rig.clock.advance(60_000);
    const routed = (): readonly string[] =>
      rig
        .guard()
        .routes('web')
        .map((route) => route.agentId);
    expect(routed()).not.toContain('web.2');
    orchestrator.world.turn('web.2', 'running', { event: 'started' });
    await rig.clock.advance(30_000);
    expect(rig.guard().agents.get('web.2')).toMatchObject({ health: 'healthy', breaker: 'closed' });
    expect(routed()).toContain('web.2');
    await rig.stop();
  });

  it('counts as sound from the last suspicion on, not from before the failure', async () => {
    const { rig, orchestrator } = await faultyWorld({ config: { groups: { web: { mode: 'observe' } } } });
    await healthy(rig);
    orchestrator.crash('web.2');
    await rig.clock.advance(60_000);
    const startedAt = rig.clock.now();
    orchestrator.world.turn('web.2', 'running', { event: 'started' });
    await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 60_000, 100);
    const [incident] = await rig.incidents();
    expect(incident).toMatchObject({ state: 'resolved', outcome: 'self-recovered' });
    // Proven for one interval of the watch.
    expect((incident?.changedAt ?? 0) - startedAt).toBeGreaterThanOrEqual(2_000);
    await rig.stop();
  });
});
