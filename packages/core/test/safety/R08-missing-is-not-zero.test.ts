/**
 * R08. The incident that taught it: a restart set an agent's last heartbeat to 0, so the monitor took it to be silent for
 * 56 years, and the alarm was then suppressed because others were well (egg#3605).
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentStatus } from '../../src/contracts/index.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import { fakeWorld, healthy, quick, resolved, type World } from '../scenarios/rig.ts';

const day = 86_400_000;
let rig: GuardRig | undefined;

async function world(config: object = {}): Promise<World & { readonly status: (id: string) => AgentStatus }> {
  const made = await fakeWorld(config);
  rig = made.rig;
  await healthy(made.rig);
  return { ...made, status: (id) => made.rig.guard().agents.get(id) };
}

afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

const found = (one: GuardRig): readonly unknown[] => one.events.filter(({ type }) => type === 'finding.raised');

describe('R08: missing is not zero', () => {
  it('takes an agent that never said anything of itself for unknown, with no figure and no silence', async () => {
    const { rig, status } = await world();
    await rig.guard().agents.register({ id: 'mute.1', group: 'mute' });
    await rig.clock.advance(600_000);
    const mute = status('mute.1');
    expect(mute).toMatchObject({ health: 'unknown', metrics: {}, findings: [], missed: 0 });
    expect(mute.silentMs).toBeUndefined();
    expect(await rig.incidents()).toEqual([]);
  });

  it('scores only what is known: a figure nobody told is neither the best nor the worst', async () => {
    const { rig, status } = await world();
    await rig.guard().agents.register({ id: 'half.1', group: 'half' });
    rig.guard().heartbeat({ agentId: 'half.1', metrics: { error_rate: 0.5 } });
    await rig.clock.advance(1_000);
    const { metrics, score } = status('half.1');
    expect(metrics).toEqual({ error_rate: 0.5 });
    // Latency is not among the terms: taken for 0 it would have made the agent better than it is.
    expect(score.terms.filter(({ value }) => value !== undefined).map(({ name }) => name)).not.toContain('latency');
    expect(score.score === null || score.score < 100).toBe(true);
  });

  it('does not take a heartbeat of epoch 0 for one of 56 years ago', async () => {
    const { rig, status } = await world();
    await rig.guard().agents.register({ id: 'odd.1', group: 'odd' });
    for (let beat = 1; beat <= 20; beat += 1) {
      rig.guard().heartbeat({ agentId: 'odd.1', seq: beat, at: 0, progress: { activeTasks: 1, lastProgressAt: 0 } });
      await rig.clock.advance(2_000);
    }
    expect(status('odd.1')).toMatchObject({ health: 'healthy', findings: [] });
    expect(status('odd.1').silentMs).toBeLessThanOrEqual(2_200);
  });

  it('begins anew with the instance that a restart brought: its silence counts from there', async () => {
    const made = await world();
    const { rig, status } = made;
    made.kill('web.2');
    await resolved(rig);
    expect(status('web.2').silentMs).toBeLessThanOrEqual(2_200);
    const silences = rig.events.flatMap((event) => (event.type === 'finding.raised' ? [event.data.finding] : []));
    for (const { data } of silences) expect(Number(data?.['silentMs'] ?? 0)).toBeLessThan(60_000);
  });

  it.each([
    ['on by a day', day],
    ['back by a day', -day],
    ['on by 56 years', 56 * 365 * day],
  ])('holds it against nobody that the wall clock was set %s', async (_how, byMs) => {
    const { rig, executed, status } = await world();
    rig.clock.jumpWall(byMs);
    await rig.clock.advance(120_000);
    expect([found(rig), await rig.incidents(), executed]).toEqual([[], [], []]);
    expect(status('web.1').silentMs).toBeLessThanOrEqual(2_200);
    expect(rig.guard().status().doubt?.multiplier).toBe(0);
  });

  it.each([
    ['on', 3_600_000],
    ['back', -3_600_000],
  ])('heals an agent in the usual time while the wall clock is set %s', async (_how, byMs) => {
    const { rig, executed } = await world();
    rig.fleet.suffer('web.2', 'hang');
    await rig.clock.advance(3_000);
    rig.clock.jumpWall(byMs);
    expect(await rig.until(() => executed.length > 0, 30_000)).toBe(true);
    rig.clock.jumpWall(-2 * byMs);
    const incident = await resolved(rig);
    expect(incident).toMatchObject({ outcome: 'healed' });
    expect(executed.map(({ action }) => action.kind)).toEqual(['restart']);
  });

  it('takes work that nobody reported for no work, and never for work that stands still', async () => {
    const { rig, status } = await world({ heartbeat: { ...quick.heartbeat, stalledFor: '10s' } });
    await rig.guard().agents.register({ id: 'idle.1', group: 'idle' });
    for (let beat = 1; beat <= 30; beat += 1) {
      rig.guard().heartbeat({ agentId: 'idle.1', seq: beat, metrics: { tasks_completed: 0 } });
      await rig.clock.advance(2_000);
    }
    expect(status('idle.1').findings).toEqual([]);
  });

  it('notices work that does stand still, as long as the agent says that it has some', async () => {
    const { rig, status } = await world({ heartbeat: { ...quick.heartbeat, stalledFor: '10s' } });
    await rig.guard().agents.register({ id: 'stuck.1', group: 'stuck' });
    for (let beat = 1; beat <= 8; beat += 1) {
      rig.guard().heartbeat({ agentId: 'stuck.1', seq: beat, progress: { queueDepth: 4, lastProgressAt: 5 } });
      await rig.clock.advance(2_000);
    }
    expect(status('stuck.1').findings).toMatchObject([{ kind: 'stalled', evidence: 'progress' }]);
  });
});
