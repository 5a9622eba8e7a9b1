import assert from 'node:assert/strict';
import type { StateStore, StoreOp, Versions, When } from '../contracts/index.ts';
import { isGuardError, type ErrorCode } from '../contracts/index.ts';
import type { Json } from '../model/index.ts';
import { namespaced } from '../state/namespaced.ts';
import { createRig, type Rig } from './rig.ts';
import type { Runner } from './runner.ts';
import { checkAgainstModel } from './state-store-model.ts';

export interface StateStoreSubject {
  /** A new, empty store, not started yet. The suite stops it. */
  make(rig: Rig): Promise<StateStore>;
  /** For durable stores: another store over what the last one made with this rig left behind; that one is stopped. */
  reopen?(rig: Rig): Promise<StateStore>;
  /** What the store is expected to say of itself. */
  readonly supports: StateStore['supports'];
}

type Body = (store: StateStore, rig: Rig) => Promise<void>;

const sync = { durability: 'sync' } as const;

/** The promises of `StateStore`, gated by `supports`, tested on the store itself and again inside a namespace of it. */
export function testStateStore(runner: Runner, subject: StateStoreSubject): void {
  const inside = (wrap: (store: StateStore) => StateStore) => (name: string, body: Body) => {
    runner.it(name, async () => {
      const rig = createRig({ seed: name });
      const store = await subject.make(rig);
      await store.start?.(new AbortController().signal);
      try {
        await body(wrap(store), rig);
      } finally {
        await store.stop?.(new AbortController().signal);
      }
    });
  };
  for (const [where, wrap] of [
    ['StateStore', (store: StateStore) => store],
    ['StateStore inside a namespace', (store: StateStore) => namespaced(store, 'some/place')],
  ] as const) {
    runner.describe(where, () => {
      const it = inside(wrap);
      testValues(it);
      testRefusals(it);
      testConditions(it);
      testListing(it);
      testExpiry(it);
      testStreams(it);
      testFences(it);
      it('behaves like a simple model under random commits', checkAgainstModel);
    });
  }
  runner.describe('StateStore lifecycle', () => testLifecycle(runner, subject));
  runner.describe('StateStore namespaces', () => testSeparation(inside((store) => store)));
}

function testValues(it: (name: string, body: Body) => void): void {
  it('gives back what was put, and nothing for what was not', async (store) => {
    const value = { text: 'ä\n"', list: [1, -0.5, 1e21, null, true], nested: { empty: {} } };
    await store.commit('p', [put('a/b', value)], sync);
    assert.deepEqual((await store.get('a/b'))?.value, value);
    assert.equal((await store.get('a/b'))?.key, 'a/b');
    assert.equal(await store.get('a'), undefined);
    assert.equal(await store.getBytes('a/b'), undefined);
  });
  it('keeps null, false, zero and the empty text apart from nothing', async (store) => {
    for (const value of [null, false, 0, '']) {
      await store.commit('p', [put('k', value)], sync);
      assert.deepEqual((await store.get('k'))?.value, value);
    }
  });
  it('is not changed by a caller that changes what it gave or got', async (store) => {
    const given = { list: [1] };
    await store.commit('p', [put('k', given), { op: 'append', stream: 's', value: given }], sync);
    given.list.push(2);
    const got = (await store.get('k'))?.value as { list: number[] };
    try {
      got.list.push(3);
    } catch (error) {
      // A frozen value is as good as a copy.
      assert.ok(error instanceof TypeError);
    }
    assert.deepEqual((await store.get('k'))?.value, { list: [1] });
    assert.deepEqual((await store.read('s', 0, 1))[0]?.value, { list: [1] });
  });
  it('keeps bytes apart from JSON', async (store) => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, at) => at % 256);
    const versions = await store.commit('p', [{ op: 'putBytes', key: 'k/1', value: bytes }], sync);
    assert.deepEqual(Object.keys(versions), ['k/1']);
    bytes.fill(7);
    const got = await store.getBytes('k/1');
    assert.deepEqual(
      [...(got ?? [])],
      Array.from({ length: 1000 }, (_, at) => at % 256),
    );
    got?.fill(9);
    assert.equal((await store.getBytes('k/1'))?.[1], 1);
    assert.equal(await store.get('k/1'), undefined);
    assert.deepEqual(await store.list('k/', { limit: 10 }), []);
    await store.commit('p', [{ op: 'delete', key: 'k/1', when: 'any' }], sync);
    assert.equal(await store.getBytes('k/1'), undefined);
  });
}

