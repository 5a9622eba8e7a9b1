import { describe, expect, it } from 'vitest';
import type { AgentMetrics, HeartbeatPolicy, LifecycleEvent } from '../model/index.ts';
import { samplePolicy } from '../testing/sample-fleet.ts';
import { detectionRig } from '../../test/detection-rig.ts';

const heartbeat = (given: Partial<HeartbeatPolicy>) =>
  samplePolicy({ heartbeat: { ...samplePolicy().heartbeat, ...given } });

describe('HeartbeatDetector', () => {
  it('is armed by the first heartbeat', async () => {
    const { add, run } = detectionRig();
    add();
    expect((await run(3_600_000)).raised).toEqual([]);
  });

  it('is armed from the registration on when a heartbeat is required', async () => {
    const { add, run } = detectionRig(heartbeat({ expect: 'required' }));
    add();
    expect((await run(89_000)).raised).toEqual([]);
    expect((await run(1_000)).raised).toMatchObject([
      { text: 'no heartbeat since it was registered, 1m30s (timeout 1m30s)' },
    ]);
  });

  it('is never armed when no heartbeat is expected', async () => {
    const { add, beat, run, tick } = detectionRig(heartbeat({ expect: 'off' }));
    beat(add());
    tick();
    expect((await run(600_000)).raised).toEqual([]);
  });

  it('counts a heartbeat with figures as one', async () => {
    const { add, signal, run } = detectionRig();
    const slot = add();
    const { raised } = await run(600_000, () => signal(slot, { kind: 'heartbeat', metrics: { cpu_usage: 0.1 } }));
    expect(raised).toEqual([]);
  });

  it('believes an agent that says it is degraded, until it says otherwise', async () => {
    const { add, signal, tick, beat, run } = detectionRig();
    const slot = add();
    signal(slot, { kind: 'heartbeat', status: 'degraded' });
    expect(tick()).toMatchObject({
      raised: [{ signature: 'self-degraded', evidence: 'telemetry' }],
      health: [{ to: 'degraded' }],
    });
    expect((await run(20_000, () => beat(slot))).cleared).toEqual([]);
    signal(slot, { kind: 'heartbeat', status: 'ok' });
    expect(tick()).toMatchObject({ cleared: [{ agentId: 'a' }], health: [{ to: 'healthy' }] });
  });
});

