import { describe, expect, it } from 'vitest';
import { guardError } from '../contracts/index.ts';
import { StoreOutage } from './store-outage.ts';

describe('a store that comes back', () => {
  it('is noticed once, however short it was away; a refusal is an answer', () => {
    let back = 0;
    const outage = new StoreOutage(() => (back += 1));
    outage.heard(undefined);
    outage.heard(guardError('GUARD_STATE_CONFLICT', { key: 'k' }));
    outage.heard(undefined);
    expect(back).toBe(0);
    outage.heard(guardError('GUARD_STATE_UNAVAILABLE', { why: 'gone' }));
    outage.heard(new Error('socket hang up'));
    expect(back).toBe(0);
    outage.heard(guardError('GUARD_STATE_CONFLICT', { key: 'k' }));
    outage.heard(undefined);
    expect(back).toBe(1);
  });
});