function testRefusals(it: (name: string, body: Body) => void): void {
  it('takes 256 KiB of bytes and no more', async (store) => {
    const most = new Uint8Array(256 * 1024).fill(1);
    await store.commit('p', [{ op: 'putBytes', key: 'k', value: most }], sync);
    assert.equal((await store.getBytes('k'))?.byteLength, most.byteLength);
    const over = new Uint8Array(most.byteLength + 1);
    await refuses('GUARD_STATE_VALUE', () => store.commit('p', [{ op: 'putBytes', key: 'k', value: over }], sync));
  });
  it('refuses names that are no keys, naming why', async (store) => {
    for (const bad of ['', 'a b', 'a\n', 'ä', 'x'.repeat(513)]) {
      await refuses('GUARD_STATE_KEY', () => store.get(bad));
      await refuses('GUARD_STATE_KEY', () => store.getBytes(bad));
      await refuses('GUARD_STATE_KEY', () => store.read(bad, 0, 1));
      await refuses('GUARD_STATE_KEY', () => store.commit(bad, [put('k', 1)], sync));
      await refuses('GUARD_STATE_KEY', () => store.commit('p', [put('good', 1), put(bad, 1)], sync));
      await refuses('GUARD_STATE_KEY', () => store.commit('p', [{ op: 'append', stream: bad, value: 1 }], sync));
    }
    assert.equal(await store.get('good'), undefined);
  });
  it('refuses what is not JSON', async (store) => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    for (const bad of [undefined, () => 1, 1n, cycle]) {
      await refuses('GUARD_STATE_VALUE', () => store.commit('p', [put('k', bad as unknown as Json)], sync));
    }
    assert.equal(await store.get('k'), undefined);
  });
}

