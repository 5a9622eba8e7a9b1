import { describe, expect, it, vi } from 'vitest';
import type { World } from './rig.ts';
import { fakeWorld, healthy, resolved } from './rig.ts';

const stranger = 'web.stranger';
const why = 'it lies in none of the allowed networks';

/** A world with one more agent, which sends no heartbeat and may not be asked. */
async function worldWithStranger(): Promise<World> {
  const world = await fakeWorld();
  const { rig } = world;
  const probe = rig.fleet.probe.bind(rig.fleet);
  vi.spyOn(rig.fleet, 'probe').mockImplementation(async (request, signal) =>
    request.agentId === stranger
      ? { outcome: 'unknown', latencyMs: 0, detail: why, denied: true }
      : probe(request, signal),
  );
  await rig.clock.advance(1_000);
  await rig.guard().agents.register({ id: stranger, group: 'web', endpoint: 'http://198.51.100.7' });
  return world;
}

describe('an agent whose address may not be called', () => {
  it('does not keep the guard from healing the others, also after a restart', async () => {
    const world = await worldWithStranger();
    const { rig } = world;
    await rig.clock.advance(30_000);
    rig.crash();
    await rig.boot();
    expect(await rig.until(() => rig.guard().status().settled, 60_000)).toBe(true);
    world.kill('web.2');
    expect(await resolved(rig)).toMatchObject({ agentId: 'web.2', outcome: 'healed' });
    await rig.stop();
  });

  it('is unknown, and says why it is not asked, until it may be', async () => {
    const world = await worldWithStranger();
    const { rig } = world;
    await rig.clock.advance(30_000);
    expect(rig.guard().agents.get(stranger)).toMatchObject({
      health: 'unknown',
      remarks: [{ code: 'endpoint-denied', text: why }],
    });
    const { summary, wouldChange } = await rig.guard().explain(stranger);
    expect(summary).toContain(why);
    expect(wouldChange.join()).toContain('allowedNetworks');
    expect(await rig.incidents()).toEqual([]);

    vi.spyOn(rig.fleet, 'probe').mockResolvedValue({ outcome: 'up', latencyMs: 1, statusCode: 200 });
    await rig.clock.advance(10_000);
    expect(rig.guard().agents.get(stranger)).toMatchObject({ health: 'healthy' });
    expect(rig.guard().agents.get(stranger).remarks).toBeUndefined();
    await rig.stop();
  });
});

describe('an agent whose clock is wrong', () => {
  it('counts by when its heartbeats arrive, and says so', async () => {
    const world = await fakeWorld();
    const { rig } = world;
    await healthy(rig);
    const day = 86_400_000;
    const at = (offMs: number) => rig.guard().heartbeat({ agentId: 'web.1', at: rig.clock.now() + offMs });
    expect(at(3_650 * day)).toBe('accepted');
    expect(rig.guard().agents.get('web.1')).toMatchObject({ health: 'healthy', remarks: [{ code: 'clock-skewed' }] });
    await rig.clock.advance(1_000);
    expect(rig.guard().agents.get('web.1').silentMs).toBeLessThan(6_000);

    // It falls silent: what it said of the future buys it no time.
    rig.fleet.suffer('web.1', 'hang');
    expect(await rig.until(async () => (await rig.incidents()).length === 1, 10_000)).toBe(true);
    expect(await resolved(rig)).toMatchObject({ agentId: 'web.1', outcome: 'healed' });
    expect(at(0)).toBe('accepted');
    expect(rig.guard().agents.get('web.1').remarks).toBeUndefined();
    await rig.stop();
  });
});
