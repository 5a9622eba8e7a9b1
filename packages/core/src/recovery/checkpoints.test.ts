import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { isGuardError } from '../contracts/index.ts';
import type { StoreOp } from '../contracts/index.ts';
import { checkpointChunkBytes } from '../model/index.ts';
import { keys } from '../state/keys.ts';
import { createRig, type Rig } from '../testing/rig.ts';
import { Checkpoints } from './checkpoints.ts';

const hour = 3_600_000;
const fence = 1;
const json = { contentType: 'application/octet-stream', fence };
let rig: Rig;
let checkpoints: Checkpoints;

function make(given: { keep?: number; maxBytes?: number } = {}): Checkpoints {
  return new Checkpoints({
    store: rig.state,
    keys,
    clock: rig.clock,
    random: rig.random,
    log: rig.log,
    shardOf: () => 7,
    policyOf: () => ({ keep: given.keep ?? 3, maxAgeMs: hour, everyMs: 0 }),
    ...(given.maxBytes === undefined ? {} : { maxBytes: given.maxBytes }),
  });
}

beforeEach(() => {
  rig = createRig();
  checkpoints = make();
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (loaded: { bytes: Uint8Array } | undefined): string | undefined =>
  loaded && new TextDecoder().decode(loaded.bytes);
const overwrite = (op: StoreOp): Promise<unknown> => rig.state.commit('shard/7', [op], { durability: 'sync' });

async function codeOf(work: Promise<unknown>): Promise<string> {
  const thrown: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return isGuardError(thrown) ? `${thrown.code}: ${thrown.message}` : String(thrown);
}

describe('saving', () => {
  it('gives back what was saved, byte for byte, whatever its size', async () => {
    const sizes = fc.oneof(
      fc.integer({ min: 1, max: 2_000 }),
      fc.constantFrom(
        checkpointChunkBytes - 1,
        checkpointChunkBytes,
        checkpointChunkBytes + 1,
        3 * checkpointChunkBytes + 17,
      ),
    );
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(255), async (size, seed) => {
        const given = Uint8Array.from({ length: size }, (_, at) => (at * 31 + seed) & 0xff);
        const saved = await checkpoints.save('web-1', given, json);
        expect(saved.chunks).toBe(Math.ceil(size / checkpointChunkBytes));
        const latest = await checkpoints.latest('web-1');
        expect(latest?.checkpoint).toEqual(saved);
        expect(Buffer.compare(latest?.bytes ?? Buffer.alloc(0), given)).toBe(0);
      }),
      { numRuns: 12 },
    );
  });

  it('counts versions up without a gap, also when saves of an agent overlap', async () => {
    const saved = await Promise.all([1, 2, 3].map((n) => checkpoints.save('web-1', bytes(`state ${n}`), json)));
    expect(saved.map((one) => one.version)).toEqual([1, 2, 3]);
    expect(text(await checkpoints.latest('web-1'))).toBe('state 3');
  });

  it('keeps as many as the policy says and leaves no chunk of the others behind', async () => {
    for (let n = 1; n <= 6; n += 1) await checkpoints.save('web-1', bytes(`state ${n}`), json);
    const left = await checkpoints.list('web-1');
    expect(left.map((one) => one.version)).toEqual([6, 5, 4]);
    const chunks = await Promise.all(
      left.map((one) => rig.state.getBytes(keys.checkpointChunk(7, 'web-1', one.id, 0))),
    );
    expect(chunks.every((chunk) => chunk !== undefined)).toBe(true);
  });

  it('deletes the chunks of what it ages out', async () => {
    const first = await make({ keep: 1 }).save('web-1', bytes('old'), json);
    await make({ keep: 1 }).save('web-1', bytes('new'), json);
    expect(await rig.state.getBytes(keys.checkpointChunk(7, 'web-1', first.id, 0))).toBeUndefined();
  });

  it('never pushes the last good one out by quarantined ones', async () => {
    await checkpoints.save('web-1', bytes('good'), json);
    for (let n = 0; n < 8; n += 1) await checkpoints.save('web-1', bytes(`bad ${n}`), { ...json, quarantined: true });
    expect(text(await checkpoints.latest('web-1'))).toBe('good');
    expect((await checkpoints.list('web-1')).filter((one) => one.quarantined)).toHaveLength(3);
  });

  it('keeps one even if the policy says none', async () => {
    await make({ keep: 0 }).save('web-1', bytes('only'), json);
    expect(text(await checkpoints.latest('web-1'))).toBe('only');
  });

  it('leaves nothing behind when the fence is too old', async () => {
    await checkpoints.save('web-1', bytes('one'), { ...json, fence: 5 });
    expect(await codeOf(checkpoints.save('web-1', bytes('two'), { ...json, fence: 4 }))).toContain(
      'GUARD_STATE_FENCED',
    );
    expect(await checkpoints.list('web-1')).toHaveLength(1);
    expect(text(await checkpoints.latest('web-1'))).toBe('one');
  });

  it('goes on after a save that failed', async () => {
    await checkpoints.save('web-1', bytes('one'), { ...json, fence: 5 });
    const [refused, saved] = await Promise.allSettled([
      checkpoints.save('web-1', bytes('two'), { ...json, fence: 4 }),
      checkpoints.save('web-1', bytes('three'), { ...json, fence: 5 }),
    ]);
    expect([refused.status, saved.status]).toEqual(['rejected', 'fulfilled']);
    expect((await checkpoints.latest('web-1'))?.checkpoint.version).toBe(2);
  });

  it.each([
    [
      'an id that is none',
      () => checkpoints.save('web 1', bytes('x'), json),
      'GUARD_AGENT_ID: web 1 is not an agent id.',
    ],
    ['an empty state', () => checkpoints.save('web-1', bytes(''), json), 'GUARD_CHECKPOINT_INVALID'],
    [
      'a content type that breaks a header',
      () => checkpoints.save('web-1', bytes('x'), { contentType: 'a/b\r\nx: y', fence }),
      'content type',
    ],
    [
      'an instance that is none',
      () => checkpoints.save('web-1', bytes('x'), { ...json, instance: 'a/b' }),
      'instance is malformed',
    ],
  ])('refuses %s', async (_, save, expected) => {
    expect(await codeOf(save())).toContain(expected);
  });

  it('refuses more than the limit and says how much was given', async () => {
    expect(await codeOf(make({ maxBytes: 4 }).save('web-1', bytes('12345'), json))).toBe(
      'GUARD_CHECKPOINT_TOO_LARGE: The checkpoint of agent web-1 has 5 bytes; 4 are allowed.',
    );
  });
});