function testConditions(it: (name: string, body: Body) => void): void {
  it('gives a new version at every put', async (store) => {
    const first = await store.commit('p', [put('k', 1)], sync);
    const second = await store.commit('p', [put('k', 1)], sync);
    assert.notEqual(first['k'], second['k']);
    assert.equal((await store.get('k'))?.version, second['k']);
  });
  it('applies a put with a version only to that version', async (store) => {
    const first = await store.commit('p', [put('k', 1)], sync);
    const second = await store.commit('p', [put('k', 2, at(first, 'k'))], sync);
    await refuses('GUARD_STATE_CONFLICT', () => store.commit('p', [put('k', 3, at(first, 'k'))], sync));
    assert.equal((await store.get('k'))?.value, 2);
    await store.commit('p', [{ op: 'delete', key: 'k', when: at(second, 'k') }], sync);
    await refuses('GUARD_STATE_CONFLICT', () => store.commit('p', [put('k', 4, at(second, 'k'))], sync));
  });
  it('applies a put on absence only once', async (store) => {
    await store.commit('p', [put('k', 1, 'absent')], sync);
    await refuses('GUARD_STATE_CONFLICT', () => store.commit('p', [put('k', 2, 'absent')], sync));
    assert.equal((await store.get('k'))?.value, 1);
  });
  it('never gives the version of a deleted key to its successor', async (store) => {
    const first = await store.commit('p', [put('k', 1)], sync);
    await store.commit('p', [{ op: 'delete', key: 'k', when: 'any' }], sync);
    const second = await store.commit('p', [put('k', 1)], sync);
    assert.notEqual(first['k'], second['k']);
  });
  it('applies nothing of a commit when one condition fails', async (store) => {
    await store.commit('p', [put('taken', 1)], sync);
    const ops: StoreOp[] = [
      put('before', 1),
      { op: 'append', stream: 's', value: 1 },
      { op: 'putBytes', key: 'bytes', value: new Uint8Array(1) },
      put('taken', 2, 'absent'),
      put('after', 1),
    ];
    await refuses('GUARD_STATE_CONFLICT', () => store.commit('p', ops, sync));
    assert.deepEqual(await store.list('', { limit: 10 }).then((found) => found.map((item) => item.key)), ['taken']);
    assert.equal(await store.getBytes('bytes'), undefined);
    assert.deepEqual(await store.read('s', 0, 10), []);
    await store.commit('p', [{ op: 'append', stream: 's', value: 2 }], sync);
    assert.deepEqual(await store.read('s', 0, 10), [{ seq: 1, value: 2 }]);
  });
  it('judges the operations of one commit one after another', async (store) => {
    const ops: StoreOp[] = [put('k', 1, 'absent'), { op: 'delete', key: 'k', when: 'any' }, put('k', 2, 'absent')];
    const versions = await store.commit('p', ops, sync);
    assert.deepEqual(await store.get('k'), { key: 'k', value: 2, version: versions['k'] });
    await refuses('GUARD_STATE_CONFLICT', () => store.commit('p', [put('j', 1), put('j', 2, 'absent')], sync));
  });
  it('lets exactly one of many writers win that start from the same version', async (store) => {
    const versions = await store.commit('p', [put('k', -1)], sync);
    const tries = Array.from({ length: 20 }, (_, n) => store.commit('p', [put('k', n, at(versions, 'k'))], sync));
    const won = (await Promise.allSettled(tries)).map((result) => result.status === 'fulfilled');
    assert.equal(won.filter(Boolean).length, 1);
    assert.equal((await store.get('k'))?.value, won.indexOf(true));
  });
  it('loses no increment of many concurrent writers', async (store) => {
    await store.commit('p', [put('n', 0)], sync);
    await Promise.all(Array.from({ length: 10 }, () => increment(store)));
    assert.equal((await store.get('n'))?.value, 10);
  });
}

