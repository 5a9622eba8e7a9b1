import { beforeEach, describe, expect, it } from 'vitest';
import { busy, minute, RouterRig, titles } from '../../test/router-rig.ts';
import { guardError } from '../contracts/index.ts';
import type { Notifier } from '../contracts/index.ts';

let t: RouterRig;

beforeEach(() => {
  t = new RouterRig();
});

describe('delivery', () => {
  it('goes to every route of its priority, and out of the outbox', async () => {
    const one = t.router();
    await t.tell(one, t.notice({ title: 'big', priority: 'critical' }));
    await t.tell(one, t.notice({ title: 'small', priority: 'warning', incidentId: 'inc_2' }));
    await t.rig.clock.settle();
    expect([titles(t.slack), titles(t.pager)]).toEqual([['big', 'small'], ['big']]);
    expect(await t.waiting()).toEqual([]);
    expect(t.told).toHaveLength(2);
    expect(one.pending).toBe(0);
  });

  it('makes one thread of an incident, also over a restart of the guard', async () => {
    await t.tell(t.router(), t.notice());
    await t.rig.clock.settle();
    await t.tell(t.router(), t.notice());
    await t.rig.clock.settle();
    const [first, second] = t.slack.delivered;
    expect(first?.previous).toBeUndefined();
    expect(second?.previous).toEqual(first?.delivery);
  });

  it('keeps the order of a thread while a channel is away, and does not hold up other threads', async () => {
    const one = t.router();
    t.slack.failNext(busy, 2);
    await t.tell(one, t.notice({ title: 'first' }));
    await t.tell(one, t.notice({ title: 'second' }));
    await t.rig.clock.settle();
    await t.tell(one, t.notice({ title: 'other', incidentId: 'inc_2' }));
    await t.rig.clock.advance(5 * minute);
    const order = titles(t.slack);
    expect(order.indexOf('first')).toBeLessThan(order.indexOf('second'));
    expect(order).toContain('other');
    expect(t.failures).toEqual(Array.from({ length: 2 }, () => `slack: ${busy.message}`));
  });

  it('tells of a person told as soon as the first channel accepts', async () => {
    const one = t.router();
    t.slack.failNext(busy, 100);
    await t.tell(one, t.notice({ n: 1 }));
    await t.rig.clock.settle();
    expect(t.told).toEqual(['inc_1.000001.opened by pager']);
    expect(await t.waiting()).toHaveLength(1);
    await one.stop();
  });

  it('waits as long as a channel asks for', async () => {
    t.slack.failNext(guardError('GUARD_NOTICE_FAILED', { notifier: 'slack', why: 'status 429', retryAfterMs: 30_000 }));
    await t.tell(t.router({ routes: [{ to: 'slack', from: 'info' }] }), t.notice());
    await t.rig.clock.advance(29_000);
    expect(t.slack.asked).toBe(1);
    await t.rig.clock.advance(2_000);
    expect(t.slack.delivered).toHaveLength(1);
  });

  it('tries at once when it is kicked', async () => {
    const one = t.router({ routes: [{ to: 'slack', from: 'info' }] });
    t.slack.failNext(guardError('GUARD_NOTICE_FAILED', { notifier: 'slack', why: 'x', retryAfterMs: 5 * minute }));
    await t.tell(one, t.notice());
    await t.rig.clock.settle();
    one.kick();
    await t.rig.clock.settle();
    expect(t.slack.delivered).toHaveLength(1);
    expect(t.rig.clock.pendingTimers).toBe(0);
  });

  it('gives a channel that hangs 20 s and then tries again', async () => {
    t.slack.hangNext();
    await t.tell(t.router({ routes: [{ to: 'slack', from: 'info' }] }), t.notice());
    await t.rig.clock.advance(minute);
    expect(t.failures).toEqual(['slack: The delivery by slack took longer than 20s.']);
    expect(t.slack.delivered).toHaveLength(1);
  });

  it('floods no channel: at most four deliveries at once', async () => {
    const gate: (() => void)[] = [];
    const slow: Notifier = {
      supports: { threads: false },
      deliver: async ({ id, at }) => {
        await new Promise<void>((resolve) => gate.push(resolve));
        return { noticeId: id, at };
      },
    };
    const one = t.router({ notifiers: new Map([['slack', slow]]), routes: [{ to: 'slack', from: 'info' }] });
    for (let n = 0; n < 10; n += 1) await t.tell(one, t.notice({ incidentId: `inc_${n}` }));
    await t.rig.clock.settle(3);
    expect(gate).toHaveLength(4);
    for (let n = 0; n < 10; n += 1) {
      gate[n]?.();
      await t.rig.clock.settle(3);
    }
    expect(one.pending).toBe(0);
  });

  it('stores and sends no secret', async () => {
    const secret = {
      title: 'hunter2',
      text: 'it is hunter2',
      recommendedAction: 'use hunter2',
      failureDetails: { log: ['password hunter2'] },
    };
    const one = t.router();
    expect(JSON.stringify(one.opsFor(t.notice(secret)))).not.toContain('hunter2');
    await t.tell(one, t.notice(secret));
    await t.rig.clock.settle();
    expect(t.slack.delivered).toHaveLength(1);
    expect(JSON.stringify(t.slack.delivered)).not.toContain('hunter2');
  });

  it('sends a notice once that was handed over twice, and once what says the same', async () => {
    const one = t.router();
    const given = t.notice({ n: 1, title: 'same', text: 'same' });
    t.slack.failNext(busy);
    await t.tell(one, given);
    await t.tell(one, given);
    await t.tell(one, t.notice({ n: 2, title: 'same', text: 'same' }));
    await t.rig.clock.advance(30_000);
    await t.tell(one, t.notice({ n: 3, title: 'same', text: 'same' }));
    await t.rig.clock.settle();
    expect([t.slack.delivered.length, t.pager.delivered.length]).toEqual([1, 1]);
    expect(t.told.map((line) => line.slice(0, 12))).toEqual(['inc_1.000001', 'inc_1.000002', 'inc_1.000003']);
    expect(await t.waiting()).toEqual([]);
    await t.rig.clock.advance(2 * minute);
    await t.tell(one, t.notice({ n: 4, title: 'same', text: 'same' }));
    await t.rig.clock.settle();
    expect(t.slack.delivered).toHaveLength(2);
  });
});

