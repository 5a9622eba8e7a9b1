import { describe, expect, it } from 'vitest';
import type { GuardRig } from '../../src/testing/index.ts';
import { createGuardRig, FakeOrchestrator } from '../../src/testing/index.ts';
import { quick, resolved } from './rig.ts';

/** A container as most are: no heartbeat, no address to ask at. */
async function plainContainer(): Promise<{ rig: GuardRig; orchestrator: FakeOrchestrator }> {
  let orchestrator: FakeOrchestrator | undefined;
  const rig = await createGuardRig({
    orchestrator: (clock) => (orchestrator = new FakeOrchestrator({ clock, agents: [{ id: 'db.1', group: 'db' }] })),
    agents: [],
    groupOf: () => 'db',
    config: quick,
  });
  await rig.clock.advance(20_000);
  return { rig, orchestrator: orchestrator as FakeOrchestrator };
}

describe('an agent of which only its orchestrator tells', () => {
  it('is healed by a restart that holds through the watch', async () => {
    const { rig, orchestrator } = await plainContainer();
    orchestrator.crash('db.1', { exitCode: 1 });
    expect(await resolved(rig)).toMatchObject({ outcome: 'healed', attempts: [{ verdict: 'healed' }] });
    await rig.stop();
  });

  it('climbs the ladder when it ends again during the watch', async () => {
    const { rig, orchestrator } = await plainContainer();
    orchestrator.crash('db.1', { exitCode: 1 });
    await rig.until(async () => (await rig.incidents())[0]?.state === 'watching', 30_000, 200);
    orchestrator.crash('db.1', { exitCode: 1 });
    const incident = await resolved(rig);
    expect(incident.attempts.map(({ plan, verdict }) => [plan.rung, verdict])).toEqual([
      ['restart', 'failed'],
      ['recreate', 'healed'],
    ]);
    await rig.stop();
  });

  it('is not taken for ready when it ends as soon as it was started', async () => {
    const { rig, orchestrator } = await plainContainer();
    let ends = 0;
    orchestrator.world.listen((event) => {
      if (event.type !== 'lifecycle' || event.event !== 'started' || ends > 0) return;
      ends += 1;
      orchestrator.crash('db.1', { exitCode: 1 });
    });
    orchestrator.crash('db.1', { exitCode: 1 });
    const { attempts } = await resolved(rig);
    expect(attempts.map(({ plan, verdict }) => [plan.rung, verdict])).toEqual([
      ['restart', 'failed'],
      ['recreate', 'healed'],
    ]);
    expect(attempts[0]?.failure?.text).toContain('await-ready');
    await rig.stop();
  });

  it('recovers by itself when somebody starts it again', async () => {
    const { rig, orchestrator } = await plainContainer();
    await rig.guard().hold({ scope: { kind: 'fleet' }, reason: 'x', by: 'ann', ttlMs: 10_000 });
    orchestrator.crash('db.1', { exitCode: 1 });
    await rig.clock.advance(2_000);
    orchestrator.world.turn('db.1', 'running', { event: 'started' });
    expect(await resolved(rig)).toMatchObject({ outcome: 'self-recovered', attempts: [] });
    await rig.stop();
  });
});
