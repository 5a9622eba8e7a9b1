import { describe, expect, it } from 'vitest';
import { Checkpoints } from '../../recovery/index.ts';
import { keys } from '../../state/index.ts';
import { createRig } from '../../testing/rig.ts';
import { DepartedRound } from './departed-round.ts';

const hour = 3_600_000;
const shard = 3;

/** A round over real checkpoints; who is in the fleet is a set of ids. */
function rigged(given: { readonly maxAgeMs?: number } = {}) {
  const rig = createRig();
  const fleet = new Set<string>();
  const settle = { unlisted: 0 };
  const checkpoints = new Checkpoints({
    store: rig.state,
    keys,
    clock: rig.clock,
    random: rig.random,
    log: rig.log,
    shardOf: (agentId) => (fleet.has(agentId) ? shard : 0),
    policyOf: () => ({ keep: 5, maxAgeMs: hour, everyMs: 0 }),
  });
  const round = new DepartedRound({
    clock: rig.clock,
    log: rig.log,
    fleet: { slotOf: (id: string) => (fleet.has(id) ? 1 : undefined) } as never,
    checkpoints,
    ownership: { shards: 8, fenceOfShard: () => 1 } as never,
    settle,
    maxAgeMs: () => given.maxAgeMs ?? 24 * hour,
  });
  const run = async (forMs: number): Promise<void> => {
    for (let passed = 0; passed < forMs; passed += 60_000) {
      await rig.clock.advance(60_000);
      round.tick(rig.clock.monotonic());
      await rig.clock.settle(3);
    }
  };
  const save = async (agentId: string): Promise<string> => {
    fleet.add(agentId);
    const bytes = new Uint8Array(300_000).fill(1);
    return (await checkpoints.save(agentId, bytes, { contentType: 'application/octet-stream', fence: 1 })).id;
  };
  /** What is stored of a checkpoint: the record, and two chunks. */
  const stored = async (agentId: string, id: string): Promise<number> => {
    const chunks = [0, 1].map((at) => rig.state.getBytes(keys.checkpointChunk(shard, agentId, id, at)));
    const all = await Promise.all([rig.state.get(keys.checkpoint(shard, agentId, id)), ...chunks]);
    return all.filter((one) => one !== undefined).length;
  };
  return { rig, round, fleet, settle, checkpoints, run, save, stored };
}

describe('DepartedRound', () => {
  it('deletes what an agent left behind when it is too old to be restored, and nothing of one that stays or came back', async () => {
    const { fleet, run, save, stored } = rigged();
    const left = await save('left');
    const stays = await save('stays');
    const back = await save('back');
    fleet.delete('left');
    fleet.delete('back');
    await run(24 * hour);
    expect(await stored('left', left)).toBe(3);
    fleet.add('back');
    await run(hour);
    expect([await stored('left', left), await stored('stays', stays), await stored('back', back)]).toEqual([0, 3, 3]);
  });

  it('deletes nothing before all inventories were listed: nobody knows who is in the fleet', async () => {
    const { fleet, settle, run, save, stored } = rigged();
    const left = await save('left');
    fleet.delete('left');
    settle.unlisted = 1;
    await run(30 * hour);
    expect(await stored('left', left)).toBe(3);
    settle.unlisted = 0;
    await run(60_000);
    expect(await stored('left', left)).toBe(0);
  });

  it('deletes many in several rounds, which follow each other sooner', async () => {
    const { rig, fleet, run, save } = rigged({ maxAgeMs: 1 });
    for (let n = 0; n < 250; n += 1) await save(`left-${n}`);
    fleet.clear();
    const left = async (): Promise<number> =>
      (await rig.state.list(keys.allCheckpoints(shard), { limit: 1000 })).length;
    await run(hour);
    expect(await left()).toBe(50);
    await run(60_000);
    expect(await left()).toBe(0);
  });

  it('leaves the rest alone when the guard stops, and goes on after a store that was away', async () => {
    const { rig, round, fleet, save, stored, run } = rigged({ maxAgeMs: 1 });
    const left = await save('left');
    fleet.delete('left');
    const commit = rig.state.commit.bind(rig.state);
    rig.state.commit = () => Promise.reject(new TypeError('away'));
    await run(hour);
    expect(await stored('left', left)).toBe(3);
    expect(rig.log.entries.at(-1)?.level).toBe('warn');
    rig.state.commit = commit;
    await run(hour);
    expect(await stored('left', left)).toBe(0);
    const late = await save('late');
    fleet.delete('late');
    await rig.clock.advance(hour);
    round.tick(rig.clock.monotonic());
    await round.stop();
    expect(await stored('late', late)).toBe(3);
  });
});