describe('LifecycleDetector', () => {
  const after = (
    ...events: { readonly event: LifecycleEvent; readonly exitCode?: number; readonly exitSignal?: string }[]
  ) => {
    const { add, signal, tick, detection } = detectionRig();
    const slot = add();
    for (const one of events) signal(slot, { kind: 'lifecycle', ...one });
    tick();
    return detection.status(slot).findings;
  };

  it('takes an exit and an out-of-memory kill for proven', () => {
    expect(after({ event: 'died', exitCode: 137, exitSignal: 'SIGKILL' })).toMatchObject([
      {
        kind: 'exited',
        proven: true,
        evidence: 'orchestrator',
        implies: 'failed',
        signature: 'exited:sigkill',
        text: 'the instance ended with code 137, signal SIGKILL',
      },
    ]);
    expect(after({ event: 'died', exitCode: 1 })).toMatchObject([{ signature: 'exited', data: { exitCode: 1 } }]);
    expect(after({ event: 'oom-killed' }, { event: 'died', exitCode: 137 })).toMatchObject([
      { kind: 'oom-killed', proven: true },
    ]);
  });

  it.each([
    ['an exit with code 0', [{ event: 'died', exitCode: 0 }]],
    ["an operator's stop", [{ event: 'died', exitCode: 143 }, { event: 'stopped' }]],
    ['a pause', [{ event: 'unhealthy' }, { event: 'paused' }]],
    ['what is over', [{ event: 'died', exitCode: 1 }, { event: 'started' }]],
    ['a container that is well again', [{ event: 'unhealthy' }, { event: 'healthy' }]],
  ] as const)('holds nothing against %s', (_, events) => {
    expect(after(...events)).toEqual([]);
  });

  it('suspects an agent that others restart again and again, over its instances, until they leave it alone', async () => {
    const { add, signal, tick, run, detection } = detectionRig();
    const slot = add();
    const restarted = (): void => {
      detection.reset(slot);
      signal(slot, { kind: 'lifecycle', event: 'restarted' });
    };
    restarted();
    restarted();
    expect(tick().raised).toEqual([]);
    await run(60_000);
    restarted();
    expect(tick().raised).toMatchObject([
      { kind: 'restarting', evidence: 'orchestrator', implies: 'degraded', text: 'others restarted it 3 times in 10m' },
    ]);
    expect((await run(530_000)).cleared).toEqual([]);
    expect((await run(20_000)).cleared).toHaveLength(1);
  });

  it('asks an agent that the orchestrator finds unhealthy, once', () => {
    const { add, signal, tick } = detectionRig();
    const slot = add();
    signal(slot, { kind: 'lifecycle', event: 'unhealthy' });
    expect(tick()).toMatchObject({ raised: [{ kind: 'unhealthy', evidence: 'orchestrator' }], confirm: [slot] });
    signal(slot, { kind: 'lifecycle', event: 'unhealthy' });
    expect(tick().confirm).toEqual([]);
  });

  it('says that a verdict lasts when it has stood for as long as was said with it', async () => {
    const { add, signal, run, detection } = detectionRig();
    const slot = add();
    const isLasting = (): boolean | undefined => detection.status(slot).findings[0]?.lasting;
    const verdict = (lastsInMs: number) => signal(slot, { kind: 'lifecycle', event: 'unhealthy', lastsInMs });
    verdict(90_000);
    await run(60_000);
    // Told again, whoever tells it says what is left.
    verdict(30_000);
    await run(29_000);
    expect(isLasting()).toBeUndefined();
    await run(2_000);
    expect(isLasting()).toBe(true);
    // A verdict of before that is told anew, as by an engine that was away, begins anew.
    verdict(90_000);
    await run(60_000);
    expect(isLasting()).toBeUndefined();
    signal(slot, { kind: 'lifecycle', event: 'healthy' });
    verdict(90_000);
    await run(60_000);
    expect(isLasting()).toBeUndefined();
  });

  it('never says so of a check that has failed and not come to a verdict', async () => {
    const { add, signal, run, detection } = detectionRig();
    const slot = add();
    signal(slot, { kind: 'lifecycle', event: 'unhealthy' });
    await run(3_600_000);
    expect(detection.status(slot).findings).toMatchObject([{ kind: 'unhealthy' }]);
    expect(detection.status(slot).findings[0]?.lasting).toBeUndefined();
  });
});

