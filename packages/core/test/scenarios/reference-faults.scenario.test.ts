import { describe, expect, it } from 'vitest';
import type { World } from './rig.ts';
import { fakeWorld, healthy, resolved, workloadWorld } from './rig.ts';

const kinds = (world: World): readonly string[] => world.executed.map(({ action }) => action.kind);

describe.each([
  ['single agents', fakeWorld],
  ['a workload', workloadWorld],
] as const)('reference faults on %s', (name, makeWorld) => {
  // A workload restarts only as a whole, which is not allowed by default: the ladder begins one rung higher.
  const first = name === 'a workload' ? 'recreate' : 'restart';

  it('becomes healthy, settles and does nothing', async () => {
    const world = await makeWorld();
    expect(await healthy(world.rig)).toBe(true);
    await world.rig.clock.advance(120_000);
    expect(await world.rig.incidents()).toEqual([]);
    expect(kinds(world)).toEqual([]);
    await world.rig.stop();
  });

  it('heals a killed agent: exit, failed, severity 2', async () => {
    const world = await makeWorld();
    await healthy(world.rig);
    world.kill('web.2');
    const incident = await resolved(world.rig);
    expect(incident).toMatchObject({
      state: 'resolved',
      outcome: 'healed',
      signature: expect.stringContaining('exit'),
    });
    expect(incident.assessment?.severity).toBe(2);
    expect(kinds(world)).toEqual([first]);
    await world.rig.stop();
  });

  it('heals a hung agent: heartbeat and probe, failed, severity 3', async () => {
    const world = await makeWorld();
    await healthy(world.rig);
    world.rig.fleet.suffer('web.2', 'hang');
    const incident = await resolved(world.rig);
    expect(incident).toMatchObject({ state: 'resolved', outcome: 'healed' });
    expect(incident.assessment?.severity).toBe(3);
    expect(kinds(world)).toEqual([first]);
    await world.rig.stop();
  });

  it('heals an agent whose every request fails: telemetry and errors, severity 4, recreate and restore', async () => {
    const world = await makeWorld();
    await healthy(world.rig);
    await world.rig.guard().checkpoints.save('web.2', new Uint8Array([7]), { contentType: 'application/octet-stream' });
    world.rig.fleet.suffer('web.2', 'errors');
    const incident = await resolved(world.rig);
    expect(incident).toMatchObject({ state: 'resolved', outcome: 'healed' });
    expect(incident.assessment?.severity).toBe(4);
    expect(kinds(world)).toEqual(['recreate']);
    expect([...world.rig.fleet.restored.values()]).toEqual([new Uint8Array([7])]);
    await world.rig.stop();
  });

  it('heals a slow agent: telemetry and measured latency, severity 3', async () => {
    const world = await makeWorld();
    await healthy(world.rig);
    world.rig.fleet.suffer('web.2', 'slow');
    const incident = await resolved(world.rig);
    expect(incident).toMatchObject({ state: 'resolved', outcome: 'healed' });
    expect(incident.assessment?.severity).toBe(3);
    expect(kinds(world)).toEqual([first]);
    await world.rig.stop();
  });
});

describe('a silent agent that answers', () => {
  it('is degraded and told of, and restarted only after silentFor', async () => {
    const world = await fakeWorld();
    await healthy(world.rig);
    world.rig.fleet.suffer('web.2', 'silent');
    await world.rig.clock.advance(40_000);
    expect(world.rig.guard().agents.get('web.2').health).toBe('degraded');
    const [open] = await world.rig.incidents();
    expect(open).toMatchObject({ state: 'open', because: { code: 'silent-but-answering' } });
    expect(world.executed).toEqual([]);
    const incident = await resolved(world.rig);
    expect(incident).toMatchObject({ state: 'resolved', outcome: 'healed' });
    expect(world.executed.map(({ action }) => action.kind)).toEqual(['restart']);
    await world.rig.stop();
  });
});

describe('the ladder', () => {
  it('climbs when a restart does not heal, and says so at critical priority', async () => {
    const world = await fakeWorld();
    await healthy(world.rig);
    world.rig.fleet.suffer('web.2', 'hang', 1);
    const incident = await resolved(world.rig);
    expect(incident).toMatchObject({ state: 'resolved', outcome: 'healed' });
    expect(incident.attempts.map((attempt) => [attempt.plan.rung, attempt.verdict])).toEqual([
      ['restart', 'failed'],
      ['recreate', 'healed'],
    ]);
    const told = world.rig.events.filter((event) => event.type === 'notice.sent').map((event) => event.data.notice);
    expect(told.map((notice) => [notice.kind, notice.priority])).toContainEqual(['recovery-failed', 'critical']);
    expect(told.at(-1)?.kind).toBe('recovered');
    await world.rig.stop();
  });

  it('respawns beside the old instance, registers the new and retires the old', async () => {
    const world = await fakeWorld();
    await healthy(world.rig);
    world.rig.fleet.suffer('web.2', 'hang', 2);
    const incident = await resolved(world.rig);
    expect(incident.attempts.map((attempt) => attempt.plan.rung)).toEqual(['restart', 'recreate', 'respawn']);
    expect(world.executed.map(({ action }) => action.kind)).toEqual(['restart', 'recreate', 'respawn', 'retire']);
    await world.rig.stop();
  });

  it('hands over to a person when nothing helps, with the agent out of the routes', async () => {
    const world = await fakeWorld();
    await healthy(world.rig);
    world.rig.fleet.suffer('web.2', 'hang', 99);
    const escalated = await world.rig.until(
      async () => (await world.rig.incidents())[0]?.state === 'escalated',
      900_000,
    );
    expect(escalated).toBe(true);
    const [incident] = await world.rig.incidents();
    expect(incident?.told).toBe(true);
    expect(
      world.rig
        .guard()
        .routes('web')
        .map((route) => route.agentId),
    ).not.toContain('web.2');
    await world.rig.stop();
  });
});

