import { guardError } from '../contracts/errors.ts';
import type { Logger } from '../contracts/call.ts';
import type { StateStore, StoreOp } from '../contracts/state-store.ts';
import type { Delivery, Ms } from '../model/index.ts';
import { type Job, type LaneResult, recordOf } from './lane.ts';
import { outboxJson, type OutboxKeys, type OutboxRecord, readDelivery, readOutbox } from './outbox-record.ts';

export interface OutboxDeps {
  readonly store: StateStore;
  readonly keys: OutboxKeys;
  readonly log: Logger;
  readonly fenceOf: (shard: number) => number | undefined;
}

/** How long the thread of an incident is remembered after its last message. */
const threadTtlMs: Ms = 30 * 24 * 60 * 60 * 1_000;
const pageSize = 100;

/** Notices under way and threads, in the store. */
export class Outbox {
  readonly #deps: OutboxDeps;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  put(shard: number, record: OutboxRecord): StoreOp {
    return { op: 'put', key: this.#deps.keys.outbox(shard, record.notice.id), value: outboxJson(record), when: 'any' };
  }

  /** What waits in a shard, in the order in which it happened. */
  async load(shard: number): Promise<readonly OutboxRecord[]> {
    const { store, keys, log } = this.#deps;
    const records: OutboxRecord[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await store.list(keys.outboxes(shard), {
        limit: pageSize,
        ...(after === undefined ? {} : { after }),
      });
      for (const { key, value } of page) {
        const record = readOutbox(value);
        if (record) records.push(record);
        else log.error({ key }, 'a notice in the outbox is damaged and cannot be sent');
      }
      if (page.length < pageSize) break;
      after = page.at(-1)?.key;
    }
    return records.sort((a, b) => a.notice.at - b.notice.at || (a.notice.id < b.notice.id ? -1 : 1));
  }

  /** What the notifier said to the last notice of the thread. */
  async previous(job: Job, notifier: string): Promise<Delivery | undefined> {
    const found = await this.#deps.store.get(this.#deps.keys.thread(job.shard, job.notice.threadId, notifier));
    return readDelivery(found?.value);
  }

  /** Stores what became of a notice at one notifier, in one commit with the thread; a notice that ended is deleted. */
  async settle(job: Job, notifier: string, { result, ended }: { result: LaneResult; ended: boolean }): Promise<void> {
    const { keys, store, fenceOf } = this.#deps;
    const partition = keys.partition(job.shard);
    const fence = fenceOf(job.shard);
    if (fence === undefined)
      throw guardError('GUARD_STATE_FENCED', { partition, fence: 'of no lease', highest: 'another guard' });
    const ops: StoreOp[] = [];
    if (result.result === 'sent') {
      const key = keys.thread(job.shard, job.notice.threadId, notifier);
      ops.push({ op: 'put', key, value: { ...result.delivery }, when: 'any', ttlMs: threadTtlMs });
    }
    for (const notice of [job.notice, ...job.same]) {
      if (ended) ops.push({ op: 'delete', key: keys.outbox(job.shard, notice.id), when: 'any' });
    }
    if (!ended) ops.push(this.put(job.shard, recordOf(job)));
    await store.commit(partition, ops, { fence, durability: 'sync' });
  }
}
