import { expect, it } from 'vitest';
import type { Storm } from '../../model/index.ts';
import { closedNow, newStorm, pagedNow } from './storm-changes.ts';

const hour = 3_600_000;
const standing = { unwell: 3, handedOver: 1 };
const fresh = newStorm({
  id: 'storm_1',
  group: 'web',
  cause: 'mass-failure',
  reason: { code: 'fleet-breaker-open', text: 'many' },
  breaker: { state: 'closed', trips: 0 },
  now: 0,
  tellAt: 5_000,
});

it('is told every hour until a notifier accepts it, and no such message counts as a reminder', () => {
  const twice = pagedNow(pagedNow(fresh, standing, 0), standing, hour);
  expect(twice).toMatchObject({ paged: true, told: false, tellAt: 2 * hour });
  expect(twice.reminded).toBeUndefined();
});

it('is brought to mind at doubling pauses, at most a day apart, once people know', () => {
  let storm: Storm = { ...pagedNow(fresh, standing, 0), told: true };
  const pauses: number[] = [];
  for (let count = 0; count < 7; count += 1) {
    const now = storm.tellAt as number;
    storm = pagedNow(storm, standing, now);
    pauses.push(((storm.tellAt as number) - now) / hour);
  }
  expect(pauses).toEqual([2, 4, 8, 16, 24, 24, 24]);
  expect(storm.reminded).toBe(7);
});

it('has nothing more to tell when it is over, and says how it stood', () => {
  const closed = closedNow(pagedNow(fresh, standing, 0), { unwell: 1, handedOver: 0 }, hour);
  expect(closed).toMatchObject({ state: 'closed', closedAt: hour, standing: { unwell: 1 } });
  expect(closed.tellAt).toBeUndefined();
});
