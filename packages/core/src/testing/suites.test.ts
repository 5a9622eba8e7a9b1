import { describe, expect, it } from 'vitest';
import {
  type AnomalyModel,
  type Assessor,
  type Delivery,
  guardError,
  type Notice,
  type Notifier,
  type Strategy,
} from '../contracts/index.ts';
import { ladderStrategy } from '../decision/ladder-strategy.ts';
import { threatAssessor } from '../decision/threat-assessor.ts';
import { testAnomalyModel } from './anomaly-model-suite.ts';
import { testAssessor } from './assessor-suite.ts';
import { FakeAnomalyModel } from './fake-anomaly-model.ts';
import { fakeSignalSource } from './fake-signal-source.ts';
import { FakeNotifier } from './fake-notifier.ts';
import { type NotifierHarness, testNotifier } from './notifier-suite.ts';
import type { Runner } from './runner.ts';
import { testSignalSource } from './signal-source-suite.ts';
import { testStrategy } from './strategy-suite.ts';

/** Runs a suite and gives back the names of the promises that were broken. */
async function broken(suite: (runner: Runner) => void): Promise<string> {
  const tests: { readonly name: string; readonly body: () => Promise<void> }[] = [];
  suite({ describe: (_name, body) => body(), it: (name, body) => void tests.push({ name, body }) });
  expect(tests.length).toBeGreaterThan(2);
  const names: string[] = [];
  for (const { name, body } of tests) await body().catch(() => names.push(name));
  return names.join('\n');
}

describe('the suite of assessors finds', () => {
  const assess = threatAssessor.assess.bind(threatAssessor);
  let calls = 0;
  it.each<[string, Assessor['assess'], string]>([
    ['one that remembers', (facts) => ({ ...assess(facts), signature: String((calls += 1)) }), 'is pure'],
    ['one that changes its facts', (facts) => assess(Object.assign(facts, { health: 'healthy' })), 'is pure'],
    ['a severity outside 1 to 10', (facts) => ({ ...assess(facts), severity: 11 }), 'whole number'],
    ['half a severity', (facts) => ({ ...assess(facts), severity: 4.5 }), 'whole number'],
    ['a severity nothing explains', (facts) => ({ ...assess(facts), severity: 7 }), 'sum explains'],
    [
      'one that turns mild when it gets worse',
      (facts) => ({ ...assess(facts), severity: Math.max(1, 9 - facts.history.failures) }),
      'failures in 24 h',
    ],
    ['a flag without severity', (facts) => ({ ...assess(facts), severity: 3, securityIncident: true }), 'at least 9'],
  ])('%s', async (_, wrong, promise) => {
    expect(await broken((runner) => testAssessor(runner, { make: () => ({ assess: wrong }) }))).toContain(promise);
  });
});

describe('the suite of strategies finds', () => {
  const propose = ladderStrategy.propose.bind(ladderStrategy);
  const changed =
    (change: object): Strategy['propose'] =>
    (facts, assessment, can) => {
      const decision = propose(facts, assessment, can);
      return decision.act ? { ...decision, value: { ...decision.value, ...change } } : decision;
    };
  it.each<[string, Strategy['propose'], string]>([
    ['one that restarts for ever', changed({ rung: 'restart' }), 'only climbs'],
    ['what the orchestrator cannot do', changed({ rung: 'respawn' }), 'only what the orchestrator can do'],
    ['one that asks nobody', changed({ needsApproval: undefined }), 'asks a person'],
    ['a plan without an end', changed({ timeoutMs: Number.POSITIVE_INFINITY }), 'time limit'],
    ['rungs passed over that could be tried', changed({ skipped: ['restart'] }), 'passed over'],
    [
      'one that never does anything',
      () => ({ act: false, reason: { code: 'ladder-exhausted', text: 'No.' } }),
      'proposes something',
    ],
    [
      'a reason that says nothing',
      () => ({ act: false, reason: { code: 'ladder-exhausted', text: ' ' } }),
      'gives a reason',
    ],
  ])('%s', async (_, wrong, promise) => {
    expect(await broken((runner) => testStrategy(runner, { make: () => ({ propose: wrong }) }))).toContain(promise);
  });
});

