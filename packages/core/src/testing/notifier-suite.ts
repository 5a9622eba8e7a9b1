import assert from 'node:assert/strict';
import {
  type Call,
  type Delivery,
  type GuardError,
  isGuardError,
  type Notice,
  type Notifier,
} from '../contracts/index.ts';
import type { NoticeKind, Priority } from '../model/index.ts';
import { createRig, type Rig } from './rig.ts';
import type { Runner } from './runner.ts';

/** How the channel behind a notifier is to fail: for a while, for good, or by never answering. */
export type ChannelFault = 'temporary' | 'permanent' | 'hang';

/** A notifier with the channel it delivers to. */
export interface NotifierHarness {
  readonly notifier: Notifier;
  /** What arrived in the channel, oldest first, each as text in which titles can be found. */
  received(): Promise<readonly string[]> | readonly string[];
  /** The next delivery fails like this. Absent for a notifier whose channel cannot fail. */
  breakNext?(fault: ChannelFault): void;
  /** Releases the channel. */
  close?(): Promise<void> | void;
}

export interface NotifierSubject {
  make(rig: Rig): Promise<NotifierHarness>;
  /** Secrets of its config: they must show up nowhere. */
  readonly secrets?: readonly string[];
}

const kinds: readonly NoticeKind[] = [
  'opened',
  'progress',
  'degraded',
  'approval',
  'escalated',
  'recovery-failed',
  'recovered',
  'resolved',
  'storm',
  'storm-over',
];
const priorities: readonly Priority[] = ['info', 'warning', 'error', 'critical'];

/** A notice for tests, changed by `given`. */
export function sampleNotice(given: Partial<Notice> = {}): Notice {
  const kind = given.kind ?? 'opened';
  return {
    id: `inc_sample.000001.${kind}`,
    kind,
    priority: 'error',
    incidentId: 'inc_sample',
    threadId: 'inc_sample',
    agentId: 'web-1',
    group: 'web',
    at: Date.UTC(2026, 0, 1),
    title: `web-1: a sample of ${kind}`,
    text: 'web-1 (group web) is suspected to have failed.',
    recommendedAction: 'restart',
    failureDetails: { severity: 7, findings: ['no heartbeat for 92s (timeout 90s)'] },
    ...given,
  };
}

/** The promises of `Notifier`. */
export function testNotifier(runner: Runner, subject: NotifierSubject): void {
  const it = (name: string, body: (harness: NotifierHarness, rig: Rig) => Promise<void>): void => {
    runner.it(name, async () => {
      const rig = createRig({ seed: name });
      const harness = await subject.make(rig);
      const { notifier } = harness;
      await notifier.start?.(new AbortController().signal);
      try {
        await body(harness, rig);
      } finally {
        await notifier.stop?.(new AbortController().signal);
        await notifier.stop?.(new AbortController().signal);
        await harness.close?.();
      }
    });
  };

  runner.describe('Notifier', () => {
    it('resolves with a delivery of the notice when the channel accepted it', async (harness) => {
      const notice = sampleNotice();
      const delivery = await deliver(harness, notice);
      assertDelivery(delivery, notice);
      assert.ok(
        (await harness.received()).some((text) => text.includes(notice.title)),
        'the title did not arrive',
      );
    });

    testContent(it);

    it('joins later notices to the thread of the first, if it can', async (harness) => {
      const first = await deliver(harness, sampleNotice());
      const next = sampleNotice({ kind: 'resolved', id: 'inc_sample.000002.resolved' });
      const second = await deliver(harness, next, first);
      assertDelivery(second, next);
      if (!harness.notifier.supports.threads) return;
      assert.equal(typeof first.threadRef, 'string', 'the first delivery names the thread');
      assert.equal(second.threadRef, first.threadRef);
    });

    it('delivers nothing when the call was aborted before', async (harness) => {
      const aborted = AbortSignal.abort();
      await assert.rejects(harness.notifier.deliver(sampleNotice(), undefined, { signal: aborted, traceId: 'trace' }));
      assert.deepEqual(await harness.received(), []);
    });

    testFaults(it);

    it('leaks no secret', async (harness, rig) => {
      const said: unknown[] = [await deliver(harness, sampleNotice())];
      if (harness.breakNext) {
        harness.breakNext('permanent');
        said.push(shown(await failure(harness)));
      }
      const everything = JSON.stringify([said, rig.log.entries, [...(await harness.received())]]);
      for (const secret of subject.secrets ?? [])
        assert.ok(!everything.includes(secret), 'a secret of the config shows up');
    });
  });
}

