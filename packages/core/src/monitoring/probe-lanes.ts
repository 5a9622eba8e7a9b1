import type { AgentSlot } from '../contracts/index.ts';

interface Lane<Job> {
  readonly waiting: Job[];
  /** How many of the first that wait are urgent. */
  urgent: number;
  running: boolean;
  /** The last that ran was one of the first, so that another has its turn. */
  yields: boolean;
}

export interface ProbeLanesOptions<Job> {
  /** Jobs that may run at once, over all slots. */
  readonly max: number;
  /** Whether a job goes before the others of its slot that wait, at every other turn. */
  readonly isFirst: (job: Job) => boolean;
  /** Must not reject. */
  readonly run: (job: Job) => Promise<void>;
}

/**
 * Runs jobs, never two of one slot at once and never more than `max` in all. Urgent ones go before the others; of one slot
 * those that are to be first and the others take turns.
 */
export class ProbeLanes<Job extends { readonly slot: AgentSlot }> {
  readonly #max: number;
  readonly #isFirst: (job: Job) => boolean;
  readonly #run: (job: Job) => Promise<void>;
  readonly #lanes = new Map<AgentSlot, Lane<Job>>();
  /** Slots with a job that could run now, in order of arrival. A set, because it takes from its front at no cost. */
  readonly #ready = new Set<AgentSlot>();
  readonly #urgent = new Set<AgentSlot>();
  readonly #active = new Set<Promise<void>>();
  #stopped = false;

  constructor({ max, isFirst, run }: ProbeLanesOptions<Job>) {
    this.#max = max;
    this.#isFirst = isFirst;
    this.#run = run;
  }

  /** Jobs of the slot that wait. */
  waiting(slot: AgentSlot): readonly Job[] {
    return this.#lanes.get(slot)?.waiting ?? [];
  }

  /** Whether a job of the slot runs or waits. */
  busy(slot: AgentSlot): boolean {
    return this.#lanes.has(slot);
  }

  push(job: Job, urgent: boolean): void {
    if (this.#stopped) return;
    const lane = this.#lanes.get(job.slot) ?? { waiting: [], urgent: 0, running: false, yields: false };
    this.#lanes.set(job.slot, lane);
    lane.waiting.splice(urgent ? lane.urgent : lane.waiting.length, 0, job);
    if (urgent) lane.urgent += 1;
    if (lane.running) return;
    this.#queue(job.slot, lane);
    this.#pump();
  }

  /** Takes the slot's waiting jobs out; one that runs goes on. */
  drop(slot: AgentSlot): readonly Job[] {
    const lane = this.#lanes.get(slot);
    if (!lane) return [];
    this.#ready.delete(slot);
    this.#urgent.delete(slot);
    if (!lane.running) this.#lanes.delete(slot);
    lane.urgent = 0;
    return lane.waiting.splice(0);
  }

  /** Takes everything out that waits and starts nothing more. Resolves with it when what runs has ended. */
  async stop(): Promise<readonly Job[]> {
    this.#stopped = true;
    const waiting = [...this.#lanes.keys()].flatMap((slot) => this.drop(slot));
    await Promise.all(this.#active);
    return waiting;
  }

  #pump(): void {
    while (this.#active.size < this.#max) {
      const from = this.#urgent.size > 0 ? this.#urgent : this.#ready;
      const [slot] = from;
      if (slot === undefined) return;
      from.delete(slot);
      const lane = this.#lanes.get(slot);
      const job = lane && this.#next(lane);
      if (!lane || !job) continue;
      lane.running = true;
      const work: Promise<void> = this.#run(job).finally(() => this.#ended(work, slot, lane));
      this.#active.add(work);
    }
  }

  #next(lane: Lane<Job>): Job | undefined {
    const { waiting, urgent, yields } = lane;
    const at = urgent > 0 ? 0 : waiting.findIndex((job) => this.#isFirst(job) !== yields);
    const [job] = waiting.splice(Math.max(0, at), 1);
    lane.urgent = Math.max(0, urgent - 1);
    lane.yields = job !== undefined && this.#isFirst(job);
    return job;
  }

  #ended(work: Promise<void>, slot: AgentSlot, lane: Lane<Job>): void {
    this.#active.delete(work);
    lane.running = false;
    if (lane.waiting.length === 0) this.#lanes.delete(slot);
    else this.#queue(slot, lane);
    this.#pump();
  }

  #queue(slot: AgentSlot, lane: Lane<Job>): void {
    if (lane.urgent === 0) this.#ready.add(slot);
    else {
      this.#ready.delete(slot);
      this.#urgent.add(slot);
    }
  }
}
