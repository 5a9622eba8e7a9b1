import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Detector } from '../contracts/index.ts';
import { samplePolicy } from '../testing/sample-fleet.ts';
import { detectionRig } from './fixtures/detection-rig.ts';

const detector = (given: Partial<Detector> = {}): Detector => ({
  consumes: ['error'],
  observe: () => undefined,
  evaluate: () => [],
  reset: () => undefined,
  ...given,
});

const withDetectors = (...detectors: string[]) => samplePolicy({ detectors });

describe('the sequence of the brief', () => {
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

describe('Detection, the host', () => {
  it('does not evaluate one of 100 000 agents that nobody heard of and nobody waits for', async () => {
    const { add, beat, tick, clock, evaluated } = detectionRig(
      samplePolicy({ heartbeat: { expect: 'auto', everyMs: 30_000, timeoutMs: 90_000, silentForMs: 600_000 } }),
    );
    const slots = Array.from({ length: 100_000 }, (_, at) => add(`a${at}`));
    beat(...slots);
    tick();
    await clock.advance(200);
    tick();
    evaluated.slots = 0;
    for (let at = 0; at < 50; at += 1) {
      await clock.advance(200);
      tick();
    }
    expect(evaluated.slots).toBe(0);
  }, 60_000);

  it('lets only the detectors that the policy names watch an agent', () => {
    const { add, signal, tick, policies } = detectionRig();
    policies.set('quiet', withDetectors('heartbeat'));
    const [loud, quiet] = [add('loud'), add('quiet')];
    for (const slot of [loud, quiet]) signal(slot, { kind: 'lifecycle', event: 'oom-killed' });
    expect(tick().raised.map(({ agentId }) => agentId)).toEqual(['loud']);
  });

  it('follows a changed policy: other detectors, other deadlines', async () => {
    const { add, beat, signal, run, tick, fleet, policies, detection } = detectionRig();
    const slot = add();
    beat(slot);
    signal(slot, { kind: 'lifecycle', event: 'oom-killed' });
    tick();
    const base = samplePolicy();
    policies.set('a', { ...withDetectors('heartbeat'), heartbeat: { ...base.heartbeat, timeoutMs: 20_000 } });
    fleet.register({ id: 'a', group: 'g', instance: 'a-1', labels: { changed: 'yes' } });
    detection.policyChanged(slot);
    expect(tick()).toMatchObject({
      cleared: [{ findingId: 'lifecycle:oom-killed:orchestrator' }],
      health: [{ to: 'healthy' }],
    });
    expect((await run(20_000)).raised).toMatchObject([{ kind: 'heartbeat-timeout' }]);
  });

  it('keeps a deadline over a change of policy that does not concern it', async () => {
    const { add, beat, run, tick, detection } = detectionRig();
    const slot = add();
    beat(slot);
    tick();
    await run(10_000);
    detection.policyChanged(slot);
    expect((await run(80_000)).raised).toMatchObject([{ kind: 'heartbeat-timeout' }]);
  });

  it('isolates a detector that throws, says so once, and lets the others go on', async () => {
    let broken = true;
    const failing = detector({
      observe: () => {
        if (broken) throw new TypeError('no such template');
      },
    });
    const { add, signal, tick, run, log } = detectionRig(withDetectors('acme/errors', 'lifecycle'), [
      ['acme/errors', failing],
    ]);
    const slot = add();
    tick();
    signal(slot, { kind: 'error', message: 'x', count: 1 });
    signal(slot, { kind: 'lifecycle', event: 'oom-killed' });
    expect(tick()).toMatchObject({
      degraded: [{ what: 'detector acme/errors', why: 'no such template' }],
      raised: [{ kind: 'oom-killed' }],
    });
    signal(slot, { kind: 'error', message: 'x', count: 1 });
    expect(tick().degraded).toEqual([]);
    expect(log.entries.filter(({ level }) => level === 'error')).toHaveLength(1);
    broken = false;
    expect((await run(2_000)).recovered).toEqual(['detector acme/errors']);
  });

  it('gives a detector only what it consumes, of the agents it watches', () => {
    const seen: unknown[] = [];
    const curious = detector({
      consumes: ['heartbeat', 'error'],
      observe: ({ heartbeats, signals }) =>
        seen.push([[...heartbeats.slots.subarray(0, heartbeats.length)], signals.map(({ signal }) => signal.kind)]),
    });
    const { add, signal, beat, tick, policies } = detectionRig(withDetectors('acme/curious'), [
      ['acme/curious', curious],
    ]);
    policies.set('other', withDetectors());
    const [mine, other] = [add('mine'), add('other')];
    beat(other, mine);
    signal(mine, { kind: 'lifecycle', event: 'died' });
    signal(mine, { kind: 'error', message: 'x', count: 1 });
    signal(other, { kind: 'error', message: 'x', count: 1 });
    tick();
    signal(mine, { kind: 'lifecycle', event: 'died' });
    tick();
    expect(seen).toEqual([[[mine], ['error']]]);
  });

  it('wakes a detector when it asked to be, once', async () => {
    const woken: number[] = [];
    const sleepy = detector({
      evaluate: (due, nowMs) => {
        woken.push(nowMs);
        return due.map((slot) => ({ slot, suspicions: [], ...(woken.length < 3 ? { wakeAtMs: nowMs + 5_000 } : {}) }));
      },
    });
    const { add, run } = detectionRig(withDetectors('acme/sleepy'), [['acme/sleepy', sleepy]]);
    add();
    await run(60_000);
    expect(woken).toEqual([1_000, 6_000, 11_000]);
  });

  it('raises a finding again when it means more, not when its figures change', () => {
    const opinions = [
      { implies: 'degraded', text: '1', strength: 0.5 },
      { implies: 'degraded', text: '2', strength: 0.5 },
      { implies: 'failed', text: '3', strength: 0.5 },
    ] as const;
    let at = 0;
    const growing = detector({
      evaluate: ([slot]) => [
        {
          slot: slot as number,
          suspicions: [
            { kind: 'acme/bad', evidence: 'errors', signature: 'bad', ...(opinions[at++] as (typeof opinions)[0]) },
          ],
        },
      ],
    });
    const { add, signal, tick, detection } = detectionRig(withDetectors('acme/growing'), [['acme/growing', growing]]);
    const slot = add();
    const texts = [0, 1, 2].map(() => {
      signal(slot, { kind: 'error', message: 'x', count: 1 });
      return tick().raised.map(({ text }) => text);
    });
    expect(texts).toEqual([['1'], [], ['3']]);
    expect(detection.status(slot).findings.map(({ text, since }) => [text, since])).toEqual([
      ['3', expect.any(Number)],
    ]);
  });

  it('gives agents time to be heard after the guard stood still', async () => {
    const { add, beat, clock, tick, run } = detectionRig();
    const slot = add();
    beat(slot);
    tick();
    await clock.advance(300_000);
    expect(tick().raised).toEqual([]);
    beat(slot);
    expect((await run(80_000)).raised).toEqual([]);
    expect((await run(11_000)).raised).toMatchObject([{ kind: 'heartbeat-timeout' }]);
  });

  it('says of every finding when it is cleared, and holds none that it did not raise', async () => {
    const action = fc.oneof(
      fc
        .constantFrom(
          'beat',
          'up',
          'down',
          'confirm-down',
          'died',
          'started',
          'not-ready',
          'ready',
          'error',
          'reset',
          'slow',
          'fast',
        )
        .map((what) => ({ what, forMs: 0 })),
      fc.integer({ min: 1, max: 120 }).map((seconds) => ({ what: 'wait', forMs: seconds * 1_000 })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const rig = detectionRig();
        const slot = rig.add();
        const open = new Set<string>();
        let health: string = 'unknown';
        const follow = (result: ReturnType<typeof rig.tick>): void => {
          for (const { findingId } of result.cleared) expect(open.delete(findingId)).toBe(true);
          for (const { id } of result.raised) open.add(id);
          for (const change of result.health) {
            expect(change.from).toBe(health);
            health = change.to;
          }
        };
        for (const { what, forMs } of actions) {
          if (what === 'wait')
            for (let passed = 0; passed < forMs; passed += 5_000) {
              await rig.clock.advance(5_000);
              follow(rig.tick());
            }
          else act(rig, slot, what);
          follow(rig.tick());
          expect(new Set(rig.detection.status(slot).findings.map(({ id }) => id))).toEqual(open);
          expect(rig.detection.status(slot).health).toBe(health);
          if (open.size === 0) expect(['healthy', 'unknown']).toContain(health);
          else expect(['degraded', 'failed']).toContain(health);
        }
      }),
      { numRuns: 60 },
    );
  });
});

function act({ beat, signal, detection }: ReturnType<typeof detectionRig>, slot: number, what: string): void {
  const probe = { kind: 'probe', latencyMs: 1 } as const;
  const acts: Record<string, () => void> = {
    beat: () => beat(slot),
    up: () => signal(slot, { ...probe, probe: 'liveness', outcome: 'up' }),
    down: () => signal(slot, { ...probe, probe: 'liveness', outcome: 'down' }),
    'confirm-down': () => signal(slot, { ...probe, probe: 'health', outcome: 'down', confirming: true }),
    ready: () => signal(slot, { ...probe, probe: 'readiness', outcome: 'up' }),
    'not-ready': () => signal(slot, { ...probe, probe: 'readiness', outcome: 'down' }),
    died: () => signal(slot, { kind: 'lifecycle', event: 'died', exitCode: 1 }),
    started: () => signal(slot, { kind: 'lifecycle', event: 'started' }),
    error: () => signal(slot, { kind: 'error', message: 'x', count: 4 }),
    slow: () => signal(slot, { kind: 'metrics', metrics: { p95_latency_ms: 5_000, error_rate: 0.5 } }),
    fast: () => signal(slot, { kind: 'metrics', metrics: { p95_latency_ms: 1, error_rate: 0 } }),
    reset: () => detection.reset(slot),
  };
  acts[what]?.();
}
