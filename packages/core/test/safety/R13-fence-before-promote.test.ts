import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayPromote, type PromotionFacts } from '../../src/recovery/index.ts';
import { crash, kinds, leads, pair, story, withoutIsolation } from '../scenarios/failover-world.ts';

/**
 * Taught by GitHub in October 2018: after 43 seconds of a cut cable replicas were promoted on the other coast while the
 * old primaries still took writes, and 24 hours went into putting both histories together.
 */
const facts = (change: Partial<PromotionFacts> = {}): PromotionFacts => ({
  now: 1_000_000,
  primary: { id: 'db.1', fencedBy: 'stopped' },
  replica: { id: 'db.2', lagMs: 500, health: 'healthy' },
  maxLagMs: 5_000,
  restMs: 1_800_000,
  ...change,
});

describe('R13: fence before promote', () => {
  it('promotes a near replica of a primary that is proven stopped or isolated', () => {
    expect(mayPromote(facts())).toMatchObject({ act: true, value: 'db.2' });
    expect(mayPromote(facts({ primary: { id: 'db.1', fencedBy: 'isolated' } }))).toMatchObject({ act: true });
  });

  it.each<[string, Partial<PromotionFacts>, string]>([
    ['a primary that is merely silent', { primary: { id: 'db.1' } }, 'not-fenced'],
    ['a replica too far behind', { replica: { id: 'db.2', lagMs: 5_001, health: 'healthy' } }, 'replica-unfit'],
    ['a replica of unknown lag', { replica: { id: 'db.2', health: 'healthy' } }, 'replica-unfit'],
    ['a replica that is not well', { replica: { id: 'db.2', lagMs: 0, health: 'unknown' } }, 'replica-unfit'],
    ['a failover that has not settled', { last: { at: 999_000 } }, 'failover-unsettled'],
    ['a failover that has just settled', { last: { at: 1, settledAt: 900_000 } }, 'failover-unsettled'],
  ])('does not promote over %s, and says what would change that', (_what, change, code) => {
    const decision = mayPromote(facts(change));
    expect(decision).toMatchObject({ act: false, reason: { code } });
    expect(decision.reason.text).not.toBe('');
    expect(decision.reason.remedy).not.toBe('');
  });

  it('never promotes without a fence, whatever else speaks for it', () => {
    const any = fc.record({
      now: fc.integer({ min: 0, max: 1e12 }),
      replica: fc.record({ id: fc.constant('db.2'), lagMs: fc.nat(), health: fc.constant('healthy') }),
      maxLagMs: fc.nat(),
      restMs: fc.nat(),
    });
    fc.assert(
      fc.property(any, (given) => {
        expect(mayPromote({ ...given, primary: { id: 'db.1' } }).act).toBe(false);
      }),
    );
  });

  it('promotes nobody when the isolation failed and the primary may still run', async () => {
    const { rig, world } = await pair();
    const promoted: string[] = [];
    rig.fleet.roles.listen((agentId) => promoted.push(agentId));
    rig.fleet.suffer('db.1', 'hang');
    const isolates = world.execute.bind(world);
    world.execute = async (intent, grant, call) =>
      intent.action.kind === 'isolate'
        ? { key: intent.key, at: 0, result: 'failed', retryable: false, code: 'step-failed', text: 'no such network' }
        : isolates(intent, grant, call);
    await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 240_000);
    expect(promoted).toEqual([]);
    expect(leads(rig, 'db.1')).toBe(true);
    expect(await story(rig)).toContain('db.1 may still be writing: nothing proves that it was stopped or isolated.');
  });

  it('promotes nobody when the primary has ended, may be started again by its orchestrator, and cannot be isolated', async () => {
    const { rig, world } = await pair({ when: 'at-once' }, { supports: withoutIsolation });
    const promoted: string[] = [];
    rig.fleet.roles.listen((agentId) => promoted.push(agentId));
    const place = world.world.place('db.1');
    place.instances = place.instances.map((instance) => ({ ...instance, mayRun: true }));
    crash(world, 'db.1');
    await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 240_000);
    expect(promoted).toEqual([]);
    expect(await story(rig)).toContain('db.1 may still be writing');
  });

  it('leaves out a replica that is held, and does nothing while the group is', async () => {
    const { rig, world } = await pair();
    await rig
      .guard()
      .hold({ scope: { kind: 'agent', agentId: 'db.3' }, reason: 'a backup', ttlMs: 600_000, by: 'ada' });
    crash(world, 'db.1');
    await rig.until(() => leads(rig, 'db.2'), 30_000, 100);
    expect(leads(rig, 'db.2')).toBe(true);
    const other = await pair();
    await other.rig.guard().hold({ scope: { kind: 'group', group: 'db' }, reason: 'work', ttlMs: 60_000, by: 'ada' });
    crash(other.world, 'db.1');
    await other.rig.clock.advance(50_000);
    expect(kinds(other.world)).toEqual([]);
  });

  it('waits at the call for a hold that came between the fence and the promotion', async () => {
    const { rig, world } = await pair();
    const isolates = world.execute.bind(world);
    world.execute = async (intent, grant, call) => {
      const receipt = await isolates(intent, grant, call);
      if (intent.action.kind === 'isolate')
        await rig.guard().hold({ scope: { kind: 'agent', agentId: 'db.3' }, reason: 'wait', ttlMs: 8_000, by: 'ada' });
      return receipt;
    };
    let promotedMs = 0;
    rig.fleet.roles.listen(() => (promotedMs = rig.clock.monotonic()));
    const crashedMs = rig.clock.monotonic();
    crash(world, 'db.1');
    await rig.until(() => leads(rig, 'db.3'), 60_000, 100);
    expect(promotedMs - crashedMs).toBeGreaterThanOrEqual(8_000);
  });

  it('is no answer to a partition: a group that is silent as one keeps its primary', async () => {
    const { rig, world } = await pair();
    for (const agentId of ['db.1', 'db.2', 'db.3']) rig.fleet.cutOff(agentId, true);
    await rig.clock.advance(120_000);
    expect(kinds(world)).toEqual([]);
    expect(leads(rig, 'db.1')).toBe(true);
  });
});
