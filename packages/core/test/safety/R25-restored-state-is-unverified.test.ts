import { describe, expect, it } from 'vitest';
import type { Incident } from '../../src/model/index.ts';
import { fakeWorld, healthy, resolved, type World } from '../scenarios/rig.ts';

/**
 * Taught by poison-pill#65: a node came back from a restore that carried its old health status along, was believed to
 * be well, and got work at once.
 */
const onlySent = { checkpoints: { every: '0s' } };
const sent = { contentType: 'application/json' };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function save(world: World, text: string): Promise<void> {
  await world.rig.guard().checkpoints.save('web.2', bytes(text), sent);
}

/** What the instances of the agent were given back, oldest first. */
function restored(world: World): readonly string[] {
  return [...world.rig.fleet.restored.values()].map((state) => new TextDecoder().decode(state));
}

/** Kills the instance and orders a respawn with its state; the incident, once it is resolved. */
async function respawned(world: World): Promise<Incident> {
  // What was sent in the moment of the order counts as sent after it.
  await world.rig.clock.advance(1);
  await world.rig.guard().respawn('web.2', { by: 'ann', restoreState: true });
  return resolved(world.rig);
}

async function checkpointKeys(world: World, kind: 'chunk' | 'checkpoint'): Promise<readonly string[]> {
  const records = await world.rig.store.list('shard/', { limit: 10_000 });
  const keys = records.map(({ key }) => key).filter((key) => key.includes('/checkpoint/web.2/'));
  return kind === 'checkpoint' ? keys : keys.map((key) => `${key.replace('/checkpoint/', '/chunk/')}/0`);
}

describe('R25: restored state is unverified', () => {
  it('checks the sum before it restores, and takes the older one when the newest was damaged', async () => {
    const world = await fakeWorld(onlySent);
    await healthy(world.rig);
    await save(world, '{"tasks":1}');
    await save(world, '{"tasks":2}');
    const newest = (await checkpointKeys(world, 'chunk')).at(-1) ?? '';
    const damage = { op: 'putBytes', key: newest, value: bytes('{"tasks":9}') } as const;
    await world.rig.store.commit('damage', [damage], { durability: 'sync' });
    await respawned(world);
    expect(restored(world)).toEqual(['{"tasks":1}']);
    await world.rig.stop();
  });

  it('restores nothing that is too old, and says so', async () => {
    const world = await fakeWorld({ checkpoints: { every: '0s', maxAge: '1m' } });
    await healthy(world.rig);
    await save(world, '{"tasks":1}');
    await world.rig.clock.advance(61_000);
    const incident = await respawned(world);
    expect(restored(world)).toEqual([]);
    expect(incident.attempts[0]?.steps).toContainEqual(
      expect.objectContaining({ state: 'skipped', reason: expect.objectContaining({ code: 'checkpoint-missing' }) }),
    );
    await world.rig.stop();
  });

  it('takes no state that is not of the kind it is said to be', async () => {
    const world = await fakeWorld(onlySent);
    await healthy(world.rig);
    await save(world, '{"tasks":1}');
    await expect(save(world, '{"tasks":')).rejects.toMatchObject({ code: 'GUARD_CHECKPOINT_INVALID' });
    await respawned(world);
    expect(restored(world)).toEqual(['{"tasks":1}']);
    await world.rig.stop();
  });

  it('keeps in quarantine what the failed instance sent since the suspicion, and never restores it', async () => {
    const world = await fakeWorld({ ...onlySent, groups: { web: { mode: 'approve' } } });
    await healthy(world.rig);
    await save(world, '{"tasks":1}');
    world.kill('web.2');
    await world.rig.until(async () => (await world.rig.incidents())[0]?.state === 'awaiting-approval', 60_000);
    await save(world, '{"poisoned":true}');
    expect(await checkpointKeys(world, 'checkpoint')).toHaveLength(2);
    await respawned(world);
    expect(restored(world)).toEqual(['{"tasks":1}']);
    await world.rig.stop();
  });

  it('takes no state of an instance that was replaced, and keeps in quarantine that of one nobody knows', async () => {
    const world = await fakeWorld(onlySent);
    await healthy(world.rig);
    const guard = world.rig.guard();
    const replaced = guard.agents.get('web.2').agent.instance?.id ?? '';
    await guard.agents.register({ id: 'web.2', group: 'web', instance: 'web.2-new', generation: 7 });
    await save(world, '{"tasks":2}');
    const by = (instance: string) => guard.checkpoints.save('web.2', bytes('{"tasks":1}'), { ...sent, instance });
    await expect(by(replaced)).rejects.toMatchObject({ code: 'GUARD_AGENT_RETIRED' });
    expect(await by('stranger')).toMatchObject({ instanceId: 'stranger', quarantined: true });
    expect(await guard.checkpoints.latest('web.2')).toMatchObject({
      checkpoint: { instanceId: 'web.2-new', version: 1 },
    });
    await world.rig.stop();
  });

  it('never restores health: what was restored is watched first, and is healthy only after that', async () => {
    const world = await fakeWorld(onlySent);
    await healthy(world.rig);
    await save(world, '{"health":"healthy","tasks":1}');
    const seen: string[] = [];
    const guard = world.rig.guard();
    guard.on('incident.changed', ({ data: { entry } }) => {
      if (entry.type === 'watch-check') seen.push(guard.agents.get('web.2').health);
    });
    await respawned(world);
    expect(restored(world)).toEqual(['{"health":"healthy","tasks":1}']);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen).not.toContain('healthy');
    expect(guard.agents.get('web.2')).toMatchObject({ health: 'healthy' });
    await world.rig.stop();
  });
});
