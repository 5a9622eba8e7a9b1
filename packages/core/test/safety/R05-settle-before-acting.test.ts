/**
 * R05. The incident that taught it: a controller that came back found an empty cache, took every workload for lost and
 * recreated what was running; another replayed a stream of old events after each reconnect and acted on all of them.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGuardRig, FakeOrchestrator, type GuardRig } from '../../src/testing/index.ts';
import { faultyWorld } from '../scenarios/faulty-world.ts';
import { healthy, quick, resolved } from '../scenarios/rig.ts';

const firstAct = (acts: readonly string[]): boolean => acts.length > 0;

interface Quiet {
  readonly rig: GuardRig;
  readonly orchestrator: FakeOrchestrator;
}

const alive = { ...quick.probes.liveness, type: 'command', command: ['alive'] };

/** Agents that send nothing, so that the guard hears of them only what it asks. */
async function quietWorld(probes: object, isAddressed = true): Promise<Quiet> {
  const agents = ['web.1', 'web.2', 'web.3'];
  let orchestrator: FakeOrchestrator | undefined;
  const rig = await createGuardRig({
    orchestrator: (clock) => {
      const at = (id: string): object => (isAddressed ? { endpoint: `http://127.0.0.1/${id}` } : {});
      return (orchestrator = new FakeOrchestrator({
        clock,
        agents: agents.map((id) => ({ id, group: 'web', ...at(id) })),
      }));
    },
    agents,
    groupOf: () => 'web',
    heartbeatMs: 0,
    config: { ...quick, probes: { ...quick.probes, ...probes } },
  });
  onTestFinished(() => rig.stop());
  return { rig, orchestrator: orchestrator as FakeOrchestrator };
}

describe('R05: settle before acting', () => {
  it('does nothing within the grace after a start, however dead an agent is', async () => {
    const { rig, orchestrator, acts } = await faultyWorld();
    await healthy(rig);
    rig.crash();
    orchestrator.crash('web.2');
    await rig.clock.advance(1_000);
    const started = rig.clock.now();
    await rig.boot();
    await rig.until(() => firstAct(acts), 60_000, 50);
    expect(acts).toEqual(['web.2 restart']);
    // Grace 5 s in this world.
    expect(rig.clock.now() - started).toBeGreaterThanOrEqual(5_000);
    await rig.stop();
  });

  it('does nothing before the inventory was listed, however long that takes', async () => {
    const { rig, orchestrator, acts } = await faultyWorld();
    await healthy(rig);
    rig.crash();
    orchestrator.crash('web.2');
    orchestrator.breakInventory(6);
    await rig.boot();
    await rig.clock.advance(30_000);
    expect(rig.guard().status().settled).toBe(false);
    expect(acts).toEqual([]);
    expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
    await rig.stop();
  });

  it('does nothing while an inventory is broken off, and takes what was said before for nothing', async () => {
    const { rig, orchestrator, acts } = await faultyWorld();
    await healthy(rig);
    orchestrator.breakInventory(8);
    rig.fleet.suffer('web.2', 'hang');
    await rig.until(async () => (await rig.incidents()).length > 0, 60_000, 100);
    await rig.clock.advance(10_000);
    expect(rig.guard().status().settled).toBe(false);
    expect(acts).toEqual([]);
    expect((await rig.incidents())[0]).toMatchObject({ because: { code: 'settling' } });
    await rig.until(() => firstAct(acts), 240_000, 200);
    expect(rig.guard().status().settled).toBe(true);
    await rig.stop();
  });

  it('settles anew when a store that was away comes back, however short that was', async () => {
    const { rig, store, orchestrator, acts } = await faultyWorld();
    await healthy(rig);
    store.fail(7_000);
    await rig.clock.advance(3_000);
    orchestrator.crash('web.2');
    await rig.until(() => !rig.guard().status().settled, 30_000, 50);
    const back = rig.clock.now();
    expect(acts).toEqual([]);
    await rig.until(() => firstAct(acts), 60_000, 50);
    expect(rig.clock.now() - back).toBeGreaterThanOrEqual(4_900);
    expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
    await rig.stop();
  });

  it('drops events of long ago that an orchestrator replays', async () => {
    const { rig, orchestrator, acts } = await faultyWorld();
    await healthy(rig);
    const { id } = orchestrator.world.current('web.2');
    const at = rig.clock.now() - 3_600_000;
    for (let times = 0; times < 3; times += 1)
      orchestrator.world.lifecycle('web.2', id, { event: 'died', exitCode: 1, at });
    await rig.clock.advance(60_000);
    expect(await rig.incidents()).toEqual([]);
    expect(acts).toEqual([]);
    await rig.stop();
  });

  it('does nothing before everybody who can be asked was asked, be it by a command alone', async () => {
    const { rig, orchestrator } = await quietWorld({ liveness: { ...alive, every: '60s' } }, false);
    const asked = new Set<string>();
    orchestrator.onExec = (agentId) => {
      asked.add(agentId);
      return {};
    };
    await rig.until(() => rig.guard().status().settled, 120_000, 100);
    expect([...asked].sort()).toEqual(['web.1', 'web.2', 'web.3']);
  });

  it('does not wait for an answer of who has ended, and of whom no command can tell any more', async () => {
    const { rig, orchestrator } = await quietWorld({ liveness: alive });
    await healthy(rig);
    rig.crash();
    orchestrator.crash('web.2');
    await rig.boot();
    expect(await resolved(rig)).toMatchObject({ agentId: 'web.2', outcome: 'healed' });
  });

  it('does not wait for who is asked nothing, though it has an address', async () => {
    const nothing = { path: '' };
    const { rig, orchestrator } = await quietWorld({
      health: nothing,
      liveness: nothing,
      readiness: nothing,
      performance: nothing,
    });
    await rig.until(() => rig.guard().status().settled, 60_000);
    orchestrator.crash('web.2');
    expect(await resolved(rig)).toMatchObject({ agentId: 'web.2', outcome: 'healed' });
  });
});
