import type { StateStore } from '../contracts/index.ts';
import { isGuardError, messageOf } from '../contracts/index.ts';
import type { Ms } from '../model/index.ts';
import type { Recorder } from './recorder.ts';
import { tapped } from './tapped.ts';
import { settled } from './turns.ts';

/** A replay's store answers at once; what took longer than this may have changed what came first. */
const slowMs: Ms = 100;

/**
 * A store of which only failures are written down: its contents follow from the decisions. What it answers at once is
 * passed on after the same number of turns whatever the store, so that a replay with a store in memory keeps the order.
 */
export function tapStore(recorder: Recorder, inner: StateStore): StateStore {
  const through = async <T>(op: string, run: () => Promise<T>): Promise<T> => {
    const s = recorder.clock.monotonic();
    const answer = await settled(run);
    const tookMs = recorder.clock.monotonic() - s;
    if (answer.ok && tookMs < slowMs) return answer.value;
    recorder.write({ k: 'store', op, s, why: answer.ok ? `it took ${Math.round(tookMs)} ms` : nameOf(answer.error) });
    if (answer.ok) return answer.value;
    throw answer.error;
  };
  return tapped(inner, {
    now: () => through('now', () => inner.now()),
    get: (key) => through('get', () => inner.get(key)),
    getBytes: (key) => through('getBytes', () => inner.getBytes(key)),
    list: (prefix, page) => through('list', () => inner.list(prefix, page)),
    commit: (partition, ops, options) => through('commit', () => inner.commit(partition, ops, options)),
    read: (stream, after, limit) => through('read', () => inner.read(stream, after, limit)),
  });
}

function nameOf(thrown: unknown): string {
  return isGuardError(thrown) ? thrown.code : messageOf(thrown);
}
