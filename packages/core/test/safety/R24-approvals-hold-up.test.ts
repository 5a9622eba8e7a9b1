import { describe, expect, it } from 'vitest';
import type { Incident, Json } from '../../src/model/index.ts';
import { fakeWorld, healthy, type World } from '../scenarios/rig.ts';

/**
 * Taught by approvals that did not hold: AWS Systems Manager let an approved document be changed before it ran, and a
 * chat bot (runlore#30) took any click on an old message for a yes to whatever was planned by then.
 */
type Awaiting = Extract<Incident, { state: 'awaiting-approval' }>;

const asking = (approvals: object = {}, gate: object = {}): object => ({
  groups: { web: { mode: 'approve' } },
  gate: { settle: '5s', progressWindow: '10s', backoff: { base: '1s', cap: '10s' }, ...gate },
  approvals,
});

async function waiting(world: World, agentId = 'web.2'): Promise<Awaiting> {
  await healthy(world.rig);
  world.kill(agentId);
  await world.rig.until(async () => (await world.rig.incidents())[0]?.state === 'awaiting-approval', 60_000);
  return present(world);
}

async function present(world: World): Promise<Awaiting> {
  return (await world.rig.incidents())[0] as Awaiting;
}

const restarts = (world: World): number => world.executed.filter(({ action }) => action.kind === 'restart').length;

async function audited(world: World): Promise<readonly (readonly [string, string])[]> {
  const { items } = await world.rig.guard().audit.list({ limit: 100 });
  return items.toReversed().map(({ actor, action }) => [actor, action] as const);
}

/** Changes the stored incident behind the guard's back, as somebody who can write to the store would. */
async function forge(world: World, change: (incident: Awaiting) => object): Promise<void> {
  const { store } = world.rig;
  const all = await store.list('shard/', { limit: 10_000 });
  const found = all.find(
    ({ key, value }) => key.includes('/incident/') && (value as { state?: string }).state === 'awaiting-approval',
  );
  if (!found) throw new Error('nothing waits for approval in the store');
  const value = { ...(found.value as object), ...change(found.value as unknown as Awaiting) } as unknown as Json;
  await store.commit('forged', [{ op: 'put', key: found.key, value, when: 'any' }], { durability: 'sync' });
}