describe('the end of an incident', () => {
  it('goes to whoever was paged, though it is of low priority', async () => {
    const one = t.router();
    await t.tell(one, t.notice({ priority: 'critical' }));
    await t.tell(one, t.notice({ kind: 'resolved', priority: 'info', title: 'over' }));
    await t.rig.clock.settle(3);
    expect(titles(t.pager)).toContain('over');
  });

  it('does not go to a channel that never heard of it', async () => {
    const one = t.router();
    await t.tell(one, t.notice({ priority: 'warning' }));
    await t.tell(one, t.notice({ kind: 'resolved', priority: 'info', title: 'over' }));
    await t.rig.clock.settle(3);
    expect([titles(t.slack).at(-1), t.pager.asked]).toEqual(['over', 0]);
  });
});

describe('maintenance (R14)', () => {
  it('holds pages back and sends them when the incident outlives the hold', async () => {
    const one = t.router();
    t.held = true;
    await t.tell(one, t.notice({ title: 'page' }));
    await t.rig.clock.advance(5 * minute);
    expect(t.slack.asked).toBe(0);
    t.held = false;
    await t.rig.clock.advance(minute);
    expect(titles(t.slack)).toEqual(['page']);
  });

  it('never holds the end of an incident back, and drops the pages it makes moot', async () => {
    const one = t.router();
    t.held = true;
    await t.tell(one, t.notice({ title: 'page' }));
    await t.tell(one, t.notice({ title: 'page 2', kind: 'escalated' }));
    await t.rig.clock.settle();
    await t.tell(one, t.notice({ title: 'healed', kind: 'recovered', priority: 'info' }));
    await t.rig.clock.settle(3);
    expect(titles(t.slack)).toEqual(['healed']);
    expect(t.pager.asked).toBe(0);
    expect(await t.waiting()).toEqual([]);
    expect(t.undelivered).toEqual([]);
  });

  it('tells a person when it cannot be found out whether there is a hold', async () => {
    const suppressed = (): boolean => {
      throw guardError('GUARD_STATE_CLOSED');
    };
    await t.tell(t.router({ suppressed }), t.notice());
    await t.rig.clock.settle();
    expect(t.slack.delivered).toHaveLength(1);
  });
});
