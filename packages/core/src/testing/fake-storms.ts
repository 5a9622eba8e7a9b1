import type { GuardApi, GuardEvents, ListOf } from '../contracts/index.ts';
import { guardError } from '../contracts/index.ts';
import type { Storm } from '../model/index.ts';
import { pageOf } from './fake-fleet.ts';

type StormEvent = 'storm.opened' | 'storm.changed' | 'storm.closed';

/** The storms of a fake guard: whatever a test puts in. */
export class FakeStorms {
  readonly #storms = new Map<string, Storm>();

  /** Puts a storm in, as it is; returns what is told of it. */
  put(storm: Storm): { readonly type: StormEvent; readonly data: GuardEvents[StormEvent] } {
    const known = this.#storms.has(storm.id);
    this.#storms.set(storm.id, storm);
    const type = storm.state === 'closed' ? 'storm.closed' : known ? 'storm.changed' : 'storm.opened';
    return { type, data: { storm } };
  }

  readonly api: GuardApi['storms'] = {
    list: (options = {}): ListOf<Storm> => {
      const { state } = options;
      const wanted = [...this.#storms.values()].filter((storm) => state === undefined || storm.state === state);
      return pageOf(
        wanted.sort((a, b) => (a.id < b.id ? 1 : -1)),
        (storm) => storm.id,
        options,
      );
    },
    get: (stormId): Storm => {
      const storm = this.#storms.get(stormId);
      if (!storm) throw guardError('GUARD_STORM_UNKNOWN', { stormId });
      return storm;
    },
  };
}
