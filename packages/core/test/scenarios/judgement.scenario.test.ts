import { describe, expect, it } from 'vitest';
import type { Incident } from '../../src/model/index.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import type { World } from './rig.ts';
import { fakeWorld, healthy, quick, resolved } from './rig.ts';

const id = 'web.2';
const kinds = (world: World): readonly string[] => world.executed.map(({ action }) => action.kind);
const first = async (rig: GuardRig): Promise<Incident> => (await rig.incidents())[0] as Incident;
const until = (rig: GuardRig, state: Incident['state'], forMs = 600_000): Promise<boolean> =>
  rig.until(async () => (await rig.incidents())[0]?.state === state, forMs);
const routed = (rig: GuardRig): readonly string[] =>
  rig
    .guard()
    .routes('web')
    .map(({ agentId }) => agentId);

describe('a security incident, suspected by a rule of the user', () => {
  const rules = [{ when: 'finding.kind == "exited"', set: 'securityIncident', reason: 'an exit may be an intruder' }];

  it('isolates the agent with its evidence secured, and destroys nothing before a person approved', async () => {
    const world = await fakeWorld({ severity: { rules } });
    const { rig } = world;
    await healthy(rig);
    world.kill(id);
    expect(await until(rig, 'awaiting-approval')).toBe(true);
    expect(kinds(world)).toEqual(['isolate']);
    expect(routed(rig)).not.toContain(id);
    const waiting = await first(rig);
    expect(waiting.assessment).toMatchObject({ severity: 9, securityIncident: true });
    expect(waiting.attempts).toMatchObject([{ plan: { contain: { for: 'security' } }, verdict: 'contained' }]);
    expect(waiting.attempts[0]?.steps[1]).toMatchObject({
      spec: { type: 'evidence' },
      receipt: { result: 'succeeded' },
    });
    await rig.clock.advance(60_000);
    expect(kinds(world)).toEqual(['isolate']);
    await rig.guard().approve(waiting.id, { by: 'ann' });
    expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
    expect(kinds(world)).toEqual(['isolate', 'respawn', 'retire']);
    await rig.stop();
  });

  it('is brought back by the guard when a person resolves it', async () => {
    const world = await fakeWorld({
      severity: { rules: [{ when: 'finding.kind == "slow"', set: 'securityIncident', reason: 'slow is suspicious' }] },
    });
    const { rig } = world;
    await healthy(rig);
    rig.fleet.suffer(id, 'slow');
    expect(await until(rig, 'awaiting-approval')).toBe(true);
    expect(kinds(world)).toEqual(['isolate']);
    rig.fleet.recover(id);
    await rig.clock.advance(60_000);
    // It looks sound, which proves nothing: it is not resolved by itself.
    expect(await first(rig)).toMatchObject({ state: 'escalated', reason: { code: 'security-incident' } });
    await rig.guard().resolve((await first(rig)).id, { by: 'ann' });
    expect(await resolved(rig)).toMatchObject({ state: 'resolved' });
    expect(kinds(world)).toEqual(['isolate', 'reinstate']);
    expect(routed(rig)).toContain(id);
    await rig.stop();
  });

  it('is acted on in the same way after the guard was killed in the middle of it', async () => {
    for (const afterMs of [150, 400, 900]) {
      const world = await fakeWorld({ severity: { rules } });
      const { rig } = world;
      await healthy(rig);
      world.kill(id);
      await rig.clock.advance(200 + afterMs);
      rig.crash();
      await rig.clock.advance(2_000);
      await rig.boot();
      expect(await until(rig, 'awaiting-approval'), `killed after ${afterMs} ms`).toBe(true);
      await rig.clock.advance(30_000);
      expect(new Set(kinds(world))).toEqual(new Set(['isolate']));
      await rig.stop();
    }
  });
});

