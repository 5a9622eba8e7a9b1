import { describe, expect, it } from 'vitest';
import type { AgentId, Incident } from '../../src/model/index.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import { crash, kinds, leads, pair, part, story, withoutIsolation } from './failover-world.ts';
import { healthy } from './rig.ts';

const lost = { ok: false, unsupported: false, retryable: true, text: 'no answer' } as const;
const no = { ok: false, unsupported: false, retryable: false, text: 'the agent answered 409' } as const;

const incidentOf = async (rig: GuardRig): Promise<Incident | undefined> =>
  (await rig.incidents()).find(({ agentId }) => agentId === 'db.1');
const state = async (rig: GuardRig): Promise<string | undefined> => (await incidentOf(rig))?.state;

/** Nothing of what the agent sends gets through, but orders reach it: so nobody learns from itself that it followed. */
const mute = (rig: GuardRig, agentId: AgentId): void => rig.fleet.suffer(agentId, 'silent', 9);

/** The order is followed, and its answer and everything the replica says of it are lost. */
async function unanswered() {
  const world = await pair();
  const { rig } = world;
  rig.fleet.roles.loseAnswers(99);
  mute(rig, 'db.3');
  crash(world.world, 'db.1');
  await rig.until(async () => (await state(rig)) === 'escalated', 60_000);
  return world;
}

describe('a failover whose answer is lost', () => {
  it('is done when the replica says in a heartbeat that it leads', async () => {
    const { rig, world } = await pair();
    rig.fleet.roles.loseAnswers(99);
    crash(world, 'db.1');
    await rig.until(async () => (await state(rig)) === 'resolved', 120_000);
    expect(kinds(world)).toEqual(['isolate db.1', 'recreate db.1']);
    expect(part(rig, 'db.1')).toMatchObject({ role: 'replica', primary: 'db.3', epoch: 1 });
  });

  it('makes nobody the leader while it is not known, and says so', async () => {
    const { rig } = await unanswered();
    expect(part(rig, 'db.1')?.primary).toBeUndefined();
    // The message that calls a person says what to do.
    expect((await incidentOf(rig))?.because.remedy).toContain('promote one by hand, with epoch 2');
    const remarks = rig.guard().agents.get('db.2').remarks ?? [];
    expect(remarks.map(({ code }) => code)).toContain('leader-unknown');
    expect(remarks.find(({ code }) => code === 'leader-unknown')?.remedy).toContain('with epoch 2');
  });

  it('does not make the old primary lead again, be everybody and the guard started anew', async () => {
    const { rig, world } = await unanswered();
    rig.crash();
    for (const agentId of ['db.1', 'db.3']) world.world.replace(world.world.place(agentId), 9);
    rig.fleet.recover('db.3');
    await rig.boot();
    await healthy(rig);
    await rig.clock.advance(10_000);
    const roles = ['db.1', 'db.2', 'db.3'].map(
      (agentId) => rig.fleet.roles.partOf(agentId, world.world.current(agentId).id)?.role,
    );
    expect(roles).toEqual(['replica', 'replica', 'replica']);
    // A person decides.
    rig.fleet.roles.promote('db.2', world.world.current('db.2').id, 2);
    await rig.clock.advance(5_000);
    expect(leads(rig, 'db.2')).toBe(true);
  });

  it('is written down when the replica says later that it followed, and outlives what that forgets', async () => {
    const { rig, world } = await unanswered();
    rig.fleet.recover('db.3');
    await rig.clock.advance(5_000);
    world.world.replace(world.world.place('db.3'), 9);
    await rig.clock.advance(5_000);
    expect(rig.fleet.roles.partOf('db.3', world.world.current('db.3').id)).toEqual({ role: 'primary', epoch: 1 });
    expect(part(rig, 'db.2')).toMatchObject({ role: 'replica', primary: 'db.3', epoch: 1 });
  });

  it('is not taken for refused because a later call was', async () => {
    const { rig, world } = await pair();
    const order = rig.fleet.promote.bind(rig.fleet);
    let calls = 0;
    rig.fleet.promote = async (target, given) => {
      calls += 1;
      if (calls > 1) return no;
      await order(target, given);
      return lost;
    };
    mute(rig, 'db.3');
    crash(world, 'db.1');
    await rig.until(async () => (await state(rig)) === 'escalated', 60_000);
    expect(await state(rig)).toBe('escalated');
    expect(await story(rig)).not.toContain('did not take over');
    expect(kinds(world)).toEqual(['isolate db.1']);
  });

  it('is not asked for again once the old primary runs again and is not isolated', async () => {
    const { rig, world } = await pair(undefined, { supports: withoutIsolation });
    let calls = 0;
    rig.fleet.promote = async () => {
      calls += 1;
      // Its restart policy brings it back between two calls.
      world.world.turn('db.1', 'running', { event: 'started' });
      return lost;
    };
    crash(world, 'db.1');
    await rig.until(async () => (await state(rig)) === 'escalated', 60_000);
    expect(calls).toBe(1);
    expect(await story(rig)).toContain('db.1 may still be writing');
  });
});

describe('after a failover', () => {
  it('that never was, the primary gets its state back', async () => {
    const { rig, world } = await pair(undefined, { config: { checkpoints: { every: '2s' } } });
    rig.fleet.promote = async () => no;
    crash(world, 'db.1');
    await rig.until(async () => (await state(rig)) === 'resolved', 120_000);
    expect(kinds(world)).toEqual(['isolate db.1', 'recreate db.1']);
    expect([...rig.fleet.restored.keys()]).toEqual([world.world.current('db.1').id]);
  });

  it('who cannot be brought back is not called healed, and it is tried again', async () => {
    const { rig, world } = await pair();
    const execute = world.execute.bind(world);
    let fails = 2;
    world.execute = async (intent, grant, call) => {
      if (intent.action.kind === 'isolate') rig.fleet.recover('db.1');
      if (intent.action.kind !== 'recreate' && intent.action.kind !== 'reinstate') return execute(intent, grant, call);
      fails -= 1;
      if (fails >= 0)
        return { key: intent.key, at: 0, result: 'failed', retryable: true, code: 'step-failed', text: 'no image' };
      return execute(intent, grant, call);
    };
    rig.fleet.suffer('db.1', 'hang');
    await rig.until(async () => (await state(rig)) === 'resolved', 240_000);
    expect(await story(rig)).toContain('no image');
    expect(world.world.place('db.1').isolated).toBe(false);
  });

  it('a suspected intrusion stands, whoever approved that another leads', async () => {
    const { rig, world } = await pair(undefined, {
      config: {
        severity: { rules: [{ when: 'finding.kind == "exited"', set: 'securityIncident', reason: 'an intruder' }] },
      },
    });
    crash(world, 'db.1');
    await rig.until(async () => (await state(rig)) === 'awaiting-approval', 30_000);
    const waiting = (await incidentOf(rig)) as Extract<Incident, { state: 'awaiting-approval' }>;
    expect(waiting.approval.plan.promotion?.to).toBe('db.3');
    await rig.guard().approve(waiting.id, { by: 'ada' });
    await rig.until(() => leads(rig, 'db.3'), 30_000, 100);
    await rig.clock.advance(60_000);
    expect(new Set(kinds(world))).toEqual(new Set(['isolate db.1']));
    expect(await state(rig)).toBe('awaiting-approval');
  });
});
