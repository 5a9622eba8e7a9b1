import { capacityFor, grownFloat64, grownInt32 } from './slot-columns.ts';

const levels = 4;
const levelSize = 256;
const none = -1;

/** Ticks one bucket of a level covers: 1, 256, 65 536, 16 777 216. */
const bucketTicks = Array.from({ length: levels }, (_, level) => levelSize ** level);

/** Farthest a deadline can lie ahead, in ticks; what is farther waits in the last bucket and is placed again from there. */
const horizonTicks = levelSize ** levels - 1;

/**
 * One deadline per slot, for fleets of any size: `due` costs what is due, not what is scheduled
 * (Varghese and Lauck 1987, hierarchical wheel: 4 levels of 256 buckets). All memory lies in a few typed arrays.
 * Deadlines are exact: nothing is handed out early, and nothing later than the first `due` after it.
 */
export class TimerWheel {
  readonly #tickMs: number;
  readonly #heads = new Int32Array(levels * levelSize).fill(none);
  #tick: number;
  #size = 0;
  #atMs = new Float64Array(0);
  #bucket = new Int32Array(0);
  #next = new Int32Array(0);
  #previous = new Int32Array(0);

  /** `startMs` is the monotonic time now; `tickMs` the width of the finest bucket. */
  constructor(startMs: number, tickMs = 50) {
    this.#tickMs = tickMs;
    this.#tick = Math.floor(startMs / tickMs);
  }

  /** Slots with a deadline. */
  get size(): number {
    return this.#size;
  }

  /** The slot's deadline, if it has one. */
  deadline(slot: number): number | undefined {
    return this.#has(slot) ? this.#atMs[slot] : undefined;
  }

  /** Sets the one deadline of the slot; an earlier one is replaced. */
  schedule(slot: number, atMs: number): void {
    if (slot >= this.#bucket.length) this.#grow(slot);
    if (this.#bucket[slot] === none) this.#size += 1;
    else this.#unlink(slot);
    this.#atMs[slot] = atMs;
    this.#place(slot);
  }

  /** Forgets the slot's deadline. */
  cancel(slot: number): void {
    if (!this.#has(slot)) return;
    this.#unlink(slot);
    this.#bucket[slot] = none;
    this.#size -= 1;
  }

  /** Appends every slot whose deadline is at or before `nowMs` to `into` and forgets those deadlines. */
  due(nowMs: number, into: number[]): void {
    const target = Math.floor(nowMs / this.#tickMs);
    if (this.#size === 0) {
      this.#tick = Math.max(this.#tick, target);
      return;
    }
    while (this.#tick < target) {
      this.#take(nowMs, into);
      if (this.#size === 0) this.#tick = target;
      else this.#advance();
    }
    this.#take(nowMs, into);
  }

  #has(slot: number): boolean {
    return slot < this.#bucket.length && this.#bucket[slot] !== none;
  }

  /** Hands out what is due in the present bucket. Of the bucket `nowMs` lies in, the later part stays. */
  #take(nowMs: number, into: number[]): void {
    let slot = this.#heads[this.#tick % levelSize] as number;
    while (slot !== none) {
      const following = this.#next[slot] as number;
      if ((this.#atMs[slot] as number) <= nowMs) {
        this.cancel(slot);
        into.push(slot);
      }
      slot = following;
    }
  }

  /** One tick on; where a coarser bucket begins, its slots move to finer ones. */
  #advance(): void {
    this.#tick += 1;
    for (let level = levels - 1; level > 0; level -= 1) {
      const width = bucketTicks[level] as number;
      if (this.#tick % width === 0) this.#spread(level * levelSize + (Math.floor(this.#tick / width) % levelSize));
    }
  }

  #spread(bucket: number): void {
    let slot = this.#heads[bucket] as number;
    this.#heads[bucket] = none;
    while (slot !== none) {
      const following = this.#next[slot] as number;
      this.#place(slot);
      slot = following;
    }
  }

  #place(slot: number): void {
    const wanted = Math.floor((this.#atMs[slot] as number) / this.#tickMs);
    const tick = Math.min(Math.max(wanted, this.#tick), this.#tick + horizonTicks);
    let level = 0;
    while (level < levels - 1 && tick - this.#tick >= (bucketTicks[level + 1] as number)) level += 1;
    const bucket = level * levelSize + (Math.floor(tick / (bucketTicks[level] as number)) % levelSize);
    const head = this.#heads[bucket] as number;
    this.#bucket[slot] = bucket;
    this.#previous[slot] = none;
    this.#next[slot] = head;
    if (head !== none) this.#previous[head] = slot;
    this.#heads[bucket] = slot;
  }

  #unlink(slot: number): void {
    const previous = this.#previous[slot] as number;
    const next = this.#next[slot] as number;
    if (previous === none) this.#heads[this.#bucket[slot] as number] = next;
    else this.#next[previous] = next;
    if (next !== none) this.#previous[next] = previous;
  }

  #grow(slot: number): void {
    const capacity = capacityFor(slot, this.#bucket.length);
    this.#atMs = grownFloat64(this.#atMs, capacity, 0);
    this.#bucket = grownInt32(this.#bucket, capacity, none);
    this.#next = grownInt32(this.#next, capacity, none);
    this.#previous = grownInt32(this.#previous, capacity, none);
  }
}
