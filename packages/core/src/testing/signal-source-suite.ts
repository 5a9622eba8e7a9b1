import assert from 'node:assert/strict';
import type { SignalDraft, SignalSource } from '../contracts/index.ts';
import { isId } from '../model/index.ts';
import { createRig, type Rig } from './rig.ts';
import type { Runner } from './runner.ts';

/** A source with whatever it listens to. */
export interface SignalSourceHarness {
  readonly source: SignalSource;
  /** Makes the world do something the source has to report; resolves when it did. */
  cause(): Promise<void> | void;
  /** Releases what it listens to. */
  close?(): Promise<void> | void;
}

export interface SignalSourceSubject {
  make(rig: Rig): Promise<SignalSourceHarness>;
}

const kinds = new Set(['heartbeat', 'probe', 'metrics', 'error', 'lifecycle']);

/** The promises of `SignalSource`. */
export function testSignalSource(runner: Runner, subject: SignalSourceSubject): void {
  const it = (name: string, body: (harness: SignalSourceHarness) => Promise<void>): void => {
    runner.it(name, async () => {
      const harness = await subject.make(createRig({ seed: name }));
      const { source } = harness;
      await source.start?.(new AbortController().signal);
      try {
        await body(harness);
      } finally {
        await source.stop?.(new AbortController().signal);
        await source.stop?.(new AbortController().signal);
        await harness.close?.();
      }
    });
  };

  runner.describe('SignalSource', () => {
    it('reports signals of named agents, without a receipt', async (harness) => {
      const watch = watching(harness.source);
      await harness.cause();
      const signal = await watch.first;
      assert.ok(kinds.has(signal.kind), `kind ${signal.kind}`);
      assert.ok(isId(signal.agentId), `agent ${signal.agentId}`);
      assert.ok(!('receivedMs' in signal), 'the receipt is stamped by the collector');
      assert.deepEqual(structuredClone(signal), signal, 'a signal is plain data');
      await watch.end();
    });

    it('resolves when the call aborts, and reports nothing after that', async (harness) => {
      const watch = watching(harness.source);
      await harness.cause();
      await watch.first;
      await watch.end();
      const { length } = watch.reported;
      await harness.cause();
      assert.equal(watch.reported.length, length);
    });

    it('resolves at once when the call was aborted before', async (harness) => {
      const reported: SignalDraft[] = [];
      await harness.source.watch((signal) => reported.push(signal), { signal: AbortSignal.abort(), traceId: 'trace' });
      assert.deepEqual(reported, []);
    });

    it('can be watched again', async (harness) => {
      await watching(harness.source).end();
      const watch = watching(harness.source);
      await harness.cause();
      await watch.first;
      await watch.end();
    });
  });
}

interface Watching {
  readonly reported: readonly SignalDraft[];
  /** The first signal. */
  readonly first: Promise<SignalDraft>;
  /** Aborts the watch; resolves when it has ended. */
  end(): Promise<void>;
}

function watching(source: SignalSource): Watching {
  const reported: SignalDraft[] = [];
  const controller = new AbortController();
  let resolveFirst: (signal: SignalDraft) => void = () => undefined;
  const first = new Promise<SignalDraft>((resolve) => {
    resolveFirst = resolve;
  });
  const report = (signal: SignalDraft): void => {
    reported.push(signal);
    resolveFirst(signal);
  };
  const ended = source.watch(report, { signal: controller.signal, traceId: 'trace' });
  return {
    reported,
    first,
    end: async () => {
      controller.abort();
      await ended;
    },
  };
}
