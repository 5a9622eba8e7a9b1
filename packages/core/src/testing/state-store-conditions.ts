import assert from 'node:assert/strict';
import type { StateStore, StoreOp } from '../contracts/index.ts';
import { isGuardError } from '../contracts/index.ts';
import { at, put, refuses, type StoreIt, sync } from './state-store-kit.ts';

/** Compare-and-set, and all or nothing. */
export function testConditions(it: StoreIt): void {
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
