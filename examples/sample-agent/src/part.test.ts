import { expect, test } from 'vitest';
import { Part } from './part.ts';
import type { Role } from './settings.ts';

const part = (declared: Role | undefined, asks = true): Part =>
  new Part({ declared, lagMs: 250, asks, unansweredMax: 3 });

test('an agent without a role takes every job and says nothing of one', () => {
  expect([part(undefined).declines, part(undefined).told]).toEqual([undefined, undefined]);
});

test('a primary takes work once its guard has answered, or failed to three times', () => {
  const heard = part('primary');
  expect(heard.declines).toContain('does not know yet');
  heard.answered();
  expect([heard.declines, heard.told]).toEqual([undefined, { role: 'primary', epoch: 0 }]);
  const unheard = part('primary');
  for (let times = 0; times < 2; times += 1) unheard.unanswered();
  expect(unheard.declines).toBeDefined();
  unheard.unanswered();
  expect(unheard.declines).toBeUndefined();
  expect(part('primary', false).declines).toBeUndefined();
});

test('a replica says how far behind it is, leads when it is told so, and never by an older order', () => {
  const one = part('replica');
  expect([one.told, one.declines]).toEqual([
    { role: 'replica', epoch: 0, lag: 250 },
    expect.stringContaining('replica'),
  ]);
  expect(one.promote(2, 7)).toBeUndefined();
  expect(one.promote(1, 9)).toContain('older than epoch 2');
  expect(one.promote(3, 6)).toContain('with fence 7');
  expect([one.told, one.declines]).toEqual([{ role: 'primary', epoch: 2 }, undefined]);
});

test('it follows the guard, and no older epoch than it knows', () => {
  const one = part('primary');
  expect(one.follow(3, false)).toBe(true);
  expect(one.follow(3, false)).toBe(false);
  expect(one.follow(2, true)).toBe(false);
  expect(one.told).toEqual({ role: 'replica', epoch: 3, lag: 250 });
  expect(one.follow(4, true)).toBe(true);
  expect(one.told).toEqual({ role: 'primary', epoch: 4 });
});
