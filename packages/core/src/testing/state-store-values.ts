import assert from 'node:assert/strict';
import type { Json } from '../model/index.ts';
import { append, put, refuses, type StoreIt, sync } from './state-store-kit.ts';

/** Values in and out, JSON and bytes. */
export function testValues(it: StoreIt): void {
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
    await store.commit('p', [put('k', given), append('s', given)], sync);
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

/** What no store takes. */
export function testRefusals(it: StoreIt): void {
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
