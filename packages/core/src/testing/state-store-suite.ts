import assert from 'node:assert/strict';
import type { StateStore } from '../contracts/index.ts';
import { isGuardError } from '../contracts/index.ts';
import { namespaced } from '../state/namespaced.ts';
import { createRig, type Rig } from './rig.ts';
import type { Runner } from './runner.ts';
import { testConditions } from './state-store-conditions.ts';
import { append, at, put, refuses, type StoreIt, type StoreTest, sync } from './state-store-kit.ts';
import { checkAgainstModel } from './state-store-model.ts';
import { testExpiry, testFences, testListing, testStreams } from './state-store-reading.ts';
import { testRefusals, testValues } from './state-store-values.ts';

export interface StateStoreSubject {
  /** A new, empty store, not started yet. The suite stops it. */
  make(rig: Rig): Promise<StateStore>;
  /** For durable stores: another store over what the last one made with this rig left behind; that one is stopped. */
  reopen?(rig: Rig): Promise<StateStore>;
  /** What the store is expected to say of itself. */
  readonly supports: StateStore['supports'];
}

/** The promises of `StateStore`, gated by `supports`, tested on the store itself and again inside a namespace of it. */
export function testStateStore(runner: Runner, subject: StateStoreSubject): void {
  const inside = (wrap: (store: StateStore) => StateStore) => (name: string, body: StoreTest) => {
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

function testSeparation(it: StoreIt): void {
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
