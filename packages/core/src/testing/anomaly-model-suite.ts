import assert from 'node:assert/strict';
import { type AnomalyModel, isGuardError, type Random } from '../contracts/index.ts';
import { createRig, type Rig } from './rig.ts';
import type { Runner } from './runner.ts';

export interface AnomalyModelSubject {
  /** A model that knows nothing yet. */
  make(rig: Rig): AnomalyModel;
  /** Rows it is fitted on. [256] */
  readonly rows?: number;
}

/** Ordinary figures of a feature, by its place: far apart in size, as latency and error rates are. */
const meanOf = (feature: number): number => 10 ** (feature % 4) + feature;

/** The promises of `AnomalyModel`. */
export function testAnomalyModel(runner: Runner, subject: AnomalyModelSubject): void {
  const count = subject.rows ?? 256;
  const it = (name: string, body: (model: AnomalyModel, rig: Rig) => void): void => {
    runner.it(name, async () => {
      const rig = createRig({ seed: name });
      body(subject.make(rig), rig);
    });
  };
  const fitted = (model: AnomalyModel, rig: Rig): Float64Array => {
    const rows = ordinary(model, rig.random, count);
    model.fit(rows);
    return rows;
  };

  runner.describe('AnomalyModel', () => {
    it('names its features', (model) => {
      assert.ok(model.features.length > 0);
      assert.equal(new Set(model.features).size, model.features.length);
    });

    it('scores NaN before it was fitted: not knowing is no verdict', (model, rig) => {
      const scores = model.score(ordinary(model, rig.random, 3));
      assert.deepEqual([...scores], [Number.NaN, Number.NaN, Number.NaN]);
      assert.ok(Array.isArray(model.explain(ordinary(model, rig.random, 1))));
    });

    it('gives one score from 0 to 1 per row, and none for no rows', (model, rig) => {
      const scores = model.score(fitted(model, rig));
      assert.equal(scores.length, count);
      for (const score of scores) assert.ok(score >= 0 && score <= 1, `score ${score}`);
      assert.equal(model.score(new Float64Array(0)).length, 0);
    });

    it('scores what is far off higher than what is ordinary, in every feature', (model, rig) => {
      const usual = median(model.score(fitted(model, rig)));
      for (const [feature, name] of model.features.entries()) {
        const [score] = model.score(withOff(model, feature));
        assert.ok((score as number) > usual, `${name} far off scores ${score}, the ordinary median is ${usual}`);
      }
    });

    it('replaces what it knew with the next fit', (model, rig) => {
      fitted(model, rig);
      const moved = ordinary(model, rig.random, count).map((value) => value * 50);
      const before = median(model.score(moved));
      model.fit(moved);
      const after = median(model.score(moved));
      assert.ok(after < before, `the new ordinary scores ${after}, before the fit ${before}`);
    });

    testMemory(it, subject, fitted);
    testExplanation(it, fitted);
    testInputs(it, fitted);
  });
}

type It = (name: string, body: (model: AnomalyModel, rig: Rig) => void) => void;
type Fit = (model: AnomalyModel, rig: Rig) => Float64Array;

function testMemory(it: It, subject: AnomalyModelSubject, fitted: Fit): void {
  it('scores the same after save and load', (model, rig) => {
    const rows = fitted(model, rig);
    const copy = subject.make(rig);
    copy.load(model.save());
    assert.deepEqual(copy.score(rows), model.score(rows));
    assert.deepEqual(copy.explain(withOff(model, 0)), model.explain(withOff(model, 0)));
  });

  it('saves that it knows nothing', (model, rig) => {
    const copy = subject.make(rig);
    copy.load(model.save());
    assert.ok(Number.isNaN(copy.score(ordinary(model, rig.random, 1))[0]));
  });

  it('refuses damaged bytes with a typed error, and goes on with what it knew', (model, rig) => {
    const rows = fitted(model, rig);
    const before = model.score(rows);
    const good = model.save();
    for (const bytes of [
      new Uint8Array(0),
      new TextEncoder().encode('garbage'),
      good.subarray(0, Math.floor(good.length / 2)),
    ]) {
      assert.throws(() => model.load(bytes), isGuardErrorThrown, `${bytes.length} damaged bytes were taken`);
    }
    assert.deepEqual(model.score(rows), before);
  });
}

function testExplanation(it: It, fitted: Fit): void {
  it('explains by its own features, the largest share first', (model, rig) => {
    fitted(model, rig);
    for (const feature of model.features.keys()) {
      const explanation = model.explain(withOff(model, feature));
      const shares = explanation.map((one) => one.share);
      assert.equal(explanation[0]?.feature, model.features[feature], 'the figure that is far off comes first');
      assert.deepEqual(
        shares,
        [...shares].sort((a, b) => b - a),
      );
      assert.ok(
        shares.every((share) => share >= 0 && share <= 1 + 1e-9) && shares.reduce((a, b) => a + b, 0) <= 1 + 1e-9,
        shares.join(),
      );
      assert.ok(explanation.every((one) => model.features.includes(one.feature)));
    }
  });
}

function testInputs(it: It, fitted: Fit): void {
  it('leaves the rows it is given as they are', (model, rig) => {
    const rows = ordinary(model, rig.random, 64);
    const copy = rows.slice();
    model.fit(rows);
    model.score(rows);
    model.explain(rows.subarray(0, model.features.length));
    assert.deepEqual(rows, copy);
  });

  it('keeps nothing of the rows but what it learned: changing them afterwards changes no score', (model, rig) => {
    const rows = fitted(model, rig);
    const asked = rows.slice();
    const before = model.score(asked);
    rows.fill(1e9);
    assert.deepEqual(model.score(asked), before);
  });

  it('copes with figures that never change', (model) => {
    const width = model.features.length;
    const rows = Float64Array.from({ length: 64 * width }, (_, at) => meanOf(at % width));
    model.fit(rows);
    assert.ok(model.score(rows).every((score) => score >= 0 && score <= 1));
  });

  it('is not led astray in one row by a missing figure in another', (model, rig) => {
    const width = model.features.length;
    const rows = fitted(model, rig).slice(0, 2 * width);
    const [, whole] = model.score(rows);
    const holed = rows.slice();
    holed[0] = Number.NaN;
    assert.equal(model.score(holed)[1], whole);
  });
}

function isGuardErrorThrown(thrown: unknown): boolean {
  return isGuardError(thrown);
}

/** Rows spread by a tenth around the mean of each feature. */
function ordinary(model: AnomalyModel, random: Random, count: number): Float64Array {
  const width = model.features.length;
  return Float64Array.from({ length: count * width }, (_, at) => {
    // The sum of three even draws is close enough to a bell.
    const bell = random.next() + random.next() + random.next() - 1.5;
    return meanOf(at % width) * (1 + 0.1 * bell);
  });
}

/** An ordinary row but for one feature. */
function withOff(model: AnomalyModel, feature: number): Float64Array {
  return Float64Array.from(model.features, (_, at) => (at === feature ? 100 : 1) * meanOf(at));
}

function median(values: Float64Array): number {
  return values.slice().sort()[values.length >> 1] as number;
}
