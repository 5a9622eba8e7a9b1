import type { Intent } from '@praetorian-guard/core/plugin';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ended, type PlainContainer } from '../../test/plain-engine.ts';
import { WatcherBench } from '../../test/watcher-bench.ts';
import type { IntentsParts } from './intent-parts.ts';
import { prepareScale, type ScaleBefore, scaleStaleness } from './scale-intents.ts';

let bench: WatcherBench;
let parts: IntentsParts;
beforeEach(() => {
  bench = new WatcherBench();
  const { rig, book, roster, engine } = bench;
  parts = { engine: engine.engine, clock: rig.clock, book, roster, idPrefix: '', log: rig.log };
});
afterEach(() => bench.watcher.stop());

const labels = { 'praetorian.group': 'web' };
const put = (id: string, given: PlainContainer = {}): void =>
  bench.put(id, { ...given, labels: { ...labels, ...given.labels } });
const action = (replicas: number) => ({ kind: 'scale', group: 'web', replicas }) as const;

/** A group of three, of which the last is like this. */
async function start(last: PlainContainer = {}, others: PlainContainer = {}): Promise<void> {
  for (const id of ['web.1', 'web.2']) put(id, others);
  put('web.3', last);
  await bench.start();
}

async function refusal(replicas: number): Promise<string> {
  const decision = await prepareScale(parts, action(replicas), 'k');
  return decision.act ? 'admitted' : decision.reason.text;
}

async function plan(replicas: number): Promise<Intent> {
  const decision = await prepareScale(parts, action(replicas), 'k');
  if (!decision.act) throw new TypeError(decision.reason.text);
  return decision.value;
}

const staleness = ({ before }: Intent, replicas: number): Promise<string | undefined> =>
  scaleStaleness(parts, action(replicas), before as unknown as ScaleBefore);

/** The group as it is after somebody else was at work on it. */
async function now(id: string, given?: PlainContainer): Promise<void> {
  if (given) put(id, given);
  else bench.engine.containers.delete(id);
  await bench.watcher.refresh(id);
}

describe('a group is not scaled in', () => {
  it('by a container that is paused', async () => {
    await start({ state: { Status: 'paused', Paused: true } });
    expect(await refusal(2)).toBe('The container of web.3 is paused.');
  });

  it('by one that somebody stopped', async () => {
    await start();
    bench.stop('web.3');
    put('web.3', { state: ended(143) });
    await bench.pass();
    expect(await refusal(2)).toContain('somebody stopped it');
  });

  it('by one that somebody is stopping', async () => {
    await start();
    bench.engine.tell('kill', 'web.3', { signal: '15' });
    await bench.pass();
    expect(await refusal(2)).toBe('Somebody is stopping the container of web.3.');
  });

  it('by one in whose network another lives, agent or not', async () => {
    await start();
    bench.engine.put('side', { networkMode: 'container:web.3', state: ended(0) });
    expect(await refusal(2)).toBe('side lives in the network of web.3, and would be cut off.');
    bench.engine.put('side', { networkMode: 'container:web.1' });
    expect(await refusal(2)).toBe('admitted');
  });

  it('and is by one that has failed', async () => {
    await start({ state: ended(1) });
    expect(await refusal(2)).toBe('admitted');
  });
});

describe('a plan to scale in', () => {
  it('does not fit any more when another of the group is gone', async () => {
    await start();
    const intent = await plan(2);
    expect(await staleness(intent, 2)).toBeUndefined();
    await now('web.1');
    expect(await staleness(intent, 2)).toBe('The group has 2 containers now, not 3.');
  });

  it('does not fit any more when another one came', async () => {
    await start();
    const intent = await plan(1);
    await now('web.4', {});
    expect(await staleness(intent, 1)).toContain('has 4 containers now');
  });

  it('does not fit any more when a person has taken one of those in hand that are to go', async () => {
    await start();
    const intent = await plan(2);
    await now('web.3', { state: { Status: 'paused', Paused: true } });
    expect(await staleness(intent, 2)).toContain('paused');
    await now('web.3', { state: ended(0) });
    expect(await staleness(intent, 2)).toContain('not to be removed');
  });

  it('fits still when it was begun before: one is gone, and another one ended by it', async () => {
    await start();
    const intent = await plan(1);
    await now('web.3');
    await bench.book.change('web.2', (entry) => ({ ...entry, endedBy: 'k' }));
    await now('web.2', { state: ended(0) });
    expect(await staleness(intent, 1)).toBeUndefined();
    await bench.book.change('web.2', (entry) => ({ ...entry, endedBy: 'another' }));
    expect(await staleness(intent, 1)).toContain('not to be removed');
  });
});

describe('a plan to scale out', () => {
  it('fits still when it was begun before, and not when somebody else made one of the same name', async () => {
    await start();
    const intent = await plan(5);
    await now('web.4', { labels: { 'praetorian.key': 'k/web.4' } });
    expect(await staleness(intent, 5)).toBeUndefined();
    await now('web.5', {});
    expect(await staleness(intent, 5)).toBe('There is another web.5 now.');
  });

  it('is none for a container that writes to a volume with a name, unless others of the group write to it as well', async () => {
    const mounts = [{ Type: 'volume', Name: 'data', Destination: '/data', RW: true }];
    await start({ mounts });
    expect(await refusal(4)).toBe('A copy of web.3 cannot run beside it: volume at /data.');
    await now('web.1', { mounts });
    expect(await refusal(4)).toBe('admitted');
  });
});
