import { describe, expect, it } from 'vitest';
import type { Detector } from '../contracts/index.ts';
import { samplePolicy } from '../testing/sample-fleet.ts';
import { detectionRig } from '../../test/detection-rig.ts';

const detector = (given: Partial<Detector> = {}): Detector => ({
  consumes: ['error'],
  observe: () => undefined,
  evaluate: () => [],
  reset: () => undefined,
  ...given,
});

const withDetectors = (...detectors: string[]) => samplePolicy({ detectors });

describe('Detection, the host', () => {
  it('does not evaluate one of 100 000 agents that nobody heard of and nobody waits for', async () => {
    const { add, beat, tick, clock, evaluated } = detectionRig(
      samplePolicy({ heartbeat: { ...samplePolicy().heartbeat, detector: 'fixed' } }),
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

  it('takes nonsense of a detector for its failure, and lets the others go on', () => {
    const nonsense = detector({
      consumes: ['lifecycle'],
      evaluate: (due) => due.map((slot) => ({ slot }) as never),
    });
    const { add, signal, tick } = detectionRig(samplePolicy({ detectors: ['nonsense', 'lifecycle'] }), [
      ['nonsense', nonsense],
    ]);
    signal(add(), { kind: 'lifecycle', event: 'oom-killed' });
    const seen = tick();
    expect(seen.degraded).toMatchObject([{ what: 'detector nonsense' }]);
    expect(seen.raised).toMatchObject([{ kind: 'oom-killed' }]);
    expect(seen.health).toMatchObject([{ to: 'failed' }]);
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
});
