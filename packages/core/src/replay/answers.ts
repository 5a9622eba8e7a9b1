import type { Clock } from '../contracts/index.ts';
import { errorCatalogue, guardError } from '../contracts/index.ts';
import type { ErrorCode, ErrorDetails } from '../contracts/index.ts';
import type { Json, Ms } from '../model/index.ts';
import type { Answered, CallRef } from './record-data.ts';
import type { AnswerLine } from './record-format.ts';

/** A recorded answer is taken for a question of about this time, when the config asks at other times than the record. */
const nearMs: Ms = 60_000;

const never = new Promise<never>(() => undefined);

/**
 * Gives the guard the answers of the record. The `n`th call about the same thing is the `n`th of the record: made at the
 * same moment, it is answered at the very place of the record where it was; at another, after the same time.
 */
export class Answers {
  readonly #answered: Answered;
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  readonly #waiting = new Map<AnswerLine, (line: AnswerLine) => void>();
  /** By what a question is about: its answers in order of time. */
  readonly #sorted = new Map<string, readonly AnswerLine[]>();
  /** Calls the record does not have, by what they are about. */
  readonly hypothetical = new Map<string, number>();

  /** When the record ends. [never] */
  readonly #endMs: Ms;
  /** Questions that were asked at another moment than in the record. */
  readonly #deviates = new Set<string>();

  /** `clock` runs timers that do not count as the guard's. */
  constructor(answered: Answered, clock: Clock, endMs: Ms = Infinity) {
    this.#answered = answered;
    this.#clock = clock;
    this.#endMs = endMs;
  }

  /** Whether the call was made. */
  wasMade({ about, n }: CallRef): boolean {
    return (this.#counts.get(about) ?? 0) >= n;
  }

  /** The driver came to the place of an answer. */
  arrive(line: AnswerLine): void {
    this.#waiting.get(line)?.(line);
    this.#waiting.delete(line);
  }

  /** An action: without an answer in the record it is what `otherwise` says, and so noted. */
  async act<T>(about: string, otherwise: () => T, read: (value: Json | undefined) => T): Promise<T> {
    const n = this.#next(about);
    const line = this.#answered.answers.get(about)?.get(n);
    if (line) return read(valueOf(await this.#given(line)));
    if (this.#answered.begun.get(about)?.has(n)) return never;
    this.hypothetical.set(about, (this.hypothetical.get(about) ?? 0) + 1);
    return otherwise();
  }

  /** A question that is asked again and again: without one of its own it gets the answer nearest in time. */
  async ask<T>(about: string, otherwise: () => T): Promise<T> {
    const n = this.#next(about);
    const own = this.#answered.answers.get(about)?.get(n);
    const nowMs = this.#clock.monotonic();
    if (own && askedAt(own) !== nowMs) this.#deviates.add(about);
    if (!own && this.#isPending(about, nowMs)) await this.#clock.sleep(this.#endMs - nowMs + 1);
    const line = own && askedAt(own) === nowMs ? own : (this.#nearest(about, nowMs) ?? undefined);
    return line ? (valueOf(await this.#given(line)) as T) : otherwise();
  }

  /** It went as in the record, and there the question waited for its answer when the record ended. */
  #isPending(about: string, nowMs: Ms): boolean {
    const last = this.#sortedOf(about).at(-1);
    const isNext = last === undefined || askedAt(last) < nowMs;
    return isNext && !this.#deviates.has(about) && nowMs <= this.#endMs && this.#endMs - nowMs <= nearMs;
  }

  #next(about: string): number {
    const n = (this.#counts.get(about) ?? 0) + 1;
    this.#counts.set(about, n);
    return n;
  }

  async #given(line: AnswerLine): Promise<AnswerLine> {
    if (line.f === 1) return line;
    if (askedAt(line) === this.#clock.monotonic() && !this.#waiting.has(line))
      return new Promise((resolve) => this.#waiting.set(line, resolve));
    await this.#clock.sleep(line.t - askedAt(line));
    return line;
  }

  #nearest(about: string, nowMs: Ms): AnswerLine | undefined {
    const lines = this.#sortedOf(about);
    let low = 0;
    for (let high = lines.length; low < high;) {
      const middle = (low + high) >>> 1;
      if (askedAt(lines[middle] as AnswerLine) < nowMs) low = middle + 1;
      else high = middle;
    }
    const away = (line: AnswerLine | undefined): Ms => (line ? Math.abs(askedAt(line) - nowMs) : Infinity);
    const [before, after] = [lines[low - 1], lines[low]];
    const nearest = away(before) < away(after) ? before : after;
    return away(nearest) <= nearMs ? nearest : undefined;
  }

  #sortedOf(about: string): readonly AnswerLine[] {
    const known = this.#sorted.get(about);
    if (known) return known;
    const lines = [...(this.#answered.answers.get(about)?.values() ?? [])].sort((a, b) => askedAt(a) - askedAt(b));
    this.#sorted.set(about, lines);
    return lines;
  }
}

const askedAt = ({ s, t }: AnswerLine): Ms => s ?? t;

/** What was answered; what was thrown is thrown again. */
function valueOf({ v, e }: AnswerLine): Json | undefined {
  if (!e) return v;
  if (e.code !== undefined && Object.hasOwn(errorCatalogue, e.code))
    throw guardError(e.code as ErrorCode, e.details as ErrorDetails);
  throw Object.assign(new Error(e.message), e.code === undefined ? {} : { code: e.code });
}