function testListing(it: (name: string, body: Body) => void): void {
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

function testExpiry(it: (name: string, body: Body) => void): void {
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

function testStreams(it: (name: string, body: Body) => void): void {
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

function testFences(it: (name: string, body: Body) => void): void {
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

function testLifecycle(runner: Runner, subject: StateStoreSubject): void {
  const signal = new AbortController().signal;
  runner.it('says what it supports', async () => {
    const store = await subject.make(createRig());
    assert.deepEqual({ ...store.supports }, { ...subject.supports });
  });
  runner.it('starts and stops twice as well as once, and refuses everything when stopped', async () => {
    const rig = createRig();
    const store = await subject.make(rig);
    await store.start?.(signal);
    await store.start?.(signal);
    const pending = store.tail('s', 0, { signal, traceId: 't' })[Symbol.asyncIterator]().next();
    const ended = assert.rejects(pending, (error) => isGuardError(error, 'GUARD_STATE_CLOSED'));
    await rig.clock.settle(3);
    await store.stop?.(signal);
    await store.stop?.(signal);
    await ended;
    await refuses('GUARD_STATE_CLOSED', () => store.get('k'));
    await refuses('GUARD_STATE_CLOSED', () => store.getBytes('k'));
    await refuses('GUARD_STATE_CLOSED', () => store.list('', { limit: 1 }));
    await refuses('GUARD_STATE_CLOSED', () => store.read('s', 0, 1));
    await refuses('GUARD_STATE_CLOSED', () => store.commit('p', [put('k', 1)], sync));
    assert.equal(rig.clock.pendingTimers, 0);
  });
  if (subject.supports.durable && subject.reopen) testRestart(runner, subject);
}

function testRestart(runner: Runner, subject: StateStoreSubject): void {
  const signal = new AbortController().signal;
  runner.it('remembers values, bytes, streams and fences over a restart', async () => {
    const rig = createRig();
    const store = await subject.make(rig);
    await store.start?.(signal);
    const versions = await store.commit(
      'p',
      [put('k', { n: 1 }), { op: 'putBytes', key: 'b', value: Uint8Array.of(1, 2) }],
      {
        ...sync,
        fence: 9,
      },
    );
    await store.commit('p', [{ ...put('short', 1), ttlMs: 50 }, append('s', 'a'), append('s', 'b', 1)], {
      durability: 'relaxed',
    });
    await store.stop?.(signal);
    const again = await subject.reopen?.(rig);
    assert.ok(again);
    await again.start?.(signal);
    try {
      assert.deepEqual(await again.get('k'), { key: 'k', value: { n: 1 }, version: versions['k'] });
      assert.deepEqual([...((await again.getBytes('b')) ?? [])], [1, 2]);
      await refuses('GUARD_STATE_FENCED', () => again.commit('p', [], { ...sync, fence: 8 }));
      await again.commit('p', [append('s', 'c')], sync);
      assert.deepEqual(await again.read('s', 0, 9), [
        { seq: 2, value: 'b' },
        { seq: 3, value: 'c' },
      ]);
      const next = await again.commit('p', [put('k', 2, at(versions, 'k'))], sync);
      assert.notEqual(next['k'], versions['k']);
      assert.equal((await again.get('short'))?.value, 1);
      rig.clock.jumpWall(50);
      assert.equal(await again.get('short'), undefined);
    } finally {
      await again.stop?.(signal);
    }
  });
}

function testSeparation(it: (name: string, body: Body) => void): void {
  it('keeps two namespaces and the whole apart', async (store) => {
    const a = namespaced(store, 'a');
    const b = namespaced(store, 'b');
    await a.commit('p', [put('k', 'in a'), append('s', 1)], { ...sync, fence: 5 });
    await b.commit('p', [put('k', 'in b')], { ...sync, fence: 1 });
    assert.equal((await a.get('k'))?.value, 'in a');
    assert.equal((await b.get('k'))?.value, 'in b');
    assert.equal((await store.get('a/k'))?.value, 'in a');
    assert.deepEqual(await b.read('s', 0, 1), []);
    assert.deepEqual(
      (await a.list('', { limit: 9 })).map((item) => item.key),
      ['k'],
    );
  });
}

async function increment(store: StateStore): Promise<void> {
  for (;;) {
    const found = await store.get('n');
    assert.ok(found);
    try {
      await store.commit('p', [put('n', Number(found.value) + 1, { version: found.version })], sync);
      return;
    } catch (error) {
      if (!isGuardError(error, 'GUARD_STATE_CONFLICT')) throw error;
    }
  }
}

async function appendAll(store: StateStore, stream: string, values: readonly Json[]): Promise<void> {
  for (const value of values) await store.commit('p', [append(stream, value)], sync);
}

async function refuses(code: ErrorCode, act: () => Promise<unknown>): Promise<void> {
  await assert.rejects(act, (error) => {
    assert.ok(isGuardError(error, code), `expected ${code}, got ${String(error)}`);
    return true;
  });
}

function put(key: string, value: Json, when: When = 'any'): StoreOp & { op: 'put' } {
  return { op: 'put', key, value, when };
}

function append(stream: string, value: Json, keep?: number): StoreOp {
  return keep === undefined ? { op: 'append', stream, value } : { op: 'append', stream, value, keep };
}

function at(versions: Versions, key: string): When {
  return { version: versions[key] as string };
}