describe('restoring', () => {
  it('has nothing for an agent that saved nothing', async () => {
    expect(await checkpoints.latest('web-1')).toBeUndefined();
  });

  it('passes over a damaged chunk and takes the next older one, and says why', async () => {
    await checkpoints.save('web-1', bytes('good'), json);
    const damaged = await checkpoints.save('web-1', bytes('bad!'), json);
    await overwrite({ op: 'putBytes', key: keys.checkpointChunk(7, 'web-1', damaged.id, 0), value: bytes('BAD!') });
    expect(text(await checkpoints.latest('web-1'))).toBe('good');
    expect(rig.log.entries.at(-1)).toMatchObject({
      message: 'a damaged checkpoint was passed over',
      fields: { version: 2, why: expect.stringContaining('checksum') as unknown },
    });
  });

  it('passes over a missing chunk', async () => {
    await checkpoints.save('web-1', bytes('good'), json);
    const damaged = await checkpoints.save('web-1', bytes('bad'), json);
    await overwrite({ op: 'delete', key: keys.checkpointChunk(7, 'web-1', damaged.id, 0), when: 'any' });
    expect(text(await checkpoints.latest('web-1'))).toBe('good');
  });

  it.each([
    ['no object', 'garbage'],
    ['sizes that do not agree', { chunks: 9 }],
    ['a size that is none', { bytes: -1 }],
    ['another agent', { agentId: 'web-2' }],
  ])('passes over a record with %s', async (_, damage) => {
    await checkpoints.save('web-1', bytes('good'), json);
    const second = await checkpoints.save('web-1', bytes('bad'), json);
    const value = typeof damage === 'string' ? damage : { ...second, ...damage };
    await overwrite({ op: 'put', key: keys.checkpoint(7, 'web-1', second.id), value, when: 'any' });
    expect(text(await checkpoints.latest('web-1'))).toBe('good');
  });

  it('does not restore what is older than the policy allows', async () => {
    const old = await checkpoints.save('web-1', bytes('old'), json);
    rig.clock.jumpWall(hour + 1_000);
    expect(await checkpoints.latest('web-1')).toBeUndefined();
    expect(await codeOf(checkpoints.load('web-1', old.id))).toContain('is 1h1s old; 1h are allowed');
    expect(text(await checkpoints.load('web-1', old.id, 'forensics'))).toBe('old');
  });

  it('says what is wrong with a checkpoint that is asked for by name', async () => {
    expect(await codeOf(checkpoints.load('web-1', 'ckp_none'))).toContain('there is no checkpoint ckp_none');
    expect(await codeOf(checkpoints.load('web-1', '../x'))).toContain('its id is malformed');
  });
});

describe('quarantine (R25)', () => {
  it('keeps what a failed instance saved since it went wrong, and never restores it', async () => {
    const instance = { ...json, instance: 'i-1' };
    await checkpoints.save('web-1', bytes('before'), instance);
    await rig.clock.advance(60_000);
    const from = rig.clock.now();
    const bad = await checkpoints.save('web-1', bytes('after'), instance);
    const other = await checkpoints.save('web-1', bytes('of another'), { ...json, instance: 'i-2' });
    expect(await checkpoints.quarantine('web-1', 'i-1', { from, fence })).toBe(1);
    expect((await checkpoints.latest('web-1'))?.checkpoint.id).toBe(other.id);
    expect(await codeOf(checkpoints.load('web-1', bad.id))).toContain('is quarantined');
    expect(text(await checkpoints.load('web-1', bad.id, 'forensics'))).toBe('after');
  });

  it('does nothing the second time', async () => {
    await checkpoints.save('web-1', bytes('x'), { ...json, instance: 'i-1' });
    await checkpoints.quarantine('web-1', 'i-1', { from: 0, fence });
    expect(await checkpoints.quarantine('web-1', 'i-1', { from: 0, fence })).toBe(0);
  });
});
