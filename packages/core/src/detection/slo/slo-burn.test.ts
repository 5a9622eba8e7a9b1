import { describe, expect, it } from 'vitest';
import { samplePolicy } from '../../testing/sample-fleet.ts';
import { judgeBurn } from './slo-burn.ts';
import { SloRecord } from './slo-record.ts';

describe('judging how fast a budget burns', () => {
  it('changes nothing by being asked, so that looking at an agent decides nothing about it', () => {
    const record = new SloRecord('web.1');
    const { slo } = samplePolicy();
    for (let atMs = 0; atMs <= 7_200_000; atMs += 30_000)
      record.report({ error_rate: 0.5, requests_per_second: 10 }, slo, atMs);
    expect(judgeBurn(record, slo, 7_200_000).map(({ key }) => key)).toContain('errorRate/0');
    expect([...record.raised]).toEqual([]);
  });
});