describe('R24: approvals hold up', () => {
  it('acts only when enough different persons agreed, once, and writes down who and when', async () => {
    const world = await fakeWorld(asking({ quorum: 2 }));
    const guard = world.rig.guard();
    const { id, approval } = await waiting(world);
    const { planHash } = approval;
    for (const by of ['ann', ' Ann ', 'ann']) {
      expect(await guard.approve(id, { by, planHash })).toMatchObject({ state: 'awaiting-approval' });
    }
    await world.rig.clock.advance(5_000);
    expect(restarts(world)).toBe(0);
    expect(await guard.approve(id, { by: 'bob', planHash })).toMatchObject({ state: 'acting' });
    // Whoever answers late finds what was agreed to under way, and changes nothing.
    expect((await guard.approve(id, { by: 'cid', planHash })).id).toBe(id);
    await world.rig.until(async () => (await present(world)).state === ('resolved' as string), 120_000);
    expect((await guard.approve(id, { by: 'cid', planHash })).state).toBe('resolved');
    expect(restarts(world)).toBe(1);
    const [attempt] = (await present(world)).attempts;
    expect(attempt?.approval?.votes.map(({ by, at }) => [by, typeof at])).toEqual([
      ['ann', 'number'],
      ['bob', 'number'],
    ]);
    expect(await audited(world)).toEqual(
      expect.arrayContaining([
        ['guard', 'approval.requested'],
        ['ann', 'approve'],
        ['bob', 'approve'],
        ['guard', 'step'],
      ]),
    );
    expect(await guard.audit.verify()).toMatchObject({ ok: true });
    await world.rig.stop();
  });

  it('takes one account for one person, whatever names it gives', async () => {
    const world = await fakeWorld(asking({ quorum: 2 }));
    const { id } = await waiting(world);
    await world.rig.guard().approve(id, { by: 'ann via bot', account: 'bot' });
    expect(await world.rig.guard().approve(id, { by: 'bob via bot', account: 'bot' })).toMatchObject({
      state: 'awaiting-approval',
    });
    await world.rig.stop();
  });

  it('needs a new approval for another plan, and says so to whoever answers the old one', async () => {
    const world = await fakeWorld(asking());
    const guard = world.rig.guard();
    const { id, approval } = await waiting(world);
    await expect(guard.approve(id, { by: 'ann', planHash: 'f'.repeat(64) })).rejects.toMatchObject({
      code: 'GUARD_APPROVAL_STALE',
    });
    // Somebody else replaces the instance: what was asked about is not what would be done now.
    await guard.agents.register({ id: 'web.2', group: 'web', instance: 'web.2-by-hand', generation: 7 });
    await world.rig.clock.advance(1_000);
    await expect(guard.approve(id, { by: 'ann', planHash: approval.planHash })).rejects.toMatchObject({
      code: 'GUARD_APPROVAL_STALE',
    });
    expect(restarts(world)).toBe(0);
    await world.rig.stop();
  });

  it('believes a token only if it was signed here, for this plan and answer, in time, and once', async () => {
    const world = await fakeWorld(asking({ quorum: 2 }, { approvalTtl: '1m' }));
    const guard = world.rig.guard();
    const { id, approval } = await waiting(world);
    const { token } = await guard.approvalLink(id, 'approve');
    const no = await guard.approvalLink(id, 'reject');
    const his = await guard.approvalLink(id, 'approve', 'bob');
    const [body = '', seal = ''] = token.split('.');
    const read = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const altered = Buffer.from(JSON.stringify({ ...read, expiresAt: 9e15 })).toString('base64url');
    const refused = { code: 'GUARD_APPROVAL_TOKEN' };
    for (const bad of ['', 'x', `${body}.`, `${altered}.${seal}`, `${body}.${seal}x`, no.token]) {
      await expect(guard.approve(id, { by: 'ann', token: bad })).rejects.toMatchObject(refused);
    }
    await expect(guard.approve(id, { by: 'ann', token: his.token })).rejects.toMatchObject(refused);
    await expect(guard.approve(id, { by: 'ann', token, planHash: 'another' })).rejects.toMatchObject(refused);
    await guard.approve(id, { by: 'ann', token });
    await expect(guard.approve(id, { by: 'eve', token })).rejects.toMatchObject(refused);
    expect((await guard.approve(id, { by: 'ann', token })).state).toBe('awaiting-approval');
    await world.rig.clock.advance(approval.expiresAt - world.rig.clock.now());
    await expect(guard.approve(id, { by: 'bob', token: his.token })).rejects.toMatchObject(refused);
    expect(restarts(world)).toBe(0);
    await world.rig.stop();
  });

  it.each([
    ['votes nobody gave', ({ approval }: Awaiting) => ({ approval: { ...approval, votes: forgedVotes } })],
    ['a smaller quorum', ({ approval }: Awaiting) => ({ approval: { ...approval, quorum: 1 } })],
    ['another end', ({ approval }: Awaiting) => ({ approval: { ...approval, expiresAt: 9e15 } })],
    [
      'another plan',
      ({ approval }: Awaiting) => ({ approval: { ...approval, plan: { ...approval.plan, rung: 'respawn' } } }),
    ],
    ['other steps', ({ approval }: Awaiting) => ({ approval: { ...approval, steps: [] } })],
  ] as const)('does nothing for an approval in the store with %s', async (_what, change) => {
    const world = await fakeWorld(asking({ quorum: 3 }));
    const { id } = await waiting(world);
    for (const by of ['ann', 'bob']) await world.rig.guard().approve(id, { by });
    world.rig.crash();
    await forge(world, change);
    await world.rig.boot();
    await world.rig.clock.advance(10_000);
    // One more would have been enough.
    await world.rig
      .guard()
      .approve(id, { by: 'cid' })
      .catch(() => undefined);
    await world.rig.clock.advance(10_000);
    expect(world.executed).toEqual([]);
    await world.rig.stop();
  });

  it('lets nobody order alone what several have to agree to', async () => {
    const world = await fakeWorld(asking({ quorum: 2 }));
    const guard = world.rig.guard();
    await healthy(world.rig);
    const { id } = await guard.respawn('web.3', { by: 'ann' });
    expect(await guard.incidents.get(id)).toMatchObject({ state: 'awaiting-approval', approval: { orderedBy: 'ann' } });
    expect(await guard.approve(id, { by: 'ann' })).toMatchObject({ state: 'awaiting-approval' });
    expect(await guard.approve(id, { by: 'bob' })).toMatchObject({ state: 'acting' });
    await world.rig.stop();
  });

  it('reminds, calls the second tier and ends as declared, also over a restart of the guard', async () => {
    const world = await fakeWorld(
      asking({ remindEvery: '1m', secondTierAfter: '150s', onExpiry: 'escalate' }, { approvalTtl: '270s' }),
    );
    const { id } = await waiting(world);
    await world.rig.clock.advance(90_000);
    world.rig.crash();
    await world.rig.boot();
    await world.rig.clock.advance(450_000);
    const timeline = await world.rig.timeline(await present(world));
    const seconds = timeline
      .filter(({ type }) => /approval|escalated|reminded|tier/.test(type))
      .map(({ type, at }) => [type, Math.round((at - (timeline[0]?.at ?? 0)) / 1_000)]);
    expect(seconds).toEqual([
      ['approval-requested', 0],
      ['approval-reminded', 60],
      ['approval-reminded', 120],
      ['approval-second-tier', 150],
      ['approval-reminded', 210],
      ['escalated', 270],
      ['reminded', 330],
      ['second-tier', 420],
    ]);
    const told = world.rig.events.flatMap((event) => (event.type === 'notice.sent' ? [event.data.notice] : []));
    const urgent = told.filter(({ tier }) => tier === 2);
    expect(urgent.map(({ kind, priority }) => [kind, priority])).toEqual([
      ['approval', 'critical'],
      ['approval', 'critical'],
      ['escalated', 'critical'],
    ]);
    await world.rig.guard().acknowledge(id, { by: 'ann' });
    const { version } = await present(world);
    await world.rig.clock.advance(600_000);
    expect((await present(world)).version).toBe(version);
    expect(restarts(world)).toBe(0);
    await world.rig.stop();
  });

  it('routes around the agent meanwhile, and has prepared what it will do', async () => {
    const world = await fakeWorld(asking());
    const guard = world.rig.guard();
    const { id } = await waiting(world);
    await world.rig.clock.advance(2_000);
    expect(guard.routes('web').map((route) => route.agentId)).not.toContain('web.2');
    expect(guard.agents.get('web.2').breaker).toBe('open');
    expect(await guard.incidents.get(id)).toMatchObject({
      approval: { prepared: { ok: true, text: 'The orchestrator would restart web.2 now.' } },
    });
    expect(world.executed).toEqual([]);
    await world.rig.stop();
  });
});

const forgedVotes = ['bob', 'cid', 'dan'].map((by) => ({ by, at: 1, seal: 'c'.repeat(43) }));