type It = (name: string, body: (harness: NotifierHarness) => Promise<void>) => void;

function testContent(it: It): void {
  it('delivers every kind and every priority', async (harness) => {
    for (const [at, kind] of kinds.entries()) {
      const notice = sampleNotice({
        kind,
        priority: priorities[at % priorities.length] as Priority,
        incidentId: `inc_${kind}`,
        threadId: `inc_${kind}`,
      });
      assertDelivery(await deliver(harness, notice), notice);
    }
    assert.equal((await harness.received()).length, kinds.length);
  });

  it('delivers a notice that has only what every notice has', async (harness) => {
    const { recommendedAction: _action, failureDetails: _details, ...bare } = sampleNotice();
    assertDelivery(await deliver(harness, bare), bare);
  });

  it('delivers text it would be dangerous to take literally', async (harness) => {
    const title = 'web-1: <!channel> *bold* <script>"\u0000\r\nBcc: x@example.org';
    const notice = sampleNotice({
      title,
      text: `${'ä€😀'.repeat(1_000)}\r\n.\r\n`,
      failureDetails: { nested: { '</script>': [null, 1] } },
    });
    assertDelivery(await deliver(harness, notice), notice);
  });

  it('does not change the notice', async (harness) => {
    const notice = sampleNotice();
    const before = structuredClone(notice);
    await deliver(harness, Object.freeze(notice));
    assert.deepEqual(notice, before);
  });
}

function testFaults(it: It): void {
  for (const [fault, retryable] of [
    ['temporary', true],
    ['permanent', false],
  ] as const) {
    it(`says of a ${fault} fault that trying again ${retryable ? 'may help' : 'is of no use'}, and delivers the next notice`, async (harness) => {
      if (!harness.breakNext) return;
      harness.breakNext(fault);
      assert.equal((await failure(harness)).retryable, retryable);
      const next = sampleNotice({ id: 'inc_sample.000002.opened' });
      assertDelivery(await deliver(harness, next), next);
    });
  }

  it('ends promptly when the call aborts while the channel does not answer', async (harness) => {
    if (!harness.breakNext) return;
    harness.breakNext('hang');
    const controller = new AbortController();
    const pending = harness.notifier.deliver(sampleNotice(), undefined, {
      signal: controller.signal,
      traceId: 'trace',
    });
    const settled = assert.rejects(pending);
    controller.abort();
    await settled;
  });
}

function deliver({ notifier }: NotifierHarness, notice: Notice, previous?: Delivery): Promise<Delivery> {
  const call: Call = { signal: new AbortController().signal, traceId: 'trace' };
  return notifier.deliver(notice, previous, call);
}

function assertDelivery(delivery: Delivery, notice: Notice): void {
  assert.equal(delivery.noticeId, notice.id);
  assert.ok(Number.isFinite(delivery.at), `delivered at ${delivery.at}`);
  assert.deepEqual(structuredClone(delivery), delivery, 'a delivery is plain data');
}

async function failure(harness: NotifierHarness): Promise<GuardError> {
  const thrown: unknown = await deliver(harness, sampleNotice()).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(isGuardError(thrown), `a delivery that fails throws an error of the catalogue, not ${String(thrown)}`);
  return thrown;
}

/** Everything of an error that may end up in a log. */
function shown(error: GuardError): unknown {
  const cause = error.cause instanceof Error ? [error.cause.message, error.cause.stack] : String(error.cause);
  return [error.message, error.stack, error.details, cause];
}
