import { describe, expect, it } from 'vitest';
import type { Call, Grant } from '../../src/contracts/index.ts';
import type { Action, Decision, Intent, Receipt } from '../../src/model/index.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import { createGuardRig, FakeOrchestrator } from '../../src/testing/index.ts';
import { FaultyStore } from '../../src/testing/simulation/faulty-store.ts';
import { faultyWorld } from './faulty-world.ts';
import { healthy, quick } from './rig.ts';

/** Executes nothing and cannot say so, or does not even say what it would do. */
class Mute extends FakeOrchestrator {
  asked = 0;
  mode: 'mute' | 'unprepared' = 'mute';
  whenAsked: () => Promise<unknown> = async () => undefined;

  override async prepare(action: Action, key: string): Promise<Decision<Intent>> {
    if (this.mode === 'unprepared') throw new TypeError('the daemon is away');
    return super.prepare(action, key);
  }

  override async execute(intent: Intent, grant: Grant, _call: Call): Promise<Receipt> {
    this.asked += 1;
    await this.whenAsked();
    return { key: intent.key, at: grant.deadline, result: 'unknown', text: 'no answer' };
  }
}

async function muteWorld(): Promise<{ rig: GuardRig; world: Mute }> {
  const agents = ['web.1', 'web.2', 'web.3'];
  let world: Mute | undefined;
  const rig = await createGuardRig({
    orchestrator: (clock) => {
      const places = agents.map((id) => ({ id, group: 'web', endpoint: `http://127.0.0.1/${id}` }));
      return (world = new Mute({ clock, agents: places }));
    },
    agents,
    groupOf: () => 'web',
    config: quick,
  });
  await healthy(rig);
  return { rig, world: world as Mute };
}

describe('the gate at the moment of applying', () => {
  it('is asked again before an action that was proven not done is tried once more', async () => {
    const { rig, world } = await muteWorld();
    world.whenAsked = () =>
      rig.guard().hold({ scope: { kind: 'fleet' }, reason: 'stop that', by: 'ann', ttlMs: 3_600_000 });
    world.crash('web.2', { exitCode: 1 });
    await rig.clock.advance(120_000);
    expect(world.asked).toBe(1);
    expect((await rig.incidents())[0]).toMatchObject({ state: 'held', attempts: [{ verdict: 'superseded' }] });
    await rig.stop();
  });
});

describe('an orchestrator that cannot say what it would do', () => {
  it('keeps no incident for ever: a person is told', async () => {
    const { rig, world } = await muteWorld();
    world.mode = 'unprepared';
    world.crash('web.2', { exitCode: 1 });
    await rig.until(async () => (await rig.incidents())[0]?.state === 'escalated', 900_000, 5_000);
    expect((await rig.incidents())[0]).toMatchObject({ state: 'escalated', told: true });
    await rig.stop();
  });
});

describe('what happens at the same moment', () => {
  it('opens an incident for an agent that fails while its last one is being written as resolved', async () => {
    let orchestrator: FakeOrchestrator | undefined;
    let store: FaultyStore | undefined;
    const nothing = (): undefined => undefined;
    // Only the exit tells of it: no probe fails afterwards and makes up for what was missed.
    const rig = await createGuardRig({
      orchestrator: (clock) =>
        (orchestrator = new FakeOrchestrator({ clock, agents: [{ id: 'web.2', group: 'web' }] })),
      agents: ['web.2'],
      groupOf: () => 'web',
      config: { ...quick, heartbeat: { every: '30s', timeout: '10m', silentFor: '20m' } },
      storeOf: (inner, clock) =>
        (store = new FaultyStore(inner, clock, { cut: () => false, committed: nothing, refused: nothing })),
    });
    await healthy(rig);
    const { id } = rig.guard().agents.get('web.2').agent.instance ?? {};
    orchestrator?.world.lifecycle('web.2', id as string, { event: 'unhealthy' });
    await rig.until(async () => (await rig.incidents())[0]?.state === 'open', 5_000, 200);
    orchestrator?.world.lifecycle('web.2', id as string, { event: 'healthy' });
    await rig.clock.advance(1_800);
    store?.slow(3_000, 2_000);
    await rig.clock.advance(1_200);
    orchestrator?.crash('web.2', { exitCode: 1 });
    await rig.clock.advance(120_000);
    const outcomes = (await rig.incidents()).map((one) => one.state === 'resolved' && one.outcome);
    expect(outcomes).toEqual(['healed', 'self-recovered']);
    await rig.stop();
  });

  it('begins no second recovery while the action of the first is under way, whoever deregisters it', async () => {
    const { rig, orchestrator, acts } = await faultyWorld();
    await healthy(rig);
    orchestrator.disturb('slow', 1, 60_000);
    orchestrator.crash('web.2');
    await rig.until(() => acts.length === 1, 10_000, 50);
    await rig.guard().agents.deregister('web.2');
    await rig.clock.advance(500);
    orchestrator.crash('web.2');
    await rig.clock.advance(3_000);
    expect(acts).toHaveLength(1);
    await rig.clock.advance(120_000);
    expect(rig.guard().agents.get('web.2').health).toBe('healthy');
    await rig.stop();
  });
});