describe('the operator', () => {
  it('holds an agent: nothing is done until the hold is released', async () => {
    const world = await fakeWorld();
    await healthy(world.rig);
    const hold = await world.rig
      .guard()
      .hold({ scope: { kind: 'agent', agentId: 'web.2' }, reason: 'debugging', by: 'ann', ttlMs: 3_600_000 });
    world.kill('web.2');
    await world.rig.clock.advance(60_000);
    expect((await world.rig.incidents())[0]).toMatchObject({ state: 'held' });
    expect(world.executed).toEqual([]);
    await world.rig.guard().release(hold.id, { by: 'ann' });
    expect(await resolved(world.rig)).toMatchObject({ outcome: 'healed' });
    await world.rig.stop();
  });

  it('orders a respawn with another configuration', async () => {
    const world = await fakeWorld();
    await healthy(world.rig);
    const ordered = await world.rig.guard().respawn('web.2', { by: 'ann', configOverride: { memoryLimit: 2 ** 31 } });
    expect(ordered).toMatchObject({ state: 'acting', attempt: { orderedBy: 'ann' } });
    expect(await resolved(world.rig)).toMatchObject({ outcome: 'healed' });
    expect(world.executed[0]).toMatchObject({ action: { kind: 'respawn', override: { memoryLimit: 2 ** 31 } } });
    await world.rig.stop();
  });

  it('cannot put a secret into an override, which is stored and shown', async () => {
    const world = await fakeWorld();
    await healthy(world.rig);
    const ordered = world.rig.guard().respawn('web.2', { by: 'ann', configOverride: { env: { DB_PASSWORD: 'x' } } });
    await expect(ordered).rejects.toMatchObject({ code: 'GUARD_OVERRIDE_SECRET' });
    expect(await world.rig.incidents()).toEqual([]);
    await world.rig.stop();
  });

  it('cannot resolve an incident in the middle of an attempt, and can afterwards', async () => {
    const world = await fakeWorld();
    await healthy(world.rig);
    const ordered = await world.rig.guard().respawn('web.2', { by: 'ann' });
    await expect(world.rig.guard().resolve(ordered.id, { by: 'ann' })).rejects.toMatchObject({
      code: 'GUARD_INCIDENT_STATE',
    });
    await world.rig.until(async () => (await world.rig.incidents())[0]?.state === 'watching', 60_000);
    expect(await world.rig.guard().resolve(ordered.id, { by: 'ann' })).toMatchObject({
      state: 'resolved',
      outcome: 'operator',
    });
    await world.rig.stop();
  });

  it('approves in mode approve', async () => {
    const world = await fakeWorld({ groups: { web: { mode: 'approve' } } });
    await healthy(world.rig);
    world.kill('web.2');
    await world.rig.clock.advance(5_000);
    const [incident] = await world.rig.incidents();
    expect(incident?.state).toBe('awaiting-approval');
    await world.rig.guard().approve(incident?.id as string, { by: 'ann' });
    expect(await resolved(world.rig)).toMatchObject({ outcome: 'healed' });
    await world.rig.stop();
  });

  it.each(['observe', 'dry-run'] as const)(
    'in mode %s the guard says what it would do and does nothing',
    async (mode) => {
      const world = await fakeWorld({ groups: { web: { mode } } });
      await healthy(world.rig);
      world.kill('web.2');
      await world.rig.clock.advance(120_000);
      const [incident] = await world.rig.incidents();
      expect(incident).toMatchObject({ state: 'open', because: { code: `mode-${mode}` } });
      expect(world.executed).toEqual([]);
      const explanation = await world.rig.guard().explain('web.2');
      expect(explanation.wouldChange.join()).toContain('mode');
      await world.rig.stop();
    },
  );
});

describe('a guard that crashes', () => {
  it('goes on where it was: no action twice, the incident is resolved', async () => {
    for (const crashAfter of [10, 50, 150, 300, 450, 700, 1_200, 3_000, 8_000, 15_000]) {
      const world = await fakeWorld();
      await healthy(world.rig);
      world.kill('web.2');
      await world.rig.clock.advance(200 + crashAfter);
      world.rig.crash();
      await world.rig.clock.advance(3_000);
      await world.rig.boot();
      const incident = await resolved(world.rig);
      expect(incident.state, `crash after ${crashAfter} ms`).toBe('resolved');
      expect(
        world.executed.map(({ action }) => action.kind),
        `crash after ${crashAfter} ms`,
      ).toEqual(['restart']);
      await world.rig.stop();
    }
  });

  it('reconciles a lost reply instead of acting again', async () => {
    const world = await fakeWorld();
    await healthy(world.rig);
    world.loseReply();
    world.kill('web.2');
    const incident = await resolved(world.rig);
    expect(incident).toMatchObject({ outcome: 'healed' });
    expect(world.executed).toHaveLength(1);
    const lines = await world.rig.timeline(incident);
    expect(lines.map((line) => line.reason.code)).toContain('step-reconciled');
    await world.rig.stop();
  });

  it('remembers holds and spent budgets', async () => {
    const world = await fakeWorld();
    await healthy(world.rig);
    await world.rig.guard().hold({ scope: { kind: 'group', group: 'web' }, reason: 'x', by: 'ann', ttlMs: 3_600_000 });
    world.rig.crash();
    await world.rig.boot();
    expect(world.rig.guard().holds.list()).toHaveLength(1);
    await world.rig.stop();
  });
});
