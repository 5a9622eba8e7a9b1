/**
 * How the contracts carry a detector that computes in a worker thread: what goes in and what comes out is plain data, so
 * an adapter over a message port is all there is to it. Verdicts come one tick later, and nothing waits for them.
 */
import type { MessagePort } from 'node:worker_threads';
import { expectTypeOf } from 'vitest';
import type {
  Agent,
  AgentSlot,
  Detector,
  Evaluation,
  Finding,
  HeartbeatColumns,
  Json,
  Incident,
  Intent,
  Ms,
  Notice,
  Receipt,
  SignalBatch,
  SignalKind,
  Suspicion,
} from '@praetorian-guard/core/plugin';

/** `true` for what survives a structured clone as it is: no function in it, however deep. */
type Plain<T> = T extends (...given: never[]) => unknown
  ? false
  : T extends Json
    ? true
    : T extends Uint32Array | Float64Array | Uint8Array | string | number | boolean | null | undefined
      ? true
      : T extends readonly (infer Item)[]
        ? Plain<Item>
        : T extends object
          ? false extends { [K in keyof T]-?: Plain<T[K]> }[keyof T]
            ? false
            : true
          : true;

type ToWorker =
  | { readonly type: 'observe'; readonly batch: SignalBatch }
  | { readonly type: 'evaluate'; readonly due: readonly AgentSlot[]; readonly nowMs: Ms }
  | { readonly type: 'reset'; readonly slot: AgentSlot };

type FromWorker = { readonly type: 'evaluated'; readonly evaluations: readonly Evaluation[] };

/** The side of the engine: synchronous and bounded, as the contract wants it; the work is done elsewhere. */
export class WorkerDetector implements Detector {
  readonly consumes = ['heartbeat', 'metrics'] as const satisfies readonly SignalKind[];
  readonly #port: MessagePort;
  #answers: Evaluation[] = [];

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: FromWorker) => this.#answers.push(...message.evaluations));
    port.unref();
  }

  observe(batch: SignalBatch): void {
    // The columns are valid during the call only; the clone that is sent is the copy that is kept.
    this.#send({ type: 'observe', batch });
  }

  evaluate(due: readonly AgentSlot[], nowMs: Ms): readonly Evaluation[] {
    this.#send({ type: 'evaluate', due, nowMs });
    const answers = this.#answers;
    this.#answers = [];
    return answers;
  }

  reset(slot: AgentSlot): void {
    this.#answers = this.#answers.filter((answer) => answer.slot !== slot);
    this.#send({ type: 'reset', slot });
  }

  async stop(): Promise<void> {
    this.#port.close();
  }

  #send(message: ToWorker): void {
    this.#port.postMessage(message, []);
  }
}

/** The side of the worker: any detector, unchanged. */
export function serve(detector: Detector, port: MessagePort): void {
  port.on('message', (message: ToWorker) => {
    if (message.type === 'observe') detector.observe(message.batch);
    if (message.type === 'reset') detector.reset(message.slot);
    if (message.type === 'evaluate') {
      port.postMessage({
        type: 'evaluated',
        evaluations: detector.evaluate(message.due, message.nowMs),
      } satisfies FromWorker);
    }
  });
}

// Everything that crosses is plain data, and so is what is stored, recorded and sent.
expectTypeOf<Plain<ToWorker>>().toEqualTypeOf<true>();
expectTypeOf<Plain<Suspicion['kind'] | HeartbeatColumns['slots']>>().toEqualTypeOf<true>();
expectTypeOf<Plain<Omit<Suspicion, 'data'>>>().toEqualTypeOf<true>();
expectTypeOf<Plain<Agent>>().toEqualTypeOf<true>();
expectTypeOf<Plain<Omit<Finding, 'data'>>>().toEqualTypeOf<true>();
expectTypeOf<Plain<Omit<Notice, 'failureDetails'>>>().toEqualTypeOf<true>();
expectTypeOf<Plain<Pick<Incident, 'id' | 'state' | 'attempts' | 'policy'>['state']>>().toEqualTypeOf<true>();
expectTypeOf<Plain<Intent['affects'] | Receipt['result']>>().toEqualTypeOf<true>();
// And a detector itself is not: it stays on its side.
expectTypeOf<Plain<Detector>>().toEqualTypeOf<false>();
const suspicion = {
  kind: 'slow',
  evidence: 'telemetry',
  implies: 'degraded',
  strength: 1,
  text: '',
  signature: 's',
} as const;
suspicion satisfies Suspicion;
// @ts-expect-error -- a suspicion carries data, not code
({ ...suspicion, data: { check: () => true } }) satisfies Suspicion;
