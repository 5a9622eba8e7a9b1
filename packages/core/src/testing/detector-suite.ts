import assert from 'node:assert/strict';
import type { Detector, FleetView, SignalDraft, Suspicion } from '../contracts/index.ts';
import { play, story, storyFleet, type Line, type Scene } from './detector-story.ts';
import type { Runner } from './runner.ts';

export interface DetectorSubject {
  /** A detector that has heard nothing yet. */
  make(fleet: FleetView): Detector;
  /**
   * Signals that make it suspect an agent when they come every 5 s for some minutes. Needed by a detector that takes no
   * notice of silence, failed probes, exits, bad figures or errors.
   */
  provoke?(agentId: string): readonly SignalDraft[];
}

const kinds = ['heartbeat', 'probe', 'metrics', 'error', 'lifecycle'];
const evidence = ['heartbeat', 'probe', 'orchestrator', 'telemetry', 'errors', 'progress'];

/** The promises of `Detector`. */
export function testDetector(runner: Runner, subject: DetectorSubject): void {
  const make = (): Detector => subject.make(storyFleet());
  const scenesFor = (detector: Detector): readonly Scene[] =>
    story(detector, (agentId) => subject.provoke?.(agentId) ?? []);
  const played = (detector = make()): readonly Line[] => play(detector, scenesFor(detector));
  const suspicions = (): readonly Suspicion[] =>
    played().flatMap(({ evaluations }) => evaluations.flatMap((one) => one.suspicions));

  runner.describe('Detector', () => {
    runner.it('says what it consumes, once and for all', async () => {
      const detector = make();
      const before = [...detector.consumes];
      assert.ok(before.length > 0, 'it consumes nothing');
      assert.equal(new Set(before).size, before.length, 'it names a kind twice');
      for (const kind of before) assert.ok(kinds.includes(kind), `${kind} is not a kind of signal`);
      played(detector);
      assert.deepEqual([...detector.consumes], before);
    });

    runner.it('suspects somebody in bad times, and clears every suspicion in good ones', async () => {
      assert.ok(suspicions().length > 0, 'nobody was suspected; give the suite signals by `provoke`');
      const standing = new Map<number, number>();
      for (const { evaluations } of played())
        for (const one of evaluations) standing.set(one.slot, one.suspicions.length);
      for (const [slot, count] of standing) assert.equal(count, 0, `slot ${slot} is still suspected at the end`);
    });

    runner.it('suspects nobody before the bad times, and never who is well', async () => {
      for (const { nowMs, evaluations } of played()) {
        for (const { slot, suspicions: held } of evaluations) {
          assert.ok(
            held.length === 0 || (nowMs >= 100_000 && slot !== 0),
            `slot ${slot} at ${nowMs}ms: ${held[0]?.text}`,
          );
        }
      }
    });

    runner.it('judges only who is due, each once, and wakes later, not earlier', async () => {
      for (const { nowMs, due, evaluations } of played()) {
        const slots = evaluations.map(({ slot }) => slot);
        assert.equal(new Set(slots).size, slots.length, 'an agent was judged twice');
        for (const slot of slots) assert.ok(due.includes(slot), `slot ${slot} was judged, but was not due`);
        for (const { wakeAtMs } of evaluations) {
          assert.ok(
            wakeAtMs === undefined || (Number.isFinite(wakeAtMs) && wakeAtMs > nowMs),
            `it wants to wake at ${wakeAtMs}, and it is ${nowMs}`,
          );
        }
      }
    });

    testValues(runner, suspicions, played);
    testMemory(runner, make, scenesFor);
  });
}

function testValues(runner: Runner, suspicions: () => readonly Suspicion[], played: () => readonly Line[]): void {
  runner.it('tells every suspicion in full: a sentence, a strength, a signature without figures', async () => {
    for (const suspicion of suspicions()) {
      const { kind, implies, strength, text, signature } = suspicion;
      assert.notEqual(text.trim(), '', `${kind} has no text`);
      assert.ok(strength >= 0 && strength <= 1, `${kind} has the strength ${strength}`);
      assert.ok(implies === 'degraded' || implies === 'failed', `${kind} implies ${implies}`);
      assert.ok(evidence.includes(suspicion.evidence), `${suspicion.evidence} is not a kind of evidence`);
      assert.match(signature, /^[^\d\s]+$/, `the signature ${signature} must not change with figures`);
    }
  });

  runner.it('does not suspect the same thing on the same evidence twice', async () => {
    for (const { evaluations } of played()) {
      for (const { suspicions: held } of evaluations) {
        const names = held.map(({ kind, evidence: on }) => `${kind} ${on}`);
        assert.equal(new Set(names).size, names.length, names.join(', '));
      }
    }
  });

  runner.it('gives values that can be sent to another thread', async () => {
    for (const { evaluations } of played()) assert.deepEqual(structuredClone(evaluations), evaluations);
  });

  runner.it('says the same of the same signals', async () => {
    assert.deepEqual(played(), played());
  });
}

function testMemory(runner: Runner, make: () => Detector, scenesFor: (detector: Detector) => readonly Scene[]): void {
  runner.it('keeps nothing of a batch but copies', async () => {
    const detector = make();
    const expected = play(make(), scenesFor(detector));
    const spoiling: Detector = {
      consumes: detector.consumes,
      observe: (batch) => {
        detector.observe(batch);
        batch.heartbeats.slots.fill(0);
        batch.heartbeats.atMs.fill(-1);
      },
      evaluate: (due, nowMs) => detector.evaluate(due, nowMs),
      reset: (slot) => detector.reset(slot),
    };
    const spoilt = play(spoiling, scenesFor(detector));
    const said = (lines: readonly Line[]): unknown => lines.map(({ evaluations }) => evaluations);
    assert.deepEqual(said(spoilt), said(expected));
  });

  runner.it('forgets the old instance of an agent when it is reset', async () => {
    const used = make();
    const scenes = scenesFor(used);
    play(used, scenes.slice(0, scenes.length / 2));
    const { slots } = storyFleet();
    for (let slot = 0; slot < slots; slot += 1) used.reset(slot);
    const rest = scenes.slice(scenes.length / 2);
    assert.deepEqual(play(used, rest), play(make(), rest));
  });

  runner.it('takes a reset of an agent it never heard of', async () => {
    make().reset(5_000);
  });

  runner.it('takes up after a restart of the guard what it saved', async () => {
    const before = make();
    if (!before.save || !before.load) return;
    const scenes = scenesFor(before);
    const wakes = new Map<number, number>();
    const half = scenes.length / 2;
    play(before, scenes.slice(0, half), wakes);
    const after = make();
    const { slots } = storyFleet();
    const savedMs = scenes[half - 1]?.batch.nowMs ?? 0;
    for (let slot = 0; slot < slots; slot += 1) {
      const bytes = before.save(slot, savedMs);
      if (bytes) after.load?.(slot, bytes, savedMs);
    }
    const rest = scenes.slice(half);
    assert.deepEqual(play(after, rest, new Map(wakes)), play(before, rest, new Map(wakes)));
  });
}
