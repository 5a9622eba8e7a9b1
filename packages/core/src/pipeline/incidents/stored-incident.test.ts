import { describe, expect, it } from 'vitest';
import { openIncident } from '../../../test/incident/fixtures.ts';
import type { Json, Policy } from '../../model/index.ts';
import { samplePolicy } from '../../testing/sample-fleet.ts';
import { incidentFrom } from './stored-incident.ts';

describe('a stored incident', () => {
  it('keeps what it was opened under, and takes what an older guard did not know from what holds now', () => {
    const { recurrence, ...older } = samplePolicy();
    const stored = {
      ...openIncident(),
      policy: { ...older, mode: 'observe', watch: { forMs: 7 }, detectors: ['heartbeat'] },
    };
    const read = incidentFrom(stored as unknown as Json, () => samplePolicy());
    expect(read.policy).toEqual({
      ...samplePolicy(),
      recurrence,
      mode: 'observe',
      watch: { ...samplePolicy().watch, forMs: 7 },
      detectors: ['heartbeat'],
    } satisfies Policy);
  });
});
