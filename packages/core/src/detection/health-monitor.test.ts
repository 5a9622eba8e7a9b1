import { describe, expect, it } from 'vitest';
import { detectionRig } from '../../test/detection-rig.ts';
import { samplePolicy } from '../testing/sample-fleet.ts';

describe('the sequence of the brief', () => {
  it('silent, with all probes switched off: failed after a second timeout, as nobody can be asked', async () => {
    const { probes } = samplePolicy();
    const off = { ...probes, health: { ...probes.health, path: '' }, liveness: { ...probes.liveness, path: '' } };
    const { add, beat, run, tick } = detectionRig(samplePolicy({ probes: off }));
    beat(add());
    tick();
    expect((await run(90_000)).health).toMatchObject([{ to: 'degraded' }]);
    const text = expect.stringContaining('for 3m, and its probes are switched off.');
    expect((await run(90_000)).health).toMatchObject([{ to: 'failed', reason: { text } }]);
  });

  it('silent, asked, answered: degraded, and missed is reset', async () => {
    const { detection, add, beat, run, signal, tick } = detectionRig();
    const slot = add();
    beat(slot);
    expect(tick().health).toMatchObject([{ from: 'unknown', to: 'healthy' }]);
    const silent = await run(90_000);
    expect(silent.raised).toMatchObject([
      {
        id: 'heartbeat:heartbeat-timeout:heartbeat',
        agentId: 'a',
        instanceId: 'a-1',
        text: 'no heartbeat for 1m30s (timeout 1m30s)',
        signature: 'heartbeat-timeout',
      },
    ]);
    expect(silent.confirm).toEqual([slot]);
    expect(silent.health).toMatchObject([{ from: 'healthy', to: 'degraded' }]);
    expect(detection.status(slot)).toMatchObject({ missed: 1, silentMs: 90_000 });
    signal(slot, { kind: 'probe', probe: 'health', outcome: 'up', latencyMs: 3, confirming: true });
    expect(tick().health).toEqual([]);
    expect(detection.status(slot)).toMatchObject({ health: 'degraded', missed: 0, failures: 0 });
    beat(slot);
    expect(tick()).toMatchObject({
      cleared: [{ agentId: 'a', findingId: 'heartbeat:heartbeat-timeout:heartbeat' }],
      health: [{ from: 'degraded', to: 'healthy' }],
    });
  });

  it('silent, asked, no answer: failed, on two kinds of evidence', async () => {
    const { detection, add, beat, run, signal, tick } = detectionRig();
    const slot = add();
    beat(slot);
    tick();
    await run(90_000);
    signal(slot, {
      kind: 'probe',
      probe: 'health',
      outcome: 'down',
      latencyMs: 2_000,
      confirming: true,
      detail: 'connection refused',
    });
    const { health, raised } = tick();
    expect(raised).toMatchObject([{ kind: 'probe-failed', evidence: 'probe', implies: 'failed' }]);
    expect(health).toMatchObject([{ from: 'degraded', to: 'failed', reason: { code: 'agent-suspected' } }]);
    expect(health[0]?.reason.text).toContain('connection refused');
    expect(new Set(detection.status(slot).findings.map(({ evidence }) => evidence))).toEqual(
      new Set(['heartbeat', 'probe']),
    );
    expect(detection.status(slot).failures).toBe(1);
  });

  it('asks again each time another timeout passes in silence', async () => {
    const { add, beat, run, tick } = detectionRig();
    const slot = add();
    beat(slot);
    tick();
    const silent = await run(300_000);
    expect(silent.confirm).toEqual([slot, slot, slot]);
    expect(silent.raised).toHaveLength(1);
  });

  it('says so when an agent that answers has been silent for too long', async () => {
    const { add, beat, run, signal, tick, detection } = detectionRig();
    const slot = add();
    beat(slot);
    tick();
    let answered = 0;
    const silent = await run(605_000, () => {
      answered += 1;
      if (answered % 30 === 0) signal(slot, { kind: 'probe', probe: 'liveness', outcome: 'up', latencyMs: 1 });
    });
    expect(silent.raised).toMatchObject([{ data: { silentForTooLong: false } }, { data: { silentForTooLong: true } }]);
    expect(detection.status(slot).health).toBe('degraded');
    expect(silent.health.at(-1)).toMatchObject({ to: 'degraded' });
  });

  it('believes an agent without an address to be gone after a second timeout, on one kind of evidence', async () => {
    const { add, beat, run, tick, fleet, detection } = detectionRig();
    fleet.register({ id: 'a', group: 'g' });
    const slot = fleet.slotOf('a') as number;
    detection.reset(slot);
    beat(slot);
    tick();
    expect((await run(179_000)).health).toMatchObject([{ to: 'degraded' }]);
    expect((await run(2_000)).health).toMatchObject([{ to: 'failed' }]);
    expect(detection.status(slot).findings.map(({ evidence }) => evidence)).toEqual(['heartbeat']);
    expect(add('b')).not.toBe(slot);
  });

  it('never holds it against an agent that the guard could not ask', async () => {
    const { add, beat, run, signal, tick, detection } = detectionRig();
    const slot = add();
    beat(slot);
    tick();
    await run(400_000, () =>
      signal(slot, { kind: 'probe', probe: 'health', outcome: 'unknown', latencyMs: 0, confirming: true }),
    );
    expect(detection.status(slot)).toMatchObject({ health: 'degraded', failures: 0 });
  });
});

