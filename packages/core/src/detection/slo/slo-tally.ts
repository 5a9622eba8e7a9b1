import type { Ms } from '../../model/index.ts';

/**
 * Rings of buckets, from fine to coarse: a window is read from the finest ring that covers it. A window is short by at
 * most one bucket, so by a fifth (5 min), a sixth (30 min) and an eighth at most above.
 */
const levels = [
  { widthMs: 60_000, count: 16 },
  { widthMs: 300_000, count: 26 },
  { widthMs: 1_800_000, count: 26 },
  { widthMs: 10_800_000, count: 26 },
  { widthMs: 86_400_000, count: 32 },
] as const;

type Level = (typeof levels)[number];

const cells = levels.reduce((sum, { count }) => sum + count, 0);

export interface Counted {
  readonly total: number;
  readonly bad: number;
}

/** A bucket as it is saved: level, how long before the saving its middle was, and what is in it. */
export type SavedBucket = readonly [level: number, agoMs: Ms, total: number, bad: number];

export interface SavedTally {
  readonly sinceAgoMs?: Ms;
  readonly ofInstanceAgoMs?: Ms;
  readonly buckets: readonly SavedBucket[];
  /** What was in the current buckets when the instance began. */
  readonly marks?: readonly SavedBucket[];
}

/** What was in the current buckets when the instance began, so that what came before can be left out exactly. */
interface Mark {
  readonly index: number;
  readonly total: number;
  readonly bad: number;
}

/**
 * Counts what there was and what of it was bad, over sliding windows up to 31 days, in a fixed 1 KiB (126 buckets).
 * Times are the guard's monotonic clock, and may be negative: what was saved before the guard's start.
 */
export class Tally {
  readonly #totals = new Float32Array(cells);
  readonly #bads = new Float32Array(cells);
  readonly #heads = levels.map(() => -Infinity);
  #marks: readonly Mark[] | undefined;
  /** When counting began, and when it did for the instance. */
  #sinceMs: Ms | undefined;
  #ofInstanceMs: Ms | undefined;

  add(atMs: Ms, { total, bad }: Counted): void {
    this.#sinceMs ??= atMs;
    this.#ofInstanceMs ??= atMs;
    let base = 0;
    for (const [level, { widthMs, count }] of levels.entries()) {
      const index = Math.floor(atMs / widthMs);
      this.#into({ level, base, index }, total, bad);
      base += count;
    }
  }

  /** Counts time: the span is spread over the buckets it lies in. */
  addSpan(fromMs: Ms, toMs: Ms, isBad: boolean): void {
    let base = 0;
    for (const [level, { widthMs, count }] of levels.entries()) {
      let startMs = Math.max(fromMs, toMs - widthMs * count);
      while (startMs < toMs) {
        const index = Math.floor(startMs / widthMs);
        const endMs = Math.min(toMs, (index + 1) * widthMs);
        this.#into({ level, base, index }, endMs - startMs, isBad ? endMs - startMs : 0);
        startMs = endMs;
      }
      base += count;
    }
  }