describe('a risk of losing data, suspected by a rule of the user', () => {
  it('is a matter for a person, and nothing is done before', async () => {
    const rules = [{ when: 'agent.id == "web.2"', set: 'dataLossRisk', reason: 'it holds the only copy' }];
    const world = await fakeWorld({ severity: { rules } });
    await healthy(world.rig);
    world.kill(id);
    expect(await until(world.rig, 'awaiting-approval')).toBe(true);
    expect(kinds(world)).toEqual([]);
    expect((await world.rig.guard().explain(id)).summary).toContain('it holds the only copy');
    await world.rig.stop();
  });

  it('stays a matter for a person when what told of it is gone', async () => {
    const rules = [{ when: 'finding.kind == "error-rate"', set: 'dataLossRisk', reason: 'writes fail' }];
    const world = await fakeWorld({ severity: { rules } });
    const { rig } = world;
    await healthy(rig);
    rig.fleet.suffer(id, 'errors');
    expect(await until(rig, 'awaiting-approval')).toBe(true);
    await rig.guard().reject((await first(rig)).id, { by: 'ann' });
    rig.fleet.suffer(id, 'hang');
    await rig.clock.advance(120_000);
    expect(kinds(world)).toEqual([]);
    expect((await first(rig)).assessment).toMatchObject({ dataLossRisk: true });
    await rig.stop();
  });

  it('is assumed when the rule cannot be evaluated, which the guard says of itself', async () => {
    const rules = [{ when: 'agent.labels.tier == "gold"', set: 'dataLossRisk', reason: 'gold is careful' }];
    const world = await fakeWorld({ severity: { rules } });
    await healthy(world.rig);
    world.kill(id);
    expect(await until(world.rig, 'awaiting-approval')).toBe(true);
    const explanation = await world.rig.guard().explain(id);
    expect(explanation.decisions.map(({ reason }) => reason.code)).toContain('rule-failed');
    const degraded = world.rig.events.filter((event) => event.type === 'guard.degraded');
    expect(JSON.stringify(degraded)).toContain('severity.rules[0]');
    await world.rig.stop();
  });
});

describe('an agent that fails for the sixth time within a day', () => {
  it('is a matter for a person', async () => {
    const world = await fakeWorld({ gate: { ...quick.gate, attempts: [{ max: 100, per: '1h' }] } });
    const { rig } = world;
    await healthy(rig);
    const resolvedNow = async (): Promise<number> =>
      (await rig.incidents()).filter(({ state }) => state === 'resolved').length;
    for (let round = 1; round <= 5; round += 1) {
      world.kill(id);
      expect(await rig.until(async () => (await resolvedNow()) === round, 600_000)).toBe(true);
    }
    world.kill(id);
    expect(await until(rig, 'awaiting-approval')).toBe(true);
    expect((await first(rig)).assessment?.factors).toContainEqual(expect.objectContaining({ name: 'failures' }));
    await rig.stop();
  });
});

describe('a line of the table "use when"', () => {
  it('asks for a person where the label compliance is set by the config', async () => {
    const world = await fakeWorld({
      ladder: { useWhen: [{ name: 'own', kind: 'exited', approve: true, reason: 'ask' }] },
    });
    await healthy(world.rig);
    world.kill(id);
    expect(await until(world.rig, 'awaiting-approval')).toBe(true);
    await world.rig.guard().approve((await first(world.rig)).id, { by: 'ann' });
    expect(await resolved(world.rig)).toMatchObject({ outcome: 'healed' });
    expect(kinds(world)).toEqual(['restart']);
    await world.rig.stop();
  });

  it('lowers the first rung, and the ladder misses none on the way up', async () => {
    const useWhen = [{ name: 'own', kind: 'error*', prefer: 'restart', reason: 'errors pass' }];
    const world = await fakeWorld({ ladder: { useWhen } });
    await healthy(world.rig);
    world.rig.fleet.suffer(id, 'errors', 1);
    const incident = await resolved(world.rig, 600_000);
    expect(incident.attempts.map(({ plan, severity }) => [plan.rung, severity >= 4])).toEqual([
      ['restart', true],
      ['recreate', true],
    ]);
    await world.rig.stop();
  });
});

