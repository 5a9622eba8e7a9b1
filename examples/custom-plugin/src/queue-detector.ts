import type { AgentSlot, Detector, Evaluation, Ms, PluginContext, SignalBatch } from '@praetorian-guard/core/plugin';
import type { TutorialConfig } from './config.ts';

/** What is remembered of one agent's queue. */
interface Queue {
  depth: number;
  /** As the agent reported it: compared for advance only, never with the guard's clock. */
  lastProgressAt: number | undefined;
  /** Monotonic time since when nothing has moved although there was work; absent while work moves or there is none. */
  stuckSinceMs: Ms | undefined;
}

/** Suspects an agent that has work waiting and gets none of it done: busy is not dead, but stuck is. */
export class QueueDetector implements Detector {
  readonly consumes = ['heartbeat'] as const;
  readonly #config: TutorialConfig['queue'];
  readonly #queues = new Map<AgentSlot, Queue>();

  constructor({ config }: PluginContext<TutorialConfig>) {
    this.#config = config.queue;
  }

  /** Only takes note: judging is the business of `evaluate`. */
  observe({ signals }: SignalBatch): void {
    for (const { slot, signal } of signals) {
      if (signal.kind !== 'heartbeat' || signal.progress?.queueDepth === undefined) continue;
      this.#note(slot, signal.progress.queueDepth, signal.progress.lastProgressAt, signal.receivedMs);
    }
  }

  evaluate(due: readonly AgentSlot[], nowMs: Ms): readonly Evaluation[] {
    return due.map((slot) => this.#judge(slot, nowMs));
  }

  /** Another instance begins with an empty queue: what is known belongs to the old one. */
  reset(slot: AgentSlot): void {
    this.#queues.delete(slot);
  }

  #note(slot: AgentSlot, depth: number, lastProgressAt: number | undefined, atMs: Ms): void {
    const known = this.#queues.get(slot);
    const moved = known !== undefined && known.lastProgressAt !== lastProgressAt;
    const waits = depth >= this.#config.depth;
    const stuckSinceMs = !waits || moved ? undefined : (known?.stuckSinceMs ?? atMs);
    this.#queues.set(slot, { depth, lastProgressAt, stuckSinceMs });
  }

  #judge(slot: AgentSlot, nowMs: Ms): Evaluation {
    const queue = this.#queues.get(slot);
    if (queue?.stuckSinceMs === undefined) return { slot, suspicions: [] };
    const stuckAtMs = queue.stuckSinceMs + this.#config.for;
    // Nothing has to arrive for this to come true, so the engine is asked to look again at that time.
    if (nowMs < stuckAtMs) return { slot, suspicions: [], wakeAtMs: stuckAtMs };
    const seconds = Math.round((nowMs - queue.stuckSinceMs) / 1_000);
    const suspicion = {
      kind: 'tutorial/queue-stuck',
      evidence: 'progress',
      implies: 'failed',
      strength: 0.8,
      text: `${queue.depth} tasks wait and none was finished for ${seconds}s`,
      signature: 'queue-stuck',
      data: { queueDepth: queue.depth },
    } as const;
    return { slot, suspicions: [suspicion] };
  }
}