  /** A new instance begins: `read` with `ofInstance` counts only what comes from here on. */
  mark(): void {
    this.#ofInstanceMs = undefined;
    let base = 0;
    this.#marks = levels.map(({ count }, level) => {
      const index = this.#heads[level] as number;
      const cell = index === -Infinity ? base : base + mod(index, count);
      base += count;
      return { index, total: this.#totals[cell] as number, bad: this.#bads[cell] as number };
    });
  }

  /** For how long there has been something to count. */
  coveredMs(nowMs: Ms, ofInstance = false): Ms {
    return nowMs - ((ofInstance ? this.#ofInstanceMs : this.#sinceMs) ?? nowMs);
  }

  read(windowMs: Ms, nowMs: Ms, ofInstance = false): Counted {
    const level = levels.findIndex(({ widthMs, count }) => widthMs * (count - 1) >= windowMs);
    const at = level === -1 ? levels.length - 1 : level;
    const { widthMs, count } = levels[at] as Level;
    const base = levels.slice(0, at).reduce((sum, one) => sum + one.count, 0);
    const head = this.#heads[at] as number;
    const mark = ofInstance ? this.#marks?.[at] : undefined;
    const first = Math.max(Math.floor((nowMs - windowMs) / widthMs) + 1, head - count + 1, mark?.index ?? -Infinity);
    let total = 0;
    let bad = 0;
    for (let index = first; index <= head; index += 1) {
      const cell = base + mod(index, count);
      total += this.#totals[cell] as number;
      bad += this.#bads[cell] as number;
    }
    if (mark && first === mark.index) {
      total -= mark.total;
      bad -= mark.bad;
    }
    return { total: Math.max(0, total), bad: Math.max(0, bad) };
  }

  /** The buckets that hold anything. */
  save(nowMs: Ms): SavedTally {
    const buckets: SavedBucket[] = [];
    let base = 0;
    for (const [level, { widthMs, count }] of levels.entries()) {
      const head = this.#heads[level] as number;
      const filled = head === -Infinity ? 0 : count;
      for (let at = 1; at <= filled; at += 1) {
        const index = head - filled + at;
        const cell = base + mod(index, count);
        const total = this.#totals[cell] as number;
        const agoMs = nowMs - (index + 0.5) * widthMs;
        if (total > 0) buckets.push([level, agoMs, round(total), round(this.#bads[cell] as number)]);
      }
      base += count;
    }
    const marks = this.#marks?.map(({ index, total, bad }, level): SavedBucket => {
      const { widthMs } = levels[level] as Level;
      return [level, nowMs - (index + 0.5) * widthMs, round(total), round(bad)];
    });
    // An empty ring has no place in time.
    const sinceMs = this.#sinceMs;
    const ofInstanceMs = this.#ofInstanceMs;
    return {
      buckets,
      ...(sinceMs === undefined ? {} : { sinceAgoMs: nowMs - sinceMs }),
      ...(ofInstanceMs === undefined ? {} : { ofInstanceAgoMs: nowMs - ofInstanceMs }),
      ...(marks ? { marks: marks.filter(([, agoMs]) => Number.isFinite(agoMs)) } : {}),
    };
  }

  /** Takes back what was saved at `savedMs`, before anything is added. What is not of this form is passed over. */
  load({ buckets, marks, sinceAgoMs, ofInstanceAgoMs }: SavedTally, savedMs: Ms): void {
    if (sinceAgoMs !== undefined) this.#sinceMs = savedMs - sinceAgoMs;
    if (ofInstanceAgoMs !== undefined) this.#ofInstanceMs = savedMs - ofInstanceAgoMs;
    for (const [level, agoMs, total, bad] of buckets) {
      const one = levels[level];
      if (!one || ![agoMs, total, bad].every(Number.isFinite)) continue;
      const base = levels.slice(0, level).reduce((sum, { count }) => sum + count, 0);
      this.#into({ level, base, index: Math.floor((savedMs - agoMs) / one.widthMs) }, total, bad);
    }
    if (!marks) return;
    const found = new Map(marks.map((mark) => [mark[0], mark] as const));
    this.#marks = levels.map(({ widthMs }, level) => {
      const [, agoMs, total, bad] = found.get(level) ?? [level, Infinity, 0, 0];
      return { index: Math.floor((savedMs - agoMs) / widthMs), total, bad };
    });
  }

  #into(
    { level, base, index }: { readonly level: number; readonly base: number; readonly index: number },
    total: number,
    bad: number,
  ): void {
    const { count } = levels[level] as Level;
    const head = this.#heads[level] as number;
    if (index <= head - count) return;
    if (index > head) {
      const from = Math.max(head + 1, index - count + 1);
      for (let one = from; one <= index; one += 1) {
        this.#totals[base + mod(one, count)] = 0;
        this.#bads[base + mod(one, count)] = 0;
      }
      this.#heads[level] = index;
    }
    const cell = base + mod(index, count);
    this.#totals[cell] = (this.#totals[cell] as number) + total;
    this.#bads[cell] = (this.#bads[cell] as number) + bad;
  }
}

function mod(index: number, count: number): number {
  return ((index % count) + count) % count;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
