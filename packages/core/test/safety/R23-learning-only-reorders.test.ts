/**
 * R23. What taught it: Narya let a learner choose among mitigations for broken machines. It paid only because it chose
 * among what was safe anyway; a learner that may also skip a check repeats its luckiest mistake at every machine.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Incident, Json } from '../../src/model/index.ts';
import { keys, shardOf, defaultShards } from '../../src/state/keys.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import { fakeWorld, healthy, quick, resolved, type World } from '../scenarios/rig.ts';

const id = 'web.2';
let rig: GuardRig | undefined;

afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

interface Past {
  readonly healed: number;
  readonly failed: number;
}

/** What the group has learned of every failure these tests bring about, as if over months. */
async function learned(made: World, past: { readonly [rung: string]: Past }): Promise<void> {
  const shard = shardOf('web', defaultShards);
  const at = made.rig.clock.now();
  const tallies = Object.fromEntries(Object.entries(past).map(([rung, one]) => [rung, { ...one, at }]));
  const value: Json = signatures.map((signature) => ({ signature, ...tallies }));
  await made.rig.store.commit(
    keys.partition(shard),
    [{ op: 'put', key: keys.ranking(shard, 'web'), value, when: 'any' }],
    {
      durability: 'sync',
    },
  );
}

/** Names the failures of the rig may bear. */
const signatures = ['error-rate', 'errors:job-failed-connection-reset', 'exited', 'exited:sigkill'].flatMap((name) =>
  name === 'error-rate' ? [name, `${name}+errors:job-failed-connection-reset`] : [name],
);

async function world(ranking: string, past: { readonly [rung: string]: Past }, config: object = {}): Promise<World> {
  const made = await fakeWorld({ learning: { ranking }, ...config });
  rig = made.rig;
  await healthy(made.rig);
  await learned(made, past);
  return made;
}

const tried = ({ attempts }: Incident): readonly string[] =>
  attempts.filter(({ plan }) => !plan.contain).map(({ plan }) => plan.rung);
const restartHeals = { restart: { healed: 500, failed: 1 }, recreate: { healed: 1, failed: 500 } };
const respawnHeals = { restart: { healed: 0, failed: 500 }, respawn: { healed: 500, failed: 0 } };

describe('R23: learning only reorders what is permitted', () => {
  it('takes a gentler rung than the ladder would, when that healed the failure before', async () => {
    const { rig } = await world('on', restartHeals);
    rig.fleet.suffer(id, 'errors');
    const incident = await resolved(rig);
    expect(incident.assessment?.severity).toBe(4);
    expect(tried(incident)).toEqual(['restart']);
    expect(incident.attempts[0]?.plan.learned).toMatchObject({ mode: 'on', would: 'restart', ladder: 'recreate' });
    const [line] = (await rig.timeline(incident)).filter(({ type }) => type === 'attempt-started');
    expect(line?.reason.text).toMatch(
      /what worked before chose a restart \(drawn: restart [01]\.\d\d of 50\d\.\d outcomes/,
    );
  });

  it('only says so in mode suggest, in the incident and in the explanation, with draw and figures', async () => {
    const { rig } = await world('suggest', restartHeals);
    rig.fleet.suffer(id, 'errors');
    const incident = await resolved(rig);
    expect(tried(incident)).toEqual(['recreate']);
    expect(incident.attempts[0]?.plan.learned).toMatchObject({ mode: 'suggest', would: 'restart' });
    const { decisions } = await rig.guard().explain(incident.id);
    expect(decisions.map(({ reason }) => reason)).toContainEqual(
      expect.objectContaining({
        code: 'ranking-suggested',
        text: expect.stringMatching(/restart [01]\.\d\d \(50\d\.\d healed/),
      }),
    );
  });

  it('has no say at all while it is off', async () => {
    const { rig } = await world('off', restartHeals);
    rig.fleet.suffer(id, 'errors');
    const incident = await resolved(rig);
    expect(tried(incident)).toEqual(['recreate']);
    expect(incident.attempts[0]?.plan).not.toHaveProperty('learned');
  });

  it('never begins on a costlier rung, however often that healed and the ladder’s did not', async () => {
    const made = await world('on', respawnHeals);
    made.kill(id);
    expect(tried(await resolved(made.rig))).toEqual(['restart']);
  });

  it('climbs the ladder after a failure as without it: no rung is left out and none is tried twice', async () => {
    const { rig } = await world('on', { ...respawnHeals, ...restartHeals });
    rig.fleet.suffer(id, 'errors', 2);
    const incident = await resolved(rig, 900_000);
    expect(tried(incident)).toEqual(['restart', 'recreate', 'respawn']);
  });

  it('skips no gate: a budget that is spent, a hold and an approval stand', async () => {
    const spent = await world('on', restartHeals, { gate: { ...quick.gate, attempts: [{ max: 1, per: '24h' }] } });
    spent.rig.fleet.suffer(id, 'errors', 9);
    await spent.rig.until(async () => (await spent.rig.incidents())[0]?.state === 'escalated', 600_000);
    const [incident] = await spent.rig.incidents();
    expect(incident?.attempts.filter(({ plan }) => !plan.contain)).toHaveLength(1);
    await spent.rig.stop();

    const asking = await world('on', restartHeals, { groups: { web: { mode: 'approve' } } });
    asking.rig.fleet.suffer(id, 'errors');
    await asking.rig.until(async () => (await asking.rig.incidents())[0]?.state === 'awaiting-approval', 120_000);
    await asking.rig.clock.advance(60_000);
    expect(asking.executed).toEqual([]);
  });

  it('chooses the same again for the same incident and attempt, also when the guard starts anew in between', async () => {
    const { rig } = await world(
      'suggest',
      { restart: { healed: 6, failed: 5 }, recreate: { healed: 5, failed: 5 } },
      {
        groups: { web: { mode: 'approve' } },
      },
    );
    rig.fleet.suffer(id, 'errors');
    const plan = async () => {
      await rig.until(async () => (await rig.incidents())[0]?.state === 'awaiting-approval', 120_000);
      const [incident] = await rig.incidents();
      return incident?.state === 'awaiting-approval' ? incident.approval.plan.learned?.draws[0]?.chance : undefined;
    };
    const before = await plan();
    expect(before).toBeGreaterThan(0);
    rig.crash();
    await rig.boot();
    expect(await plan()).toBe(before);
  });
});
