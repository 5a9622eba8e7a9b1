/**
 * R18. The incident that taught it: a remediation that was taken for done when its command returned left services down
 * that "had been restarted"; only those that were watched afterwards were known to work (Nurse, Keptn).
 */
import { describe, expect, it } from 'vitest';
import type { GuardRig } from '../../src/testing/index.ts';
import { quick, resolved, steadyWorld, type World } from '../scenarios/rig.ts';

const id = 'web.2';
const kinds = ({ executed }: World): readonly string[] => executed.map(({ action }) => action.kind);
const state = async (one: GuardRig): Promise<string | undefined> => (await one.incidents())[0]?.state;

describe('R18: verify', () => {
  it('calls nothing healed before the whole watch has passed, whatever the orchestrator said', async () => {
    const { rig, kill } = await steadyWorld();
    kill(id);
    expect(await rig.until(async () => (await state(rig)) === 'watching', 60_000, 100)).toBe(true);
    const began = rig.clock.now();
    await rig.until(async () => (await state(rig)) !== 'watching', 120_000, 100);
    expect(rig.clock.now() - began).toBeGreaterThanOrEqual(20_000);
    const incident = await resolved(rig);
    expect(incident).toMatchObject({ outcome: 'healed', because: { code: 'watch-passed' } });
    const checks = (await rig.timeline(incident)).filter(({ type }) => type === 'watch-check');
    // Every 2 s for 20 s; the last look is the verdict.
    expect(checks.length).toBeGreaterThanOrEqual(9);
  });

  it('takes the next rung when the agent suffers again during the watch, and tells it at critical priority', async () => {
    const made = await steadyWorld();
    const { rig } = made;
    rig.fleet.suffer(id, 'slow', 1);
    const incident = await resolved(rig, 600_000);
    expect(incident.attempts.map(({ plan, verdict }) => [plan.rung, verdict])).toEqual([
      ['restart', 'failed'],
      ['recreate', 'healed'],
    ]);
    const told = rig.events.filter((event) => event.type === 'notice.sent').map(({ data }) => data.notice);
    expect(told).toContainEqual(expect.objectContaining({ kind: 'recovery-failed', priority: 'critical' }));
  });

  it('keeps work half routed through the watch, and gives all of it back after', async () => {
    const { rig, kill } = await steadyWorld();
    kill(id);
    await rig.until(async () => (await state(rig)) === 'watching', 60_000, 100);
    const breaker = (): unknown => rig.guard().agents.get(id).breaker;
    await rig.clock.advance(1_000);
    expect(breaker()).toBe('half-open');
    await resolved(rig);
    expect(breaker()).toBe('closed');
  });

  it('goes on watching after the guard was killed in the middle of it: no time away counts as proof', async () => {
    const made = await steadyWorld();
    const { rig, kill } = made;
    kill(id);
    await rig.until(async () => (await state(rig)) === 'watching', 60_000, 100);
    await rig.clock.advance(5_000);
    rig.crash();
    rig.fleet.suffer(id, 'hang');
    await rig.clock.advance(60_000);
    await rig.boot();
    await rig.until(async () => (await rig.incidents()).some(({ attempts }) => attempts.length > 0), 120_000);
    const [incident] = await rig.incidents();
    expect(incident?.attempts[0]).toMatchObject({ verdict: 'failed' });
    expect(kinds(made)[0]).toBe('restart');
  });

  it('tries another way on the same rung when the state it restored may be at fault, before it hands over', async () => {
    const { rig } = await steadyWorld({ gate: { ...quick.gate, attempts: [{ max: 9, per: '10m' }] } });
    for (const byte of [1, 2]) {
      await rig.guard().checkpoints.save(id, new Uint8Array([byte]), { contentType: 'application/octet-stream' });
      await rig.clock.advance(1_000);
    }
    rig.fleet.suffer(id, 'slow', 3);
    const incident = await resolved(rig, 1_800_000);
    expect(incident.attempts.at(-1)).toMatchObject({ verdict: 'healed', plan: { variant: 'older-checkpoint' } });
  });
});
