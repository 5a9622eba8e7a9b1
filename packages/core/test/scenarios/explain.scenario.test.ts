import { describe, expect, it } from 'vitest';
import { gateRules } from '../../src/decision/gate-rules.ts';
import { fakeWorld, healthy, resolved } from './rig.ts';

describe('an explanation', () => {
  it('says of a healthy agent what was seen last and what it would take', async () => {
    const { rig } = await fakeWorld();
    await healthy(rig);
    const told = await rig.guard().explain('web.1');
    expect(told.summary).toContain('web.1 is healthy. No incident is open: nothing stands against it.');
    expect(told.seen?.join(' ')).toMatch(/Its last heartbeat came .+ ago\. It last answered a probe well .+ ago\./);
    expect(told.wouldChange).toEqual([
      expect.stringMatching(/An incident would be opened by no heartbeat for 6s, or 3 liveness probes .+ or its end/),
    ]);
    expect(told.rules).toBeUndefined();
    await rig.stop();
  });

  it('lists every rule of the gate with its verdict, and which one said no', async () => {
    const world = await fakeWorld({ groups: { web: { mode: 'dry-run' } } });
    await healthy(world.rig);
    world.kill('web.2');
    await world.rig.clock.advance(5_000);
    const { rules = [], summary, wouldChange, decisions } = await world.rig.guard().explain('web.2');
    expect(rules.map(({ rule }) => rule)).toEqual(gateRules.map(({ name }) => name));
    expect(rules.filter(({ verdict }) => verdict !== 'proceed').map(({ rule }) => rule)).toEqual(['mode']);
    expect(rules.every(({ reason }) => reason.text !== '')).toBe(true);
    expect(summary).toContain('Nothing is being done now: Group web is in mode dry-run');
    expect(wouldChange).toContain('Set groups.web.mode to auto or approve.');
    expect(decisions[0]?.reason.code).toBe('mode-dry-run');
    await world.rig.stop();
  });

  it('says why a suspicion opened no incident', async () => {
    const world = await fakeWorld();
    await healthy(world.rig);
    world.rig.fleet.suffer('web.3', 'not-ready');
    await world.rig.until(() => world.rig.guard().agents.get('web.3').findings.length > 0, 60_000);
    const { summary, decisions, incident } = await world.rig.guard().explain('web.3');
    expect(incident).toBeUndefined();
    expect(summary).toContain('not being ready is alone no reason to repair it');
    expect(decisions[0]?.reason.code).toBe('no-incident');
    await world.rig.stop();
  });

  it('shows who still has to agree to a plan that waits', async () => {
    const world = await fakeWorld({ groups: { web: { mode: 'approve' } }, approvals: { quorum: 2 } });
    await healthy(world.rig);
    world.kill('web.2');
    await world.rig.until(async () => (await world.rig.incidents())[0]?.state === 'awaiting-approval', 60_000);
    const [incident] = await world.rig.incidents();
    await world.rig.guard().approve(incident?.id ?? '', { by: 'ann' });
    await world.rig.clock.advance(1_000);
    const { summary, rules = [] } = await world.rig.guard().explain(incident?.id ?? '');
    expect(summary).toContain('2 persons have to agree; so far: ann. Prepared: The orchestrator would restart web.2');
    expect(rules).toHaveLength(gateRules.length);
    await world.rig.stop();
  });

  it('tells an incident that is over as a story', async () => {
    const world = await fakeWorld();
    await healthy(world.rig);
    world.kill('web.2');
    const incident = await resolved(world.rig);
    const { summary, story = [], timeline } = await world.rig.guard().explain(incident.id);
    expect(summary).toMatch(/It is resolved \(healed\): .+ It took .+\. Tried: restart healed in .+\./);
    expect(story.length).toBeLessThan(timeline.length);
    expect(story.map(({ text }) => text).join('\n')).toMatch(
      /ended with code 137[^]*restart: [^]*watched every[^]*stayed healthy/,
    );
    await world.rig.stop();
  });
});
