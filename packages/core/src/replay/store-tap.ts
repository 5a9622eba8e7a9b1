import type { StateStore } from '../contracts/index.ts';
import { isGuardError, messageOf } from '../contracts/index.ts';
import type { Recorder } from './recorder.ts';
import { tapped } from './tapped.ts';
import { settled } from './turns.ts';

/**
 * A store of which only failures are written down: its contents follow from the decisions. What it answers at once is
 * passed on after the same number of turns whatever the store, so that a replay with a store in memory keeps the order.
 */
export function tapStore(recorder: Recorder, inner: StateStore): StateStore {
  const through = async <T>(op: string, run: () => Promise<T>): Promise<T> => {
    const answer = await settled(run);
    if (answer.ok) return answer.value;
    const why = isGuardError(answer.error) ? answer.error.code : messageOf(answer.error);
    recorder.write({ k: 'store', op, why });
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
