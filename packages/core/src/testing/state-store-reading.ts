import assert from 'node:assert/strict';
import type { StateStore } from '../contracts/index.ts';
import type { Json } from '../model/index.ts';
import { append, at, put, refuses, type StoreIt, sync } from './state-store-kit.ts';

/** Listing by prefix, page by page. */
export function testListing(it: StoreIt): void {
  it('lists what begins with a prefix, in order of characters, page by page', async (store) => {
    const all = ['a', 'a/', 'a/1', 'a/10', 'a/2', 'a/B', 'a/b', 'a/~', 'a0', 'b/1'];
    await store.commit(
      'p',
      [...all].reverse().map((key) => put(key, key)),
      sync,
    );
    const wanted = ['a/', 'a/1', 'a/10', 'a/2', 'a/B', 'a/b', 'a/~'];
    const found = await store.list('a/', { limit: 100 });
    assert.deepEqual(
      found.map((item) => item.key),
      wanted,
    );
    assert.deepEqual(
      found.map((item) => item.value),
      wanted,
    );
    const paged: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await store.list('a/', after === undefined ? { limit: 2 } : { limit: 2, after });
      paged.push(...page.map((item) => item.key));
      if (page.length < 2) break;
      after = page.at(-1)?.key;
    }
    assert.deepEqual(paged, wanted);
    assert.deepEqual(
      (await store.list('', { limit: 100 })).map((item) => item.key),
      all,
    );
  });
  it('starts after a key that is not there, and before the prefix', async (store) => {
    await store.commit(
      'p',
      ['a/1', 'a/3', 'b/1'].map((key) => put(key, 0)),
      sync,
    );
    const after = async (key: string): Promise<string[]> =>
      (await store.list('a/', { limit: 9, after: key })).map((item) => item.key);
    assert.deepEqual(await after('a/2'), ['a/3']);
    assert.deepEqual(await after('A'), ['a/1', 'a/3']);
    assert.deepEqual(await after('b'), []);
  });
}

/** Times to live, by the store's own clock. */
export function testExpiry(it: StoreIt): void {
  it('forgets a value when its time to live is over, by its own clock', async (store, rig) => {
    await store.commit('p', [{ ...put('k/short', 1), ttlMs: 1000 }, put('k/long', 1)], sync);
    const madeAt = await store.now();
    rig.clock.jumpWall(999);
    assert.equal((await store.now()) - madeAt, 999);
    assert.equal((await store.get('k/short'))?.value, 1);
    rig.clock.jumpWall(1);
    assert.equal(await store.get('k/short'), undefined);
    assert.deepEqual(
      (await store.list('k/', { limit: 9 })).map((item) => item.key),
      ['k/long'],
    );
    await store.commit('p', [put('k/short', 2, 'absent')], sync);
    rig.clock.jumpWall(10_000);
    assert.equal((await store.get('k/short'))?.value, 2);
  });
  it('refuses a write on the version of a value whose time is over', async (store, rig) => {
    const versions = await store.commit('p', [{ ...put('k', 1), ttlMs: 10 }], sync);
    rig.clock.jumpWall(10);
    await refuses('GUARD_STATE_CONFLICT', () => store.commit('p', [put('k', 2, at(versions, 'k'))], sync));
  });
  it('gives a value a new time to live with every put', async (store, rig) => {
    await store.commit('p', [{ ...put('k', 1), ttlMs: 10 }], sync);
    rig.clock.jumpWall(9);
    await store.commit('p', [{ ...put('k', 2), ttlMs: 10 }], sync);
    rig.clock.jumpWall(9);
    assert.equal((await store.get('k'))?.value, 2);
  });
}

/** Streams: numbers, bounds, following. */
export function testStreams(it: StoreIt): void {
  it('numbers the entries of a stream from 1 and reads them oldest first', async (store) => {
    await appendAll(store, 's', ['a', 'b']);
    await appendAll(store, 's/other', ['x']);
    await store.commit('p', [append('s', 'c'), append('s', 'd')], sync);
    assert.deepEqual(await store.read('s', 0, 3), [
      { seq: 1, value: 'a' },
      { seq: 2, value: 'b' },
      { seq: 3, value: 'c' },
    ]);
    assert.deepEqual(await store.read('s', 3, 9), [{ seq: 4, value: 'd' }]);
    assert.deepEqual(await store.read('s', 4, 9), []);
    assert.deepEqual(await store.read('none', 0, 9), []);
    assert.deepEqual(await store.list('', { limit: 9 }), []);
  });
  it('bounds a stream by dropping the oldest, without using a number twice', async (store) => {
    for (let n = 1; n <= 5; n += 1) await store.commit('p', [append('s', n, 2)], sync);
    assert.deepEqual(await store.read('s', 0, 9), [
      { seq: 4, value: 4 },
      { seq: 5, value: 5 },
    ]);
    await store.commit('p', [append('s', 6), append('s', 7, 1)], sync);
    assert.deepEqual(await store.read('s', 0, 9), [{ seq: 7, value: 7 }]);
  });
  it('follows a stream: what is there, then what comes', async (store, rig) => {
    await appendAll(store, 's', [1, 2]);
    const abort = new AbortController();
    const tail = store.tail('s', 1, { signal: abort.signal, traceId: 't' })[Symbol.asyncIterator]();
    assert.deepEqual((await tail.next()).value, { seq: 2, value: 2 });
    const waiting = tail.next();
    await rig.clock.settle();
    await store.commit('p', [append('other', 0)], sync);
    await store.commit('p', [append('s', 3), append('s', 4)], sync);
    assert.deepEqual((await waiting).value, { seq: 3, value: 3 });
    assert.deepEqual((await tail.next()).value, { seq: 4, value: 4 });
    const last = tail.next();
    await rig.clock.settle();
    abort.abort();
    assert.equal((await last).done, true);
  });
  it('ends a tail at once whose call is over', async (store) => {
    await appendAll(store, 's', [1]);
    const tail = store.tail('s', 0, { signal: AbortSignal.abort(), traceId: 't' })[Symbol.asyncIterator]();
    assert.equal((await tail.next()).done, true);
  });
}

/** Fencing by partition. */
export function testFences(it: StoreIt): void {
  it('refuses a fence below the highest seen in the partition, and in that partition alone', async (store) => {
    await store.commit('p', [put('k', 1)], { ...sync, fence: 5 });
    await refuses('GUARD_STATE_FENCED', () => store.commit('p', [put('k', 2)], { ...sync, fence: 4 }));
    assert.equal((await store.get('k'))?.value, 1);
    await store.commit('p', [put('k', 3)], { ...sync, fence: 5 });
    await store.commit('q', [put('other', 1)], { ...sync, fence: 4 });
    await store.commit('p', [put('k', 4)], { ...sync, fence: 6 });
    await refuses('GUARD_STATE_FENCED', () => store.commit('p', [put('k', 5)], { ...sync, fence: 5 }));
    assert.equal((await store.get('k'))?.value, 4);
  });
  it('raises the fence by a commit without operations', async (store) => {
    assert.deepEqual(await store.commit('p', [], { ...sync, fence: 7 }), {});
    await refuses('GUARD_STATE_FENCED', () => store.commit('p', [put('k', 1)], { ...sync, fence: 6 }));
  });
}

async function appendAll(store: StateStore, stream: string, values: readonly Json[]): Promise<void> {
  for (const value of values) await store.commit('p', [append(stream, value)], sync);
}
