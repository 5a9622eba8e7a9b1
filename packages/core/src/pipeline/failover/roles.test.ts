import { describe, expect, it } from 'vitest';
import type { Leadership, Role } from '../../model/index.ts';
import type { Part } from './roles.ts';
import { Roles } from './roles.ts';

type Said = Part['said'];

function roles(
  members: { readonly [id: string]: { readonly declared?: Role; readonly said?: Said } },
  leadership?: Leadership,
): Roles {
  const parts: readonly Part[] = Object.entries(members).map(([agentId, { declared, said = {} }]) => ({
    agentId,
    declared,
    said,
  }));
  return new Roles({
    part: (agentId) => parts.find((part) => part.agentId === agentId),
    members: () => parts,
    leadership: () => leadership,
  });
}

const made = (to: string, epoch: number): Leadership => ({
  epoch,
  primary: { agentId: to, epoch },
  last: { from: 'a', to, at: 0 },
});
const begun = (to: string, epoch: number): Leadership => ({ epoch, last: { from: 'a', to, at: 0 } });

describe('who leads', () => {
  it('is who was declared, while nobody says anything else', () => {
    expect(roles({ a: { declared: 'primary' }, b: { declared: 'replica' } }).leaderOf('g')).toEqual({
      agentId: 'a',
      epoch: 0,
    });
    expect(roles({ a: { declared: 'primary', said: { role: 'replica' } }, b: {} }).leaderOf('g')).toBeUndefined();
  });

  it('is who says so in the highest epoch', () => {
    const members = {
      a: { declared: 'primary', said: { role: 'primary', epoch: 1 } },
      b: { said: { role: 'primary', epoch: 4 } },
    } as const;
    expect(roles(members).leaderOf('g')).toEqual({ agentId: 'b', epoch: 4 });
  });

  it('is not clear when two are declared, or two say the same epoch', () => {
    expect(roles({ a: { declared: 'primary' }, b: { declared: 'primary' } }).leaderOf('g')).toBeUndefined();
    const said = { role: 'primary', epoch: 2 } as const;
    expect(roles({ a: { said }, b: { said } }).leaderOf('g')).toBeUndefined();
  });

  it('is whom the guard made the leader, whatever an older primary says', () => {
    const members = { a: { declared: 'primary', said: { role: 'primary', epoch: 0 } }, b: {} } as const;
    expect(roles(members, made('b', 3)).leaderOf('g')).toEqual({ agentId: 'b', epoch: 3 });
  });

  it('is a later one that a person promoted', () => {
    expect(roles({ b: {}, c: { said: { role: 'primary', epoch: 9 } } }, made('b', 3)).leaderOf('g')?.agentId).toBe('c');
  });

  it('is one that followed an order whose answer was lost, once it says so', () => {
    expect(roles({ a: { declared: 'primary' }, b: {} }, begun('b', 3)).leaderOf('g')?.agentId).toBe('a');
    const follows = { a: { declared: 'primary' }, b: { said: { role: 'primary', epoch: 3 } } } as const;
    expect(roles(follows, begun('b', 3)).leaderOf('g')).toEqual({ agentId: 'b', epoch: 3 });
  });
});

describe('while it is not known whether an order was followed', () => {
  const unknown: Leadership = {
    epoch: 4,
    primary: { agentId: 'a', epoch: 3 },
    last: { from: 'a', to: 'b', at: 0, outcome: 'unknown' },
  };
  const old = { said: { role: 'primary', epoch: 3 } } as const;

  it('nobody leads, and who led before is told so with the epoch that was ordered, which is above its own', () => {
    const it = roles({ a: old, b: { declared: 'replica' } }, unknown);
    expect(it.leaderOf('g')).toBeUndefined();
    expect(it.isToBeTold('g', 'a')).toBe(true);
    expect(it.statusOf('g', 'a')).toEqual({ role: 'primary', epoch: 4 });
    expect(it.unclear('g', 'a')).toEqual({ to: 'b', epoch: 4 });
  });

  it('the one that was called leads as soon as it says so, and a person may promote another', () => {
    const followed = roles({ a: old, b: { said: { role: 'primary', epoch: 4 } } }, unknown);
    expect([followed.leaderOf('g')?.agentId, followed.unclear('g', 'a')]).toEqual(['b', undefined]);
    expect(followed.isToBeTold('g', 'b')).toBe(false);
    expect(roles({ a: { said: { role: 'primary', epoch: 5 } }, b: {} }, unknown).leaderOf('g')?.agentId).toBe('a');
  });
});

describe('who has to be told who leads', () => {
  it('nobody, before the guard made a failover', () => {
    const it = roles({ a: { declared: 'primary', said: { role: 'primary', epoch: 0 } } });
    expect(it.isToBeTold('g', 'a')).toBe(false);
  });

  it.each<[string, { declared?: Role; said?: Said }, boolean]>([
    ['an old primary that is started anew', { declared: 'primary' }, true],
    ['one that says it still leads', { said: { role: 'primary', epoch: 1 } }, true],
    ['one that says it is a replica', { declared: 'primary', said: { role: 'replica', epoch: 3 } }, false],
    ['one that knows a later epoch', { said: { role: 'primary', epoch: 4 } }, false],
    ['one that never had a role', {}, false],
  ])('%s: %j is %s', (_what, a, told) => {
    expect(roles({ a, b: { said: { role: 'primary', epoch: 3 } } }, made('b', 3)).isToBeTold('g', 'a')).toBe(told);
  });

  it.each<[string, Said, boolean]>([
    ['knows it', { role: 'primary', epoch: 3 }, false],
    ['was started anew', {}, true],
    ['begins as it was set up', { role: 'replica', epoch: 0 }, true],
  ])('the one that leads, when it %s: %s', (_what, said, told) => {
    expect(roles({ b: { declared: 'replica', said } }, made('b', 3)).isToBeTold('g', 'b')).toBe(told);
  });
});

describe('the part of an agent', () => {
  it('is nothing where nobody has a role, and the others of its group are not looked at', () => {
    const it = new Roles({
      part: (agentId) => ({ agentId, said: {} }),
      members: () => expect.unreachable('a large group is not gone through for nothing'),
      leadership: () => undefined,
    });
    expect(it.statusOf('g', 'a')).toBeUndefined();
  });

  it('says how far behind it is only when it said so', () => {
    const it = roles({
      a: { declared: 'primary' },
      b: { said: { role: 'replica', lag: 0 } },
      c: { declared: 'replica' },
    });
    expect(it.statusOf('g', 'b')).toEqual({ role: 'replica', epoch: 0, primary: 'a', lagMs: 0 });
    expect(it.statusOf('g', 'c')).toEqual({ role: 'replica', epoch: 0, primary: 'a' });
  });
});

it('no epoch is used twice: the next is above every one that was ordered or said', () => {
  expect(roles({ a: { said: { epoch: 7 } } }, begun('b', 3)).nextEpoch('g')).toBe(8);
  expect(roles({ a: {} }, begun('b', 3)).nextEpoch('g')).toBe(4);
});

it('who may take over is everybody with a role but who leads or says that it does', () => {
  const it = roles({
    a: { declared: 'primary' },
    b: { declared: 'replica' },
    c: { said: { role: 'primary', epoch: 1 } },
    d: {},
    // Its place was taken; it has not spoken since the guard was started.
    e: { declared: 'primary' },
  });
  expect(it.replicasOf('g', 'a').map(({ agentId }) => agentId)).toEqual(['b', 'e']);
});
