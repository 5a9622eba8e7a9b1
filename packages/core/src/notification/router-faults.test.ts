import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { busy, minute, refused, RouterRig, titles } from '../../test/router-rig.ts';
import { guardError } from '../contracts/index.ts';
import type { Notifier } from '../contracts/index.ts';
import type { Notice, NoticeKind, Priority } from '../model/index.ts';
import { keys } from '../state/keys.ts';
import { FakeNotifier } from '../testing/fake-notifier.ts';
import type { NoticeRoute } from './routes.ts';

let t: RouterRig;

beforeEach(() => {
  t = new RouterRig();
});

describe('when channels fail', () => {
  it('falls back to the next route when those of its priority refuse', async () => {
    const routes: readonly NoticeRoute[] = [
      { to: 'slack', from: 'info' },
      { to: 'pager', from: 'critical' },
    ];
    t.slack.failNext(refused);
    await t.tell(t.router({ routes }), t.notice({ n: 1, priority: 'warning' }));
    await t.rig.clock.settle(3);
    expect(titles(t.pager)).toHaveLength(1);
    expect(t.told).toEqual(['inc_1.000001.opened by pager']);
  });

  it('retries for as long as the config says, then logs it and says that nobody was told', async () => {
    t.slack.failNext(busy, 1_000);
    t.pager.failNext(refused);
    await t.tell(t.router(), t.notice({ n: 1, title: 'all is lost' }));
    await t.rig.clock.advance(9 * minute);
    expect(t.undelivered).toEqual([]);
    await t.rig.clock.advance(2 * minute);
    expect(t.undelivered).toEqual(['inc_1.000001.opened']);
    expect(t.told).toEqual([]);
    expect(t.rig.log.entries.some((entry) => entry.level === 'error' && entry.message === 'all is lost')).toBe(true);
    expect(await t.waiting()).toEqual([]);
  });

  it('counts the log as a person where the operator chose it, or nothing', async () => {
    await t.tell(t.router({ routes: [{ to: 'log', from: 'info' }] }), t.notice({ n: 1 }));
    await t.tell(t.router({ routes: [] }), t.notice({ n: 2 }));
    await t.rig.clock.settle();
    expect(t.told).toEqual(['inc_1.000001.opened by log', 'inc_1.000002.opened by log']);
  });

  it('takes a route to a notifier that is not there for one that failed', async () => {
    await t.tell(
      t.router({
        routes: [
          { to: 'gone', from: 'info' },
          { to: 'slack', from: 'critical' },
        ],
      }),
      t.notice({ priority: 'info' }),
    );
    await t.rig.clock.settle(3);
    expect(t.slack.delivered).toHaveLength(1);
    expect(t.failures[0]).toContain('No plugin offers the notifier gone');
  });

  it('stores what is fit to be stored, whatever a notifier answers', async () => {
    const odd = {
      supports: { threads: true },
      deliver: async () => ({ threadRef: 7, at: Number.NaN, extra: () => 1 }),
    } as unknown as Notifier;
    const one = t.router({ notifiers: new Map([['slack', odd]]), routes: [{ to: 'slack', from: 'info' }] });
    await t.tell(one, t.notice({ n: 1 }));
    await t.rig.clock.settle(3);
    const thread = await t.rig.state.get(keys.thread(7, 'inc_1', 'slack'));
    expect(thread?.value).toEqual({ noticeId: 'inc_1.000001.opened', at: t.rig.clock.now() });
  });
});

