import { describe, expect, it } from 'vitest';
import type { InventoryEvent } from '../contracts/index.ts';
import { InventoryFeed } from './inventory-feed.ts';

const removed = (agentId: string): InventoryEvent => ({ type: 'removed', agentId });
const call = { signal: new AbortController().signal, traceId: 't' };

describe('the inventory feed', () => {
  it('gives the listing first, then what was published since it began to be made', async () => {
    const feed = new InventoryFeed();
    const iteration = feed.follow(async () => {
      feed.publish(removed('b'));
      return [removed('a')];
    }, call);
    expect((await iteration.next()).value).toEqual(removed('a'));
    expect((await iteration.next()).value).toEqual(removed('b'));
    feed.close();
    expect((await iteration.next()).done).toBe(true);
  });

  it('breaks off with the error, after what was published before and before what comes later', async () => {
    const feed = new InventoryFeed();
    const iteration = feed.follow(async () => [removed('a')], call);
    await iteration.next();
    feed.publish(removed('b'));
    feed.breakOff(new Error('out of sight'));
    feed.publish(removed('c'));
    expect((await iteration.next()).value).toEqual(removed('b'));
    await expect(iteration.next()).rejects.toThrow('out of sight');
    const again = feed.follow(async () => [removed('d')], call);
    expect((await again.next()).value).toEqual(removed('d'));
  });
});