describe('SloDetector', () => {
  // Targets: p95 200 ms and p99 500 ms, doubled; error rate 0.1 %, ten times; for 60 s; 10 % better to clear.
  async function report(rig: ReturnType<typeof detectionRig>, slot: number, metrics: AgentMetrics, forMs: number) {
    return await rig.run(forMs, () => rig.signal(slot, { kind: 'metrics', metrics }));
  }

  it('suspects a target that is missed for the hold time, and clears it with a margin', async () => {
    const rig = detectionRig();
    const slot = rig.add();
    expect((await report(rig, slot, { p95_latency_ms: 401 }, 60_000)).raised).toEqual([]);
    expect((await report(rig, slot, { p95_latency_ms: 401 }, 1_000)).raised).toMatchObject([
      { id: 'slo:slow:telemetry', implies: 'degraded', signature: 'slow', text: 'p95 latency 401ms (target 200ms)' },
    ]);
    expect((await report(rig, slot, { p95_latency_ms: 190 }, 60_000)).cleared).toEqual([]);
    expect((await report(rig, slot, { p95_latency_ms: 180 }, 1_000)).cleared).toHaveLength(1);
  });

  it('begins to count anew after one good figure', async () => {
    const rig = detectionRig();
    const slot = rig.add();
    await report(rig, slot, { p95_latency_ms: 900 }, 50_000);
    await report(rig, slot, { p95_latency_ms: 100 }, 1_000);
    expect((await report(rig, slot, { p95_latency_ms: 900 }, 50_000)).raised).toEqual([]);
  });

  it('finds the sample of the brief within the factors, and its error rate not', async () => {
    const rig = detectionRig();
    const slot = rig.add();
    const metrics = { avg_latency_ms: 150, p95_latency_ms: 280, p99_latency_ms: 450, error_rate: 0.02 };
    expect((await report(rig, slot, metrics, 70_000)).raised).toMatchObject([
      { kind: 'error-rate', text: 'error rate 2% (target 0.1%)' },
    ]);
  });

  it('finds that the sample of the brief misses the targets of the brief for p95 latency and error rate', async () => {
    const policy = samplePolicy();
    const rig = detectionRig({ ...policy, slo: { ...policy.slo, latencyFactor: 1, errorRateFactor: 1 } });
    const slot = rig.add();
    const metrics = { avg_latency_ms: 150, p95_latency_ms: 280, p99_latency_ms: 450, error_rate: 0.02 };
    const { raised } = await report(rig, slot, metrics, 70_000);
    expect(raised.map(({ text }) => text).sort()).toEqual([
      'error rate 2% (target 0.1%)',
      'p95 latency 280ms (target 200ms)',
    ]);
  });

  it('takes no figure for no figure: not good, not bad', async () => {
    const rig = detectionRig();
    const slot = rig.add();
    await report(rig, slot, { p95_latency_ms: 900 }, 1_000);
    expect((await report(rig, slot, { cpu_usage: 1 }, 120_000)).raised).toEqual([]);
  });

  it('lets go of figures that are too old', async () => {
    const rig = detectionRig();
    const slot = rig.add();
    expect((await report(rig, slot, { error_rate: 0.5 }, 70_000)).raised).toHaveLength(1);
    expect((await rig.run(299_000)).cleared).toEqual([]);
    expect((await rig.run(2_000)).cleared).toHaveLength(1);
  });

  it('holds what the guard measured apart from what the agent says: another kind of evidence', async () => {
    const rig = detectionRig();
    const slot = rig.add();
    const { raised } = await rig.run(70_000, () => {
      rig.signal(slot, {
        kind: 'probe',
        probe: 'performance',
        outcome: 'up',
        latencyMs: 1_500,
        metrics: { p99_latency_ms: 2_000 },
      });
    });
    expect(raised.map(({ id, evidence }) => [id, evidence])).toEqual([
      ['slo:slow:telemetry', 'telemetry'],
      ['slo:slow:probe', 'probe'],
    ]);
  });

  it('notes whether the work of a slow agent advances', async () => {
    const rig = detectionRig();
    const slot = rig.add();
    let done = 0;
    const busy = await rig.run(70_000, () => {
      done += 1;
      const metrics = { p95_latency_ms: 900 };
      rig.signal(slot, { kind: 'heartbeat', metrics, progress: { lastProgressAt: 1_000 + done } });
    });
    expect(busy.raised).toMatchObject([{ kind: 'slow', data: { progressing: true } }]);
    await rig.run(130_000, () =>
      rig.signal(slot, {
        kind: 'heartbeat',
        metrics: { p95_latency_ms: 900 },
        progress: { lastProgressAt: 1_000 + done },
      }),
    );
    expect(rig.detection.status(slot).findings).toMatchObject([{ kind: 'slow', data: { progressing: false } }]);
  });

  it('judges failed tasks by the counters, also when they begin anew, and not by a handful', async () => {
    const rig = detectionRig();
    const slot = rig.add();
    let at = 0;
    const counters = (completed: number, failed: number, forMs: number) =>
      rig.run(forMs, () => {
        at += 1;
        rig.signal(slot, { kind: 'metrics', metrics: { tasks_completed: at * completed, tasks_failed: at * failed } });
      });
    expect((await counters(0, 1, 19_000)).raised).toEqual([]);
    at = 0;
    expect((await counters(90, 10, 70_000)).raised).toMatchObject([
      { kind: 'error-rate', text: 'failed tasks 10% (target 0.5%)' },
    ]);
  });
});
