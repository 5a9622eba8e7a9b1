import { describe, expect, it } from 'vitest';
import type { Hold, Json } from '../../model/index.ts';
import { holdFrom, longestMs } from './stored-hold.ts';

const now = 1_000_000;
const whole: Hold = {
  id: 'hold_1',
  scope: { kind: 'group', group: 'web' },
  reason: 'deploy',
  by: 'ann',
  at: now,
  until: now + 60_000,
  maintenance: false,
};
const read = (value: unknown) => holdFrom('hold_1', value as Json, now);

describe('a stored hold', () => {
  it('is what was stored', () => {
    expect(read(whole)).toEqual({ hold: whole, damaged: false });
  });

  it('holds as long as one can when nobody knows its end', () => {
    const { until: _until, ...endless } = whole;
    expect(read(endless)).toEqual({ hold: { ...whole, until: now + longestMs }, damaged: true });
  });

  it.each([null, [], 'x', {}, { ...whole, scope: { kind: 'group' } }])(
    'holds the whole fleet when nobody knows whom it is for (%#)',
    (value) => {
      expect(read(value)).toMatchObject({ hold: { id: 'hold_1', scope: { kind: 'fleet' } }, damaged: true });
    },
  );
});