describe('restart and ownership', () => {
  it('takes up what an earlier run left, in order', async () => {
    const before = t.router();
    t.slack.failNext(busy, 100);
    t.pager.failNext(busy, 100);
    for (const title of ['a', 'b', 'c']) await t.tell(before, t.notice({ title }));
    await t.rig.clock.settle();
    await before.stop();
    t.slack = new FakeNotifier();
    t.pager = new FakeNotifier();
    const after = t.router();
    await after.resume([7, 8]);
    await t.rig.clock.settle(3);
    expect([titles(t.slack), titles(t.pager)]).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ]);
    expect(await t.waiting()).toEqual([]);
    expect(t.rig.clock.pendingTimers).toBe(0);
  });

  it('tries no longer than the config says, however often the guard is started anew', async () => {
    const routes: readonly NoticeRoute[] = [{ to: 'slack', from: 'info' }];
    t.slack.failNext(busy, 1_000);
    const ops = t.router({ routes }).opsFor(t.notice({ n: 1 }));
    await t.rig.state.commit(keys.partition(7), ops, { fence: 1, durability: 'sync' });
    for (let boots = 0; boots < 2; boots += 1) {
      const next = t.router({ routes });
      await next.resume([7]);
      await t.rig.clock.advance(6 * minute);
      await next.stop();
    }
    expect(t.undelivered).toEqual(['inc_1.000001.opened']);
  });

  it('calls the second tier also when the guard was killed before the call went out', async () => {
    const routes: readonly NoticeRoute[] = [
      { to: 'slack', from: 'info' },
      { to: 'pager', from: 'info', tier: 2 },
    ];
    const call = t.notice({ kind: 'escalated', tier: 2 });
    await t.rig.state.commit(keys.partition(7), t.router({ routes }).opsFor(call), { fence: 1, durability: 'sync' });
    await t.router({ routes }).resume([7]);
    await t.rig.clock.settle(3);
    expect([t.slack.delivered.length, t.pager.delivered.length]).toEqual([1, 1]);
  });

  it('does not send again to the channel that had accepted it', async () => {
    const before = t.router();
    t.slack.failNext(busy, 100);
    await t.tell(before, t.notice({ n: 1 }));
    await t.rig.clock.settle(3);
    await before.stop();
    t.slack = new FakeNotifier();
    const after = t.router();
    await after.resume([7]);
    await t.rig.clock.settle(3);
    expect([t.slack.delivered.length, t.pager.delivered.length]).toEqual([1, 1]);
  });

  it('passes on again that a person was told, when that was lost with the crash', async () => {
    let fails = true;
    const events = {
      onSent: () => undefined,
      onFailed: () => undefined,
      onUndelivered: () => undefined,
      onTold: async (one: Notice) => {
        if (fails) throw guardError('GUARD_STATE_UNAVAILABLE', { why: 'away' });
        t.told.push(one.id);
      },
    };
    const one = t.router({ events, routes: [{ to: 'slack', from: 'info' }] });
    await t.tell(one, t.notice({ n: 1 }));
    await t.rig.clock.settle();
    expect(await t.waiting()).toHaveLength(1);
    fails = false;
    await t.rig.clock.advance(minute);
    expect([t.told, await t.waiting()]).toEqual([['inc_1.000001.opened'], []]);
    expect(t.slack.delivered).toHaveLength(1);
  });

  it('leaves the outbox to the guard that owns the shard now', async () => {
    const one = t.router();
    await t.tell(one, t.notice());
    t.owned = false;
    await t.rig.clock.advance(minute);
    expect(await t.waiting()).toHaveLength(1);
    expect([one.pending, t.rig.clock.pendingTimers]).toEqual([0, 0]);
    t.owned = true;
    await one.resume([7]);
    await t.rig.clock.settle(3);
    expect(await t.waiting()).toEqual([]);
  });

  it('releases a shard and takes it back', async () => {
    const one = t.router();
    t.slack.failNext(busy, 3);
    await t.tell(one, t.notice({ title: 'x', priority: 'info' }));
    await t.rig.clock.settle();
    await one.release(7);
    expect([one.pending, t.rig.clock.pendingTimers]).toEqual([0, 0]);
    await one.resume([7]);
    await t.rig.clock.advance(5 * minute);
    expect(titles(t.slack)).toEqual(['x']);
  });

  it.each(['stop', 'release'] as const)(
    'begins nothing new after %s, and leaves it to whoever resumes',
    async (how) => {
      const one = t.router({
        routes: [
          { to: 'slack', from: 'info' },
          { to: 'pager', from: 'critical' },
        ],
      });
      t.slack.failNext(refused);
      const commit = t.rig.state.commit.bind(t.rig.state);
      const given = t.notice({ priority: 'info' });
      await t.tell(one, given);
      let ended: Promise<void> | undefined;
      t.rig.state.commit = async (...args) => {
        ended ??= how === 'stop' ? one.stop() : one.release(7);
        return commit(...args);
      };
      await t.rig.clock.settle(3);
      await ended;
      expect([ended !== undefined, t.pager.asked, t.rig.clock.pendingTimers]).toEqual([true, 0, 0]);
      const next = t.router();
      await next.resume([7]);
      await t.rig.clock.settle(3);
      expect([t.slack.asked, titles(t.pager).length, await t.waiting()]).toEqual([1, 1, []]);
    },
  );

  it('waits for a store that is away for a while', async () => {
    const one = t.router();
    t.slack.hangNext();
    await t.tell(one, t.notice());
    await t.rig.clock.settle();
    const commit = t.rig.state.commit.bind(t.rig.state);
    let away = 3;
    t.rig.state.commit = async (...args) => {
      away -= 1;
      if (away >= 0) throw guardError('GUARD_STATE_UNAVAILABLE', { why: 'away' });
      return commit(...args);
    };
    await t.rig.clock.advance(5 * minute);
    expect(await t.waiting()).toEqual([]);
    expect([t.slack.delivered.length, t.pager.delivered.length]).toEqual([1, 1]);
  });

  it('passes over a damaged notice in the outbox and says so', async () => {
    const value = { notice: { id: 'x' }, targets: {} };
    await t.rig.state.commit(keys.partition(7), [{ op: 'put', key: keys.outbox(7, 'x'), value, when: 'any' }], {
      durability: 'sync',
    });
    await t.router().resume([7]);
    expect(t.rig.log.entries.at(-1)?.message).toContain('damaged');
  });
});

