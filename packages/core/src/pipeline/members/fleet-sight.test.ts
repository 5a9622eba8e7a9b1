import { expect, it } from 'vitest';
import type { SignalBatch } from '../../contracts/index.ts';
import type { MetricsSignal, ProbeSignal } from '../../model/index.ts';
import { samplePolicy } from '../../testing/sample-fleet.ts';
import { createVirtualClock } from '../../testing/virtual-clock.ts';
import { FleetSight, type FleetSightOptions } from './fleet-sight.ts';

const clock = createVirtualClock();

function sight(endpoint?: string): FleetSight {
  const agent = { id: 'web.1', group: 'web' };
  const known = {
    clock,
    fleet: {
      slotOf: () => 0,
      agent: () => ({ agent, policy: samplePolicy() }),
      endpointOf: () => endpoint && { endpoint },
    },
    detection: { status: () => ({ health: 'healthy', findings: [] }) },
    collector: { progressOf: () => undefined, metricsOf: () => ({}) },
  };
  return new FleetSight(known as unknown as FleetSightOptions);
}

function batch(signal: Omit<MetricsSignal, 'receivedMs'> | Omit<ProbeSignal, 'receivedMs'>): SignalBatch {
  const signals = [{ slot: 0, signal: { ...signal, receivedMs: clock.monotonic() } }];
  return {
    nowMs: clock.monotonic(),
    heartbeats: { length: 0, slots: [], atMs: [] },
    signals,
  } as unknown as SignalBatch;
}

const figures = { kind: 'metrics', agentId: 'web.1', metrics: { cpu_usage: 0 } } as const;

it('figures that were measured from outside are fresh, and no sign of life', async () => {
  const one = sight();
  one.observe(batch({ ...figures, outside: true }));
  await clock.advance(2_000);
  const seen = one.see('web.1');
  expect(seen?.figuresAgoMs).toBe(2_000);
  expect(seen).not.toHaveProperty('heardAgoMs');
});

it('figures of the agent itself are a sign of life, and so is a good answer', async () => {
  const told = sight();
  told.observe(batch(figures));
  await clock.advance(1_000);
  expect(told.see('web.1')).toMatchObject({ figuresAgoMs: 1_000, heardAgoMs: 1_000 });
  const answers = sight();
  answers.observe(batch({ kind: 'probe', agentId: 'web.1', probe: 'liveness', outcome: 'up', latencyMs: 1 }));
  await clock.advance(500);
  expect(answers.see('web.1')).toMatchObject({ answeredAgoMs: 500, heardAgoMs: 500 });
});

it('an agent can be asked as long as one of its probes can', () => {
  expect(sight().see('web.1')).toMatchObject({ asked: false });
  const one = sight('http://10.0.0.1');
  const answer = { kind: 'probe', agentId: 'web.1', latencyMs: 1 } as const;
  expect(one.see('web.1')).toMatchObject({ asked: true, wasAlive: false });
  one.observe(batch({ ...answer, probe: 'readiness', outcome: 'up' }));
  expect(one.see('web.1')).toMatchObject({ wasAlive: false });
  one.observe(batch({ ...answer, probe: 'liveness', outcome: 'up' }));
  one.observe(batch({ ...answer, probe: 'performance', outcome: 'unknown', unaskable: true }));
  expect(one.see('web.1')).toMatchObject({ asked: true, wasAlive: true });
  one.observe(batch({ ...answer, probe: 'liveness', outcome: 'unknown', denied: true }));
  expect(one.see('web.1')).toMatchObject({ asked: false });
});
