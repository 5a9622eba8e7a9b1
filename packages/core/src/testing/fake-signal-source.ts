import type { Call, SignalDraft, SignalSource } from '../contracts/index.ts';

/** A source that reports what it is told to. */
export interface FakeSignalSource extends SignalSource {
  /** Reports to whoever watches now. */
  push(signal: SignalDraft): void;
  /** Watches under way. */
  readonly watchers: number;
}

export function fakeSignalSource(): FakeSignalSource {
  const watching = new Set<(signal: SignalDraft) => void>();
  return {
    get watchers() {
      return watching.size;
    },
    push: (signal) => {
      for (const report of watching) report(signal);
    },
    watch: async (report: (signal: SignalDraft) => void, call: Call) => {
      if (call.signal.aborted) return;
      const own = (signal: SignalDraft): void => report(signal);
      watching.add(own);
      await new Promise<void>((resolve) => call.signal.addEventListener('abort', () => resolve(), { once: true }));
      watching.delete(own);
    },
  };
}