describe('in general', () => {
  const kinds: readonly NoticeKind[] = ['opened', 'progress', 'escalated', 'recovered'];
  const priorities: readonly Priority[] = ['info', 'warning', 'error', 'critical'];
  const anyNotice = fc.record({
    kind: fc.constantFrom(...kinds),
    priority: fc.constantFrom(...priorities),
    incidentId: fc.constantFrom('inc_1', 'inc_2', 'inc_3'),
  });
  const anyFaults = fc.array(
    fc.constantFrom<'ok' | 'busy' | 'refused' | 'hang'>('ok', 'ok', 'busy', 'refused', 'hang'),
    { maxLength: 20 },
  );

  it('every notice is settled, every thread is in order, and no one says both that it was told and that it was not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyNotice, { maxLength: 12 }),
        anyFaults,
        fc.nat(12),
        async (given, faults, restartAt) => {
          t = new RouterRig();
          for (const [at, fault] of faults.entries()) {
            const channel = at % 2 ? t.slack : t.pager;
            if (fault === 'hang') channel.hangNext();
            else if (fault !== 'ok') channel.failNext(fault === 'busy' ? busy : refused);
          }
          // Both get everything: a notice that falls back to another channel comes late, and that is meant.
          const routes: readonly NoticeRoute[] = [
            { to: 'slack', from: 'info' },
            { to: 'pager', from: 'info' },
          ];
          let one = t.router({ routes });
          for (const [n, { kind, priority, incidentId }] of given.entries()) {
            if (n === restartAt) {
              await one.stop();
              one = t.router({ routes });
              await one.resume([7]);
            }
            await t.tell(one, t.notice({ n, kind, priority, incidentId, title: `${n}` }));
            await t.rig.clock.advance(n * 700);
          }
          await t.rig.clock.advance(30 * minute);
          expect([await t.waiting(), one.pending, t.rig.clock.pendingTimers]).toEqual([[], 0, 0]);
          for (const channel of [t.slack, t.pager]) {
            for (const incidentId of ['inc_1', 'inc_2', 'inc_3']) {
              const order = channel.delivered
                .filter((each) => each.notice.incidentId === incidentId)
                .map((each) => Number(each.notice.title));
              expect(order).toEqual([...order].sort((a, b) => a - b));
            }
          }
          const toldOf = new Set(t.told.map((line) => line.split(' ')[0]));
          expect(t.undelivered.filter((id) => toldOf.has(id))).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