describe('an exhausted ladder', () => {
  it.each([
    ['isolate', ['isolate']],
    ['leave', []],
  ] as const)('ends in the declared safe state %s, and with a page', async (safeState, more) => {
    const world = await fakeWorld({ ladder: { safeState } });
    const { rig } = world;
    await healthy(rig);
    rig.fleet.suffer(id, 'hang', 99);
    expect(await until(rig, 'escalated', 900_000)).toBe(true);
    expect(kinds(world)).toEqual(['restart', 'recreate', 'respawn', 'retire', ...more]);
    const told = rig.events.filter((event) => event.type === 'notice.sent').map((event) => event.data.notice);
    expect(told.at(-1)).toMatchObject({
      kind: 'escalated',
      priority: 'critical',
      recommendedAction: 'manual_investigation',
    });
    expect(told.at(-1)?.failureDetails).toBeDefined();
    await rig.stop();
  });

  it('brings an agent back that recovers, watches it, and resolves', async () => {
    const world = await fakeWorld();
    const { rig } = world;
    await healthy(rig);
    rig.fleet.suffer(id, 'hang', 99);
    await until(rig, 'escalated', 900_000);
    rig.fleet.recover(id);
    expect(await resolved(rig)).toMatchObject({ outcome: 'self-recovered' });
    expect(kinds(world).at(-1)).toBe('reinstate');
    expect(routed(rig)).toContain(id);
    await rig.stop();
  });
});

describe('a respawn whose restored state is suspected', () => {
  const attempts = { attempts: [{ max: 9, per: '10m' }] };

  it('is tried once more with an older checkpoint, before a person is called', async () => {
    const world = await fakeWorld({ gate: { ...quick.gate, ...attempts } });
    const { rig } = world;
    await healthy(rig);
    const save = (byte: number) =>
      rig.guard().checkpoints.save(id, new Uint8Array([byte]), { contentType: 'application/octet-stream' });
    await save(1);
    await rig.clock.advance(1_000);
    await save(2);
    rig.fleet.suffer(id, 'slow', 3);
    const incident = await resolved(rig, 1_800_000);
    expect(incident.attempts.map(({ plan, verdict }) => [plan.rung, plan.variant, verdict])).toEqual([
      ['restart', undefined, 'failed'],
      ['recreate', undefined, 'failed'],
      ['respawn', undefined, 'failed'],
      ['respawn', 'older-checkpoint', 'healed'],
    ]);
    expect([...rig.fleet.restored.values()].map(([byte]) => byte)).toEqual([2, 2, 1]);
    await rig.stop();
  });

  it('is not tried again without an older one: a person is called', async () => {
    const world = await fakeWorld({ gate: { ...quick.gate, ...attempts } });
    const { rig } = world;
    await healthy(rig);
    await rig.guard().checkpoints.save(id, new Uint8Array([1]), { contentType: 'application/octet-stream' });
    rig.fleet.suffer(id, 'slow', 99);
    expect(await until(rig, 'escalated', 1_800_000)).toBe(true);
    const incident = await first(rig);
    expect(incident.attempts.map(({ plan }) => plan.contain?.for ?? plan.rung)).toEqual([
      'restart',
      'recreate',
      'respawn',
      'safe-state',
    ]);
    expect(incident.severityAtLeast).toBe(9);
    await rig.stop();
  });

  it('is tried once more without state where the config says so', async () => {
    const world = await fakeWorld({
      gate: { ...quick.gate, ...attempts },
      ladder: { respawn: { alternative: 'without-state' } },
    });
    const { rig } = world;
    await healthy(rig);
    await rig.guard().checkpoints.save(id, new Uint8Array([1]), { contentType: 'application/octet-stream' });
    rig.fleet.suffer(id, 'slow', 3);
    const incident = await resolved(rig, 1_800_000);
    expect(incident.attempts.at(-1)).toMatchObject({ plan: { variant: 'without-state' }, verdict: 'healed' });
    expect(rig.fleet.restored.size).toBe(2);
    await rig.stop();
  });
});

describe('the pace of a rung', () => {
  it('is its own where the group says so', async () => {
    const pace = { drain: '7s', backoff: { base: '40s', cap: '40s' } };
    const world = await fakeWorld({ groups: { web: { ladder: { restart: pace } } } });
    const { rig } = world;
    await healthy(rig);
    rig.fleet.suffer(id, 'slow', 1);
    await rig.until(async () => (await rig.incidents())[0]?.attempts.length === 1, 600_000);
    const [attempt] = (await first(rig)).attempts;
    expect(attempt?.steps.find(({ id: step }) => step.endsWith('drain'))).toMatchObject({
      spec: { call: { kind: 'drain', forMs: 7_000 } },
    });
    expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
    await rig.stop();
  });
});