describe('health', () => {
  it('is unknown until a first sign of life, and a failed probe is none', async () => {
    const { add, run, signal, tick, detection } = detectionRig();
    const slot = add();
    await run(31_000);
    signal(slot, { kind: 'probe', probe: 'liveness', outcome: 'down', latencyMs: 1 });
    signal(slot, { kind: 'lifecycle', event: 'started' });
    expect(tick().health).toEqual([]);
    expect(detection.status(slot).health).toBe('unknown');
    signal(slot, { kind: 'probe', probe: 'liveness', outcome: 'up', latencyMs: 1 });
    expect(tick().health).toMatchObject([{ from: 'unknown', to: 'healthy' }]);
  });

  it('is at most degraded under watch, and says what it would be', () => {
    const { add, beat, tick, detection } = detectionRig();
    const slot = add();
    beat(slot);
    tick();
    detection.setWatched(slot, true);
    expect(tick().health).toMatchObject([{ from: 'healthy', to: 'degraded', reason: { code: 'watch-started' } }]);
    expect(detection.status(slot)).toMatchObject({ health: 'degraded', observed: 'healthy', watched: true });
    detection.setWatched(slot, false);
    expect(tick().health).toMatchObject([{ from: 'degraded', to: 'healthy' }]);
  });

  it('is unknown again for a new instance, and what stood against the old one is cleared', () => {
    const { add, signal, tick, detection, fleet } = detectionRig();
    const slot = add();
    signal(slot, { kind: 'lifecycle', event: 'died', exitCode: 137 });
    expect(tick().health).toMatchObject([{ to: 'failed' }]);
    fleet.register({ id: 'a', group: 'g', instance: 'a-2', generation: 2 });
    detection.reset(slot);
    expect(tick()).toMatchObject({
      cleared: [{ findingId: 'lifecycle:exited:orchestrator' }],
      health: [{ from: 'failed', to: 'unknown' }],
    });
    expect(detection.status(slot)).toMatchObject({ failures: 1, findings: [] });
  });

  it('counts failures and failed attempts over 24 hours, and forgets an agent that left', async () => {
    const { add, clock, detection, fleet } = detectionRig();
    const slot = add();
    detection.addFailedAttempt(slot, clock.now() - 86_500_000);
    detection.addFailedAttempt(slot, clock.now() - 1_000);
    detection.addFailedAttempt(slot);
    expect(detection.status(slot).failures).toBe(2);
    await clock.advance(86_400_000);
    expect(detection.status(slot).failures).toBe(0);
    detection.addFailedAttempt(slot);
    fleet.remove('a');
    detection.remove(slot);
    expect(detection.status(slot)).toMatchObject({ failures: 0, health: 'unknown' });
  });

  it('accounts for uptime: failed time counts, unknown time does not', async () => {
    const { add, beat, signal, tick, clock, detection } = detectionRig();
    const slot = add();
    tick();
    await clock.advance(50_000);
    beat(slot);
    tick();
    expect(detection.status(slot).uptimePercentage).toBeUndefined();
    await clock.advance(30_000);
    signal(slot, { kind: 'lifecycle', event: 'died', exitCode: 1 });
    tick();
    await clock.advance(10_000);
    expect(detection.status(slot).uptimePercentage).toBe(75);
  });
});