describe('the suite of anomaly models finds', () => {
  const wrong = (change: (model: FakeAnomalyModel) => Partial<AnomalyModel>): AnomalyModel => {
    const model = new FakeAnomalyModel();
    const right: AnomalyModel = {
      features: model.features,
      fit: (rows) => model.fit(rows),
      score: (rows) => model.score(rows),
      explain: (row) => model.explain(row),
      save: () => model.save(),
      load: (bytes) => model.load(bytes),
    };
    return { ...right, ...change(model) };
  };
  it.each<[string, (model: FakeAnomalyModel) => Partial<AnomalyModel>, string]>([
    [
      'a verdict without knowledge',
      () => ({ score: (rows) => new Float64Array(rows.length / 4) }),
      'before it was fitted',
    ],
    ['one blind to everything', (model) => ({ score: (rows) => model.score(rows).fill(0) }), 'far off'],
    ['one that changes its input', (model) => ({ score: (rows) => model.score(rows.fill(1)) }), 'as they are'],
    [
      'one that never forgets',
      (model) => ({ fit: (rows) => void (Number.isNaN(model.score(rows)[0]) && model.fit(rows)) }),
      'replaces',
    ],
    [
      'an explanation in the wrong order',
      (model) => ({ explain: (row) => [...model.explain(row)].reverse() }),
      'largest share first',
    ],
    ['one that loads anything', () => ({ load: () => undefined }), 'refuses damaged bytes'],
    ['one that saves nothing', () => ({ save: () => new FakeAnomalyModel().save() }), 'after save and load'],
  ])('%s', async (_, change, promise) => {
    expect(await broken((runner) => testAnomalyModel(runner, { make: () => wrong(change) }))).toContain(promise);
  });
});

describe('the suite of notifiers finds', () => {
  const secret = 'xoxb-secret';
  const harness = (
    deliver: (fake: FakeNotifier, ...given: Parameters<Notifier['deliver']>) => Promise<Delivery>,
  ): NotifierHarness => {
    const fake = new FakeNotifier();
    return {
      notifier: { supports: fake.supports, deliver: (...given) => deliver(fake, ...given) },
      received: () => fake.delivered.map((one) => one.notice.title),
      breakNext: (fault) => {
        if (fault === 'hang') fake.hangNext();
        else
          fake.failNext(
            guardError(fault === 'temporary' ? 'GUARD_NOTICE_FAILED' : 'GUARD_NOTICE_REJECTED', {
              notifier: 'x',
              why: 'y',
            }),
          );
      },
    };
  };
  const rethrown = async (work: Promise<Delivery>, code: 'GUARD_NOTICE_FAILED', why: string): Promise<Delivery> =>
    work.catch(() => {
      throw guardError(code, { notifier: 'x', why });
    });
  it.each<[string, Parameters<typeof harness>[0], string]>([
    [
      'one that delivers nothing',
      async (_fake, notice: Notice) => ({ noticeId: notice.id, at: 1 }),
      'channel accepted it',
    ],
    [
      'a delivery of something else',
      async (fake, ...given) => ({ ...(await fake.deliver(...given)), noticeId: 'other' }),
      'channel accepted it',
    ],
    [
      'a thread of its own for each notice',
      async (fake, ...given) => ({ ...(await fake.deliver(...given)), threadRef: given[0].id }),
      'joins later notices',
    ],
    [
      'one that takes every fault for temporary',
      (fake, ...given) => rethrown(fake.deliver(...given), 'GUARD_NOTICE_FAILED', 'y'),
      'permanent fault',
    ],
    [
      'a bare error',
      (fake, ...given) => fake.deliver(...given).catch(() => Promise.reject(new TypeError('x'))),
      'temporary fault',
    ],
    [
      'one that ignores an abort',
      (fake, notice, previous) => fake.deliver(notice, previous, { signal: new AbortController().signal, traceId: '' }),
      'aborted before',
    ],
    [
      'a secret in an error',
      (fake, ...given) => rethrown(fake.deliver(...given), 'GUARD_NOTICE_FAILED', `401 for ${secret}`),
      'leaks no secret',
    ],
  ])('%s', async (_, deliver, promise) => {
    // An ignored abort would wait for ever where the channel hangs: that promise is left out here.
    const runner = (suite: Runner): Runner => ({
      ...suite,
      it: (name, body) => (name.includes('ends promptly') ? undefined : suite.it(name, body)),
    });
    expect(
      await broken((suite) => testNotifier(runner(suite), { make: async () => harness(deliver), secrets: [secret] })),
    ).toContain(promise);
  });
});

describe('the suite of signal sources finds', () => {
  it('one that reports a receipt, an agent that is none, or after the end', async () => {
    const names = await broken((runner) =>
      testSignalSource(runner, {
        make: async () => {
          const fake = fakeSignalSource();
          let late: (() => void) | undefined;
          return {
            source: {
              watch: async (report, call) => {
                late = () => report({ kind: 'error', agentId: 'not an id', message: 'x', count: 1 });
                return fake.watch(report, call);
              },
            },
            cause: () => late?.(),
          };
        },
      }),
    );
    expect(names).toContain('named agents');
    expect(names).toContain('nothing after that');
  });
});
