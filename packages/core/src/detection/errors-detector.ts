import type { AgentSlot, Detector, Evaluation, SignalBatch, Suspicion } from '../contracts/index.ts';
import { formatDuration, type ErrorSignal, type Ms } from '../model/index.ts';

const bucketCount = 6;
/** Types of errors told apart per agent; the rest are counted together. */
const typesMax = 8;

export interface ErrorsDetectorOptions {
  /** Length of the sliding window. [1 min] Longer: slower to see a burst, slower to forget one. */
  readonly windowMs?: Ms;
  /** Errors in the window from which they are a suspicion. [10] Cleared below half of it. */
  readonly errorsMin?: number;
}

interface Bucket {
  /** Which stretch of time it counts: monotonic time divided by the bucket's width, whole. */
  readonly index: number;
  readonly types: Map<string, number>;
}

interface State {
  buckets: readonly Bucket[];
  raised: boolean;
}

/** Suspects an agent that reports many errors in a short time. Memory is bounded: 6 buckets of at most 9 types each. */
export class ErrorsDetector implements Detector {
  readonly consumes = ['error'] as const;
  readonly #bucketMs: Ms;
  readonly #windowMs: Ms;
  readonly #errorsMin: number;
  /** Only agents that reported an error lately. */
  readonly #states = new Map<AgentSlot, State>();

  constructor({ windowMs = 60_000, errorsMin = 10 }: ErrorsDetectorOptions = {}) {
    this.#windowMs = windowMs;
    this.#bucketMs = windowMs / bucketCount;
    this.#errorsMin = errorsMin;
  }

  observe({ signals }: SignalBatch): void {
    for (const { slot, signal } of signals) if (signal.kind === 'error') this.#count(slot, signal);
  }

  evaluate(due: readonly AgentSlot[], nowMs: Ms): readonly Evaluation[] {
    const evaluations: Evaluation[] = [];
    for (const slot of due) {
      const state = this.#states.get(slot);
      if (!state) continue;
      const oldest = Math.floor(nowMs / this.#bucketMs) - bucketCount + 1;
      state.buckets = state.buckets.filter(({ index }) => index >= oldest);
      const types = totals(state.buckets);
      const errors = sum(types.values());
      state.raised = errors >= (state.raised ? this.#errorsMin / 2 : this.#errorsMin);
      const first = state.buckets[0];
      if (!first) this.#states.delete(slot);
      evaluations.push({
        slot,
        suspicions: state.raised ? [this.#suspicion(errors, types)] : [],
        ...(first ? { wakeAtMs: (first.index + bucketCount) * this.#bucketMs } : {}),
      });
    }
    return evaluations;
  }

  reset(slot: AgentSlot): void {
    this.#states.delete(slot);
  }

  #count(slot: AgentSlot, { type = '', count, receivedMs }: ErrorSignal): void {
    const state = this.#states.get(slot) ?? { buckets: [], raised: false };
    this.#states.set(slot, state);
    const index = Math.floor(receivedMs / this.#bucketMs);
    let bucket = state.buckets.at(-1);
    if (bucket?.index !== index) {
      bucket = { index, types: new Map() };
      state.buckets = [...state.buckets, bucket].slice(-bucketCount);
    }
    const name = namedAs(type);
    const known = bucket.types.has(name) || bucket.types.size < typesMax ? name : '';
    bucket.types.set(known, (bucket.types.get(known) ?? 0) + count);
  }

  #suspicion(errors: number, types: ReadonlyMap<string, number>): Suspicion {
    const [type = ''] = [...types].sort((a, b) => b[1] - a[1])[0] ?? [];
    return {
      kind: 'errors',
      evidence: 'errors',
      implies: 'degraded',
      strength: 0.6,
      text: `${errors} errors in ${formatDuration(this.#windowMs)}${type === '' ? '' : `, most of them ${type}`} (suspicious from ${this.#errorsMin})`,
      signature: type === '' ? 'errors' : `errors:${type}`,
      data: { errors },
    };
  }
}

/** A type as it may stand in a signature: letters only, so that ids and numbers in it do not make it another failure. */
function namedAs(type: string): string {
  return type
    .replace(/[^A-Za-z]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60);
}

function totals(buckets: readonly Bucket[]): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  for (const { types } of buckets) for (const [type, count] of types) all.set(type, (all.get(type) ?? 0) + count);
  return all;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
