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
    expect(read?.policy).toEqual({
      ...samplePolicy(),
      recurrence,
      mode: 'observe',
      watch: { ...samplePolicy().watch, forMs: 7 },
      detectors: ['heartbeat'],
    } satisfies Policy);
  });

  it.each([null, [], 'x', {}, { ...openIncident(), findings: undefined }, { ...openIncident(), state: 'acting' }])(
    'is passed over when it is none (%#)',
    (damaged) => {
      expect(incidentFrom(damaged as unknown as Json, () => samplePolicy())).toBeUndefined();
    },
  );

  it('has what was left unsaid in its policy left unsaid, whatever is said now', () => {
    const before = samplePolicy({ trends: { ...samplePolicy().trends, limits: {} } });
    const stored = { ...openIncident(), policy: before };
    const read = incidentFrom(stored as unknown as Json, () => everythingSaid(samplePolicy()));
    expect(read?.policy).toEqual(before);
  });

  it('has what was said in its policy, and no more of it than that', () => {
    const said = everythingSaid(samplePolicy());
    const respawn = { ...said.ladder.respawn, override: { image: 'app:1' }, backoff: { baseMs: 1 } };
    const before: Policy = { ...said, ladder: { ...said.ladder, respawn }, trends: { ...said.trends, limits: {} } };
    const stored = { ...openIncident(), policy: before };
    expect(incidentFrom(stored as unknown as Json, () => said)?.policy).toEqual(before);
  });
});

/** The same policy with everything said in it that may be. */
function everythingSaid(policy: Policy): Policy {
  const { ladder, probes, trends, prediction } = policy;
  const way = { port: 8_443, command: ['true'] };
  const rung = { drainMs: 5_000, backoff: { baseMs: 2_000, capMs: 9_000 } };
  return {
    ...policy,
    failover: { when: 'at-once', maxLagMs: 1_000, restMs: 1_000 },
    ladder: {
      ...ladder,
      hungGraceMs: 1_000,
      restart: { ...ladder.restart, ...rung },
      recreate: { ...ladder.recreate, ...rung },
      respawn: { ...ladder.respawn, ...rung, override: { image: 'app:2', memoryLimit: 1, env: { A: 'b' } } },
    },
    probes: {
      ...probes,
      health: { ...probes.health, ...way },
      liveness: { ...probes.liveness, ...way },
      readiness: { ...probes.readiness, ...way },
      performance: { ...probes.performance, ...way },
      tls: { insecure: false, caFile: '/ca.pem', serverName: 'agents' },
    },
    trends: { ...trends, limits: { memory_usage_mb: 512 } },
    prediction: { ...prediction, quiet: { ...prediction.quiet, requestsPerSecond: 1 } },
  };
}
