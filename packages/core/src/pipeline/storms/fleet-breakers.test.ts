import { expect, it } from 'vitest';
import type { BreakerPolicy, FleetBreaker, Incident } from '../../model/index.ts';
import { createVirtualClock, samplePolicy } from '../../testing/index.ts';
import type { Ailing } from './ailing.ts';
import { FleetBreakers } from './fleet-breakers.ts';
import type { IncidentChange } from '../incidents/incident-change.ts';
import type { StormLog } from './storm-log.ts';

const policy = samplePolicy();
const breakerPolicy: BreakerPolicy = policy.gate.breaker;

/** A half-open breaker of a group of 4 that all are unhealthy, and whether its agents are sound. */
function world() {
  const clock = createVirtualClock();
  const since = clock.now();
  let breaker: FleetBreaker = {
    state: 'half-open',
    trips: 1,
    since,
    reason: { code: 'fleet-breaker-open', text: 'many' },
    coolDownMs: 60_000,
    allowed: 1,
    successes: 0,
  };
  const log = {
    breaker: () => breaker,
    wanted: () => breaker,
    want: (_group: string, next: FleetBreaker) => void (breaker = next),
  } as unknown as StormLog;
  const breakers = new FleetBreakers({
    clock,
    log,
    ailing: { counts: () => ({ unhealthy: 4, size: 4 }) } as unknown as Ailing,
    policyOf: () => breakerPolicy,
    refresh: () => undefined,
    isSound: () => false,
  });
  return { clock, breakers };
}

const incident = (id: string, more: object): Incident =>
  ({ id, agentId: id, group: 'web', policy, attempts: [], ...more }) as unknown as Incident;
const moved = (one: Incident): IncidentChange => ({ incident: one, decided: {} }) as unknown as IncidentChange;

it('does not wait for ever for a canary whose watch is prolonged because it flaps', async () => {
  const { clock, breakers } = world();
  const startedAt = clock.now();
  const watch = { startedAt, until: startedAt + policy.watch.forMs, checks: 0, lastHealth: 'degraded' };
  breakers.after(moved(incident('inc_1', { state: 'watching', attempt: { canary: 1 }, watch })));
  const other = incident('inc_2', { state: 'open' });
  expect(breakers.facts(other)?.inFlight).toBe(1);
  await clock.advance(2 * policy.watch.forMs - 1_000);
  expect(breakers.facts(other)?.inFlight).toBe(1);
  await clock.advance(2_000);
  expect(breakers.facts(other)?.inFlight).toBe(0);
});

it('lets people be asked about as many as there may be canaries, and about the next when one is answered', () => {
  const { clock, breakers } = world();
  const other = incident('inc_2', { state: 'open' });
  const asking = { state: 'awaiting-approval', approval: { requestedAt: clock.now() } };
  expect(breakers.crowd(other)).toBeUndefined();
  breakers.after(moved(incident('inc_1', asking)));
  expect(breakers.crowd(other)).toMatchObject({ code: 'fleet-breaker-half-open' });
  breakers.after(moved(incident('inc_1', { state: 'escalated' })));
  expect(breakers.crowd(other)).toBeUndefined();
});

it('does not count what people were asked before the mass failure', () => {
  const { clock, breakers } = world();
  const asking = { state: 'awaiting-approval', approval: { requestedAt: clock.now() - 60_000 } };
  breakers.after(moved(incident('inc_1', asking)));
  expect(breakers.crowd(incident('inc_2', { state: 'open' }))).toBeUndefined();
});
