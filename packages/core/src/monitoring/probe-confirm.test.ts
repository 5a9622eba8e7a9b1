import { describe, expect, it } from 'vitest';
import { probeRig as rig } from '../../test/probe-rig.ts';

describe('ProbeScheduler.confirm', () => {
  it('asks no later instance than the suspected one, be it that the question had to wait so long', async () => {
    const { clock, fleet, asked, reported, probes, add } = rig({ tookMs: 1_000 });
    const slot = add('a');
    const before = probes.ask(slot, 'readiness');
    const confirmed = probes.confirm(slot);
    await clock.advance(500);
    fleet.register({ id: 'a', group: 'g', instance: 'a-2', endpoint: 'http://10.0.0.1/a2' });
    const ofNew = probes.confirm(slot);
    await clock.advance(3_000);
    await before;
    expect(await confirmed).toMatchObject({ outcome: 'unknown', detail: 'the suspected instance was replaced' });
    expect(await ofNew).toMatchObject({ outcome: 'up', instanceId: 'a-2' });
    expect(asked.map(({ path }) => path)).toEqual(['/health/ready', '/health']);
    expect(reported.filter(({ confirming }) => confirming)).toHaveLength(1);
  });

  it('asks /health at once and reports the answer as confirming', async () => {
    const { clock, probes, add, reported } = rig();
    const slot = add('a');
    const asked = probes.confirm(slot);
    await clock.advance(10);
    await expect(asked).resolves.toMatchObject({
      probe: 'health',
      outcome: 'up',
      confirming: true,
      instanceId: 'a-1',
      receivedMs: 10,
    });
    expect(reported).toMatchObject([{ probe: 'health', confirming: true, instanceId: 'a-1' }]);
  });

  it('falls back to the liveness path where there is no /health', async () => {
    const { clock, probes, add, asked, answers } = rig();
    answers.reply = ({ path }) =>
      path === '/health' ? { outcome: 'down', statusCode: 404 } : { outcome: 'up', statusCode: 200 };
    const answer = probes.confirm(add('a'));
    await clock.advance(20);
    await expect(answer).resolves.toMatchObject({ probe: 'health', outcome: 'up', statusCode: 200 });
    expect(asked.map(({ path }) => path)).toEqual(['/health', '/health/live']);
  });

  it('comes next while a question is under way, before what waits, and only once', async () => {
    const { clock, probes, add, asked, running } = rig();
    const slot = add('a');
    const first = probes.ask(slot, 'liveness');
    const second = probes.ask(slot, 'readiness');
    const one = probes.confirm(slot);
    expect(probes.confirm(slot)).toBe(one);
    await clock.advance(100);
    await Promise.all([first, second, one]);
    expect(asked.map(({ path }) => path)).toEqual(['/health/live', '/health/ready', '/health']);
    expect(running.clashes).toBe(0);
    const again = probes.confirm(slot);
    expect(again).not.toBe(one);
    await clock.advance(10);
    await again;
  });

  it('goes before the schedule when all places are taken', async () => {
    const { clock, probes, add, asked } = rig({ concurrency: 1, tookMs: 100 });
    const slots = ['a', 'b', 'c', 'd'].map((id) => add(id));
    void probes.ask(slots[0] as number, 'liveness');
    probes.watch(slots[1] as number, 10_000);
    probes.watch(slots[2] as number, 10_000);
    await probes.start();
    await clock.advance(150);
    void probes.confirm(slots[3] as number);
    await clock.advance(300);
    expect(['b', 'c']).toContain(asked[1]?.agentId);
    expect(asked[2]?.agentId).toBe('d');
    await probes.stop();
  });

  it('is unknown, not down, for an agent without an endpoint', async () => {
    const { clock, probes, add, asked, reported } = rig();
    const answer = probes.confirm(add('a', ''));
    await clock.advance(1);
    await expect(answer).resolves.toMatchObject({ outcome: 'unknown', detail: 'the agent has no address' });
    expect(asked).toEqual([]);
    expect(reported).toMatchObject([{ outcome: 'unknown', confirming: true }]);
  });

  it('is unknown when the prober itself fails', async () => {
    const { clock, probes, add, answers } = rig();
    answers.reply = () => {
      throw new TypeError('prober broke');
    };
    const answer = probes.confirm(add('a'));
    await clock.advance(20);
    await expect(answer).resolves.toMatchObject({ outcome: 'unknown', detail: 'prober broke' });
  });
});
